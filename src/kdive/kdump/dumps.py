"""Dumps that lie on this machine, whoever saved them, and which of them may go.

A dump is a folder below the one that the configuration names: kdive's own and kdump-utils' are called
HOST-YYYY-MM-DD-HH:MM:SS, kdump-tools' YYYYMMDDHHMM, openSUSE's YYYY-MM-DD-HH:MM. What kdive saved says in manifest.json
what it is and whether it is whole; of the others the names of the files tell.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from kdive.errors import KdiveError
from kdive.facts.missing import Missing, known
from kdive.kexec.small_files import read_small
from kdive.units import ByteCount, UnixSeconds

MANIFEST = "manifest.json"
REPORT = "report.json"
_SCHEMA = "kdive-capture/1"
TEST_LINE = "kdive: test crash {}"  # in the kernel's log
_TEST = re.compile(rb"kdive: test crash ([0-9a-f]{16})\b")
_LOG_TAIL = 256 << 10  # bytes
_ENTRIES = 10_000  # of one folder
_MANIFEST_LIMIT = 4 << 20  # bytes
_NAMES = (
    (re.compile(r"(?P<host>.+)-(?P<time>\d{4}-\d\d-\d\d-\d\d:\d\d:\d\d)"), "%Y-%m-%d-%H:%M:%S"),
    (re.compile(r"(?P<host>)(?P<time>\d{12})"), "%Y%m%d%H%M"),
    (re.compile(r"(?P<host>)(?P<time>\d{4}-\d\d-\d\d-\d\d:\d\d)"), "%Y-%m-%d-%H:%M"),
)
_VMCORE = re.compile(r"vmcore(\.flat|\.elf|\.\d+|-\d+)?|dump\.\d+")
_INCOMPLETE = re.compile(r"(vmcore|dump)(-dmesg)?-incomplete.*")
_LOG = re.compile(r"vmcore-dmesg(-incomplete)?\.txt|dmesg(\.\d+|\.txt)?")


@dataclass(frozen=True)
class StoredDump:
    """A folder that a crash left."""

    folder: str
    host: str  # whose crash it is, "" where the name does not say
    time: UnixSeconds  # of the capture
    size: ByteCount  # of all files in it
    vmcore: str | Missing  # name of the dump's file, or of its first
    log: str | Missing  # name of the kernel's log
    complete: bool
    problem: str  # why it is not complete, "" where it is
    kernel: str | Missing
    level: int | Missing
    test_id: str  # of the test crash that it comes from, "" for a real one
    reported: bool
    changed: UnixSeconds  # when a file was last written

    @property
    def name(self) -> str:
        """The folder's own name."""
        return Path(self.folder).name


def dumps_in(folders: Iterable[Path]) -> tuple[StoredDump, ...]:
    """The dumps in `folders`, the newest first; a folder that is not there holds none.

    Raises KdiveError for one that may not be read.
    """
    found: dict[Path, StoredDump] = {}
    for folder in folders:
        for path in _folders(folder):
            dump = read_dump(path)
            if dump is not None:
                found.setdefault(path.resolve(), dump)
    return tuple(sorted(found.values(), key=lambda dump: (dump.time, dump.folder), reverse=True))


def read_dump(path: Path) -> StoredDump | None:
    """The dump in the folder `path`; None where it is none."""
    named = _named(path.name)
    if named is None:
        return None
    host, time = named
    files = _files(path)
    vmcores = sorted(name for name in files if _VMCORE.fullmatch(name))
    halves = sorted(name for name in files if _INCOMPLETE.fullmatch(name))
    logs = sorted(name for name in files if _LOG.fullmatch(name))
    if not (vmcores or halves or logs or MANIFEST in files):
        return None
    manifest = _manifest(path) if MANIFEST in files else None
    problem = _problem(files, vmcores, halves, manifest)
    said = manifest if isinstance(manifest, dict) else {}
    memory = vmcores + [name for name in halves if "dmesg" not in name]
    return StoredDump(
        folder=str(path),
        host=known(_said(said.get("host"), str), host),
        time=UnixSeconds(_whole(said.get("time"), time)),
        size=ByteCount(sum(one.st_size for one in files.values())),
        vmcore=next(iter(memory), Missing("no memory was saved")),
        log=logs[0] if logs else Missing("no log was saved"),
        complete=not problem,
        problem=problem,
        kernel=_said(said.get("kernel"), str),
        level=_said(said.get("level"), int),
        test_id=_test_id(path / logs[0]) if logs else "",
        reported=REPORT in files,
        changed=UnixSeconds(int(max((one.st_mtime for one in files.values()), default=time))),
    )


def _test_id(log: Path) -> str:
    """The id that `kdive test` left in the log before it crashed the machine: among the last lines."""
    try:
        with log.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - _LOG_TAIL))
            found = _TEST.findall(file.read(_LOG_TAIL))
    except OSError:
        return ""
    return found[-1].decode() if found else ""


