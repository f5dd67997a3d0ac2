"""What was loaded last, in /run/kdive: the kernel itself does not tell.

With it a capture kernel that a failed load has freed is loaded again. It is gone after a reboot, as the images are.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kdive.errors import KdiveError
from kdive.facts.codec import from_json, to_json
from kdive.facts.missing import Missing
from kdive.kexec.small_files import read_small
from kdive.units import ByteCount, UnixSeconds

SCHEMA = "kdive-kexec-loaded/1"


@dataclass(frozen=True)
class LoadedFile:
    """A file as it was when it was loaded."""

    path: str
    size: ByteCount
    mtime_ns: int


@dataclass(frozen=True)
class Loaded:
    """An image that the kernel holds."""

    kernel: LoadedFile
    initrds: tuple[LoadedFile, ...]
    cmdline: str
    crash: bool
    flags: int
    method: str
    version: str
    at: UnixSeconds

    def changed(self) -> list[str]:
        """Paths of files that are not any more what was loaded."""
        return [one.path for one in (self.kernel, *self.initrds) if identity(Path(one.path)) != one]


def identity(path: Path) -> LoadedFile | None:
    """What tells this state of the file from others; None when it cannot be had."""
    try:
        status = path.stat()
    except OSError:
        return None
    return LoadedFile(str(path.absolute()), ByteCount(status.st_size), status.st_mtime_ns)


def remember(loaded: Loaded, root: Path = Path("/")) -> None:
    """Writes it down, whole or not at all. Raises KdiveError when it cannot be written."""
    path = _path(root, loaded.crash)
    new = path.with_suffix(".new")
    try:
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "w") as file:
            json.dump({"schema": SCHEMA, **to_json(loaded)}, file)
        new.replace(path)
    except OSError as error:
        raise KdiveError(f"{path}: {error.strerror}", hint="it keeps what to load again after a failure") from error


def forget(crash: bool, root: Path = Path("/")) -> None:
    """Nothing is loaded any more."""
    with suppress(OSError):
        _path(root, crash).unlink()


def recall(crash: bool, root: Path = Path("/")) -> Loaded | Missing:
    """What was loaded last by kdive since the boot."""
    path = _path(root, crash)
    try:
        data = json.loads(read_small(path))
        return from_json(Loaded, data)
    except FileNotFoundError:
        return Missing("it was not loaded by kdive")
    except (OSError, ValueError, RecursionError, KdiveError) as error:
        return Missing(f"{path}: {error}")


def _path(root: Path, crash: bool) -> Path:
    return root / "run/kdive" / ("kexec-crash.json" if crash else "kexec-reboot.json")
