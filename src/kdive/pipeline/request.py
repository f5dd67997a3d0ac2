"""What a report is made of, and who hears how far it has come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Progress = Callable[[str], None]


@dataclass(frozen=True)
class ReportRequest:
    """What to report on. `text` is a log that was already read (standard input); `path` then only names it."""

    path: Path
    text: bytes | None = None
    console: bool = False  # take the file for a log, whatever it looks like
    vmlinux: Path | None = None
    debug_dirs: tuple[Path, ...] = ()
    force: bool = False  # open a vmlinux that does not belong
    no_debuginfo: bool = False  # use what the dump itself holds and nothing else
    brief: bool = False  # stop as soon as the verdict stands