def _folders(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as scan:
            entries = list(islice(scan, _ENTRIES))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise KdiveError(f"{folder}: {error.strerror}", hint="crash dumps belong to root: try it with sudo") from error
    return [Path(one.path) for one in entries if one.is_dir(follow_symlinks=False)]


def _named(name: str) -> tuple[str, int] | None:
    """Host and time, taken as UTC, that the folder's name says."""
    for pattern, form in _NAMES:
        if found := pattern.fullmatch(name):
            try:
                when = datetime.strptime(found["time"], form).replace(tzinfo=UTC)
            except ValueError:
                return None
            return found["host"], int(when.timestamp())
    return None


def _files(folder: Path) -> dict[str, os.stat_result]:
    """The files in the folder; those of its subfolders by a path."""
    files: dict[str, os.stat_result] = {}
    for where, _, names in os.walk(folder):
        for name in names:
            path = Path(where, name)
            try:
                status = path.lstat()
            except OSError:
                continue
            if stat.S_ISREG(status.st_mode):
                files[str(path.relative_to(folder))] = status
        if len(files) > _ENTRIES:
            break
    return files


def _manifest(folder: Path) -> dict[str, Any] | Missing:
    try:
        data = json.loads(read_small(folder / MANIFEST, _MANIFEST_LIMIT))
    except (OSError, ValueError, RecursionError) as error:
        return Missing(f"{MANIFEST} cannot be read: {error}")
    if not isinstance(data, dict) or data.get("schema") != _SCHEMA:
        return Missing(f"{MANIFEST} is not of the kind {_SCHEMA}")
    return data


def _problem(
    files: dict[str, os.stat_result],
    vmcores: Sequence[str],
    halves: Sequence[str],
    manifest: dict[str, Any] | Missing | None,
) -> str:
    """Why the dump is not whole; "" where it is."""
    if halves:
        return f"the capture ended within {halves[0]}"
    if isinstance(manifest, Missing):
        return manifest.reason
    if not vmcores:
        return "only the log was saved"
    if not any(files[name].st_size for name in vmcores):
        return f"{vmcores[0]} is empty"
    return _against(files, manifest) if manifest is not None else ""


def _against(files: dict[str, os.stat_result], manifest: dict[str, Any]) -> str:
    if manifest.get("complete") is not True:
        reason = manifest.get("reason")
        return reason[:200] if reason and isinstance(reason, str) else "the capture says that it is not complete"
    listed = manifest.get("files")
    for name, one in listed.items() if isinstance(listed, dict) else ():
        wanted = one.get("size") if isinstance(one, dict) else None
        if name not in files:
            return f"{str(name)[:100]} is gone"
        if isinstance(wanted, int) and files[name].st_size != wanted:
            return f"{name} has {files[name].st_size} bytes, and was saved with {wanted}"
    return ""


def _whole(value: object, default: int) -> int:
    return int(value) if isinstance(value, int | float) and 0 < value < 1 << 37 else default


def _said(value: object, kind: type[Any]) -> Any:
    fits = isinstance(value, kind) and not isinstance(value, bool)
    return value if fits else Missing("the capture did not say")


@dataclass(frozen=True)
class Policy:
    """Which dumps may go."""

    keep: int | None = None  # so many of the newest stay
    older_than_s: int | None = None
    total: ByteCount | None = None  # of all that stay
    incomplete: bool = False  # those that are not whole go


_BEING_WRITTEN_S = 600  # another machine may be writing it


def removable(dumps: Sequence[StoredDump], policy: Policy, now: UnixSeconds) -> tuple[StoredDump, ...]:
    """Which of `dumps` (the newest first) go, the oldest first.

    The newest whole dump always stays; where none is whole, the newest does. So does what was written just now.
    """
    last = next((dump for dump in dumps if dump.complete), dumps[0] if dumps else None)
    left: int = sum(dump.size for dump in dumps)
    gone: list[StoredDump] = []
    for index in range(len(dumps) - 1, -1, -1):
        dump = dumps[index]
        if dump is last or now - dump.changed < _BEING_WRITTEN_S:
            continue
        reasons = (
            policy.keep is not None and index >= policy.keep,
            policy.older_than_s is not None and now - dump.time > policy.older_than_s,
            policy.total is not None and left > policy.total,
            policy.incomplete and not dump.complete,
        )
        if any(reasons):
            gone.append(dump)
            left -= dump.size
    return tuple(gone)


def remove(dump: StoredDump) -> None:
    """Removes the folder. Raises KdiveError where that cannot be."""
    path = Path(dump.folder)
    try:
        shutil.rmtree(path)
    except OSError as error:
        raise KdiveError(f"{error.filename or path}: {error.strerror}", hint="run it as root") from error
