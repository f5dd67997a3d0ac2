"""A file on its way to becoming a Dump: what is known of it before its container is read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kdive.dumpfile.source import ByteSource
from kdive.units import ByteCount


@dataclass(frozen=True)
class Opened:
    """One file, or the parts of a split set in the order in which they were given."""

    paths: tuple[Path, ...]
    sources: tuple[ByteSource, ...]  # one per path; a flattened file's is its content, put in order
    file_sizes: tuple[int, ...]  # bytes
    flattened: bool = False
    incomplete: str = ""  # why, where the file's name or its outer layer says so
    damage: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()  # of the set: parts that are missing

    @property
    def path(self) -> Path:
        return self.paths[0]

    @property
    def source(self) -> ByteSource:
        return self.sources[0]

    @property
    def size(self) -> ByteCount:
        return ByteCount(sum(self.file_sizes))

    def close(self) -> None:
        for source in self.sources:
            source.close()
