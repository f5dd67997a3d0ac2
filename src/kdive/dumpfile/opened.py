"""A file on its way to becoming a Dump: outer layers off, its container not read yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kdive.dumpfile.source import ByteSource, FileSource, LiveSource
from kdive.formats import flattened

_KCORE = Path("/proc/kcore")


@dataclass(frozen=True)
class Opened:
    """One file, or one part of a split set."""

    path: Path
    source: ByteSource  # a flattened file's is its content, put in order
    size: int  # bytes of the file itself
    flattened: bool = False
    live: bool = False  # /proc/kcore
    incomplete: str = ""  # why, where the file's name or its outer layer says so


def open_layers(path: Path) -> Opened:
    """The file, with the flattened layer taken off. Raises DumpError when it cannot be opened."""
    if path == _KCORE:
        return Opened(path, LiveSource(path), 0, live=True)
    source = FileSource(path)
    incomplete = "its name says so: it was not saved to the end" if "incomplete" in path.name else ""
    try:
        if source.read_up_to(0, 16) != flattened.SIGNATURE:
            return Opened(path, source, source.size, incomplete=incomplete)
        from kdive.dumpfile.flattened import FlattenedSource

        content = FlattenedSource(source)
        return Opened(path, content, source.size, flattened=True, incomplete=content.incomplete or incomplete)
    except BaseException:
        source.close()
        raise


def close_all(files: Sequence[Opened]) -> None:
    for file in files:
        file.source.close()
