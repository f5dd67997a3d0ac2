"""`write_dump`: a dump, or what a selection leaves of it, as a new dump."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from kdive.engine.chosen import Window
from kdive.engine.elf_writer import write_elf
from kdive.engine.erase import erasing
from kdive.engine.first_pages import first_pages
from kdive.engine.kdump_writer import write_kdump
from kdive.engine.machine import machine_of
from kdive.engine.output import FileOutput, Output
from kdive.engine.writing import Report, WriteOptions, WriteResult, no_report
from kdive.memory.memory import Memory


def write_dump(
    memory: Memory,
    windows: Iterable[Window],
    output: Output | Path,
    options: WriteOptions | None = None,
    report: Report = no_report,
) -> WriteResult:
    """Writes the pages of `windows` that `options.level` keeps. What went wrong on the way is in the result.

    A path is a new file. Raises DumpError when the input fits no machine, OutputError or OutputFullError when not even
    the headers could be written.
    """
    options = options or WriteOptions()
    if isinstance(output, Path):
        with FileOutput(output, limit_bytes=options.limit_bytes) as file:
            return write_dump(memory, windows, file, options, report)
    machine = machine_of(memory)
    reader, options = erasing(memory.dump, options)
    if options.format == "elf":
        tally = write_elf(memory, machine, reader, windows, output, options, report)
    else:
        tally = write_kdump(machine, reader, windows, output, options, report, first_pages(memory.dump))
    return tally.result((output.name,))
