"""Debuginfo that was fetched: one folder a kernel, whole or not there, the longest unused removed first."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from kdive.errors import KdiveError
from kdive.symbols.identity import KernelIdentity
from kdive.units import ByteCount

LIMIT = ByteCount(20 << 30)  # some 25 kernels
_ENTRY = "entry.json"
VMLINUX = "vmlinux"


@dataclass(frozen=True)
class Entry:
    """The debuginfo of one kernel, below `folder`; `used` is the time of its last use, in seconds since 1970."""

    release: str
    build_id: str
    source: str  # where it came from
    folder: Path
    size: ByteCount
    used: float

    @property
    def vmlinux(self) -> Path:
        return self.folder / VMLINUX


def default_folder() -> Path:
    """$KDIVE_DEBUGINFO_CACHE, else the user's cache."""
    own = os.environ.get("KDIVE_DEBUGINFO_CACHE")
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(own) if own else Path(cache) / "kdive" / "debuginfo"


def cached_dirs(kernel: KernelIdentity) -> tuple[Path, ...]:
    """The folder with the debuginfo of `kernel`, where there is one."""
    folder = default_folder() / _key(kernel)
    return (folder,) if (folder / _ENTRY).exists() else ()


class Cache:
    """Programs that run at the same time share it."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or default_folder()

    def entries(self) -> list[Entry]:
        """Those that are whole, last used first."""
        found = []
        for path in self.folder.glob(f"*/{_ENTRY}"):
            with suppress(OSError, ValueError, KeyError, TypeError):
                found.append(_entry(path))
        return sorted(found, key=lambda entry: -entry.used)

    def find(self, kernel: KernelIdentity) -> Entry | None:
        """The debuginfo of exactly this kernel: by its build ID where it has one."""
        for entry in self.entries():
            if kernel.build_id and entry.build_id:
                if kernel.build_id == entry.build_id:
                    return entry
            elif kernel.release and kernel.release == entry.release:
                return entry
        return None

    @contextmanager
    def making(self, kernel: KernelIdentity) -> Iterator[Path]:
        """A folder to put `vmlinux` in, and modules; for `keep`. What an earlier try left there is still there."""
        folder = self.folder / f".{_key(kernel)}.new"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with folder.with_suffix(".lock").open("wb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                folder.mkdir(exist_ok=True)
                yield folder
        except OSError as error:
            hint = "choose another folder with KDIVE_DEBUGINFO_CACHE=DIR, or free some space"
            raise KdiveError(f"{error.filename or self.folder}: {error.strerror}", hint=hint) from None

    def keep(self, folder: Path, kernel: KernelIdentity, source: str) -> Entry:
        """Makes what is in `folder`, which `making` gave, the debuginfo of `kernel`."""
        (folder / _ENTRY).write_text(
            json.dumps({"release": kernel.release, "build_id": kernel.build_id, "source": source})
        )
        final = self.folder / _key(kernel)
        shutil.rmtree(final, ignore_errors=True)
        folder.rename(final)
        return _entry(final / _ENTRY)

    def prune(self, limit: int = LIMIT, keep: Entry | None = None) -> list[Entry]:
        """Removes the longest unused until all are at most `limit` bytes, never `keep`; what was removed."""
        removed = []
        total = 0
        for entry in self.entries():
            total += entry.size
            if total > limit and entry != keep:
                self.remove(entry)
                removed.append(entry)
                total -= entry.size
        return removed

    def remove(self, entry: Entry) -> None:
        shutil.rmtree(entry.folder, ignore_errors=True)


def as_data(entry: Entry) -> dict[str, object]:
    """Plain data for JSON."""
    return {**asdict(entry), "folder": str(entry.folder)}


def _key(kernel: KernelIdentity) -> str:
    """A file name that is the same for the same kernel, whatever a dump says of itself."""
    return re.sub(r"[^\w.+~-]", "_", kernel.build_id or kernel.release).lstrip(".")[:200] or "unknown"


def _entry(path: Path) -> Entry:
    said = json.loads(path.read_text())
    files = [file.stat() for file in path.parent.rglob("*") if file.is_file()]
    used = max(path.stat().st_mtime, (path.parent / VMLINUX).stat().st_atime)
    size = ByteCount(sum(file.st_blocks * 512 for file in files))
    return Entry(str(said["release"]), str(said["build_id"]), str(said["source"]), path.parent, size, used)
