"""What to save where, and what came of it. Nothing here needs more than the standard library."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from kdive.engine.output import FileOutput
from kdive.engine.summary import Summary
from kdive.engine.writing import WriteOptions, WriteResult


@dataclass(frozen=True)
class DumpRequest:
    """What to write, and where: one path, or one for each part of a split set."""

    source: Path
    outputs: tuple[Path, ...]
    levels: tuple[int, ...] = (31,)  # the next one is tried where the output of one does not fit
    options: WriteOptions = field(default_factory=WriteOptions)
    overwrite: bool = False


@dataclass(frozen=True)
class Saved:
    """What was written, at which level, and what the pages were."""

    result: WriteResult
    level: int
    summary: Summary


def write_log(path: Path, text: str, overwrite: bool) -> None:
    """Writes a log as privately as a dump, and over nothing that is there. Raises OutputError, OutputFullError."""
    with FileOutput(path, overwrite=overwrite) as output:
        output.write(0, text.encode())
        output.finish()
