"""The reader of pages that fits a dump."""

from __future__ import annotations

from kdive.dumpfile.containers.elf import ElfDump
from kdive.dumpfile.containers.kdump_compressed import KdumpCompressedDump
from kdive.dumpfile.dump import Dump
from kdive.engine.elf_pages import ElfPages
from kdive.engine.kdump_pages import KdumpPages
from kdive.engine.page_reader import PageReader


def open_pages(dump: Dump) -> PageReader:
    """The reader for the container of `dump`."""
    if isinstance(dump, ElfDump):
        return ElfPages(dump)
    if isinstance(dump, KdumpCompressedDump):
        return KdumpPages(dump)
    raise TypeError(f"no reader of pages for {type(dump).__name__}")
