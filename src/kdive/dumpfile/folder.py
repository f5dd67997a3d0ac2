"""The dump, or the log, in a folder such as /var/crash/127.0.0.1-2026-01-01-12:00:00."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

from kdive.dumpfile.split import is_one_set
from kdive.errors import DumpError
from kdive.formats import elf, flattened, kdump_compressed

_ENTRIES_LIMIT = 4096
_LISTED = 8
_DUMP_SIGNATURES = (kdump_compressed.SIGNATURE, kdump_compressed.DISKDUMP_SIGNATURE, flattened.SIGNATURE)
_DUMP_NAMES = (  # best first; dump.202601011200 is kdump-tools', the numbers are parts of split sets
    re.compile(r"vmcore"),
    re.compile(r"vmcore[-._]?\d+|dump\.\d+|dumpfile.*"),
    re.compile(r"vmcore\.(flat|elf|kdump)"),
    re.compile(r"vmcore-incomplete|dump-incomplete\.\d+"),
    re.compile(r".*\.(vmcore|kdump|core)|.*vmcore.*|core\..*"),
    re.compile(r".*"),
)
_LOG_NAMES = re.compile(r"vmcore-dmesg(-incomplete)?\.txt|dmesg([.-].*)?|kexec-dmesg\.log|.*\.(log|dmesg)")


def dump_in(folder: Path) -> Path:
    """The dump in `folder`, or in its only subfolder that holds one.

    Raises DumpError with the candidates when there is none, or more than one that could be meant.
    """
    found = find(folder, _dumps_in)
    if len(found) == 1:
        return found[0]
    if not found:
        logs = find(folder, _logs_in)
        raise DumpError(
            f"{folder}: a folder without a dump",
            hint=f"its log can be reported on: {logs[0]}" if logs else "name the vmcore itself",
        )
    raise DumpError(f"{folder}: a folder with {len(found)} dumps", hint=f"name one of them: {_listed(found)}")


def log_in(folder: Path) -> Path | None:
    """The kernel log that was saved in `folder`, or in its only subfolder with one."""
    found = find(folder, _logs_in)
    return found[0] if len(found) == 1 else None


def find(folder: Path, pick: Callable[[Sequence[Path]], list[Path]]) -> list[Path]:
    """What `pick` chooses from the files of `folder`, else from those of each subfolder; newest folder first."""
    files, folders = _entries(folder)
    found = pick(files)
    return found or [path for inner in folders for path in pick(_entries(inner)[0])]


def _entries(folder: Path) -> tuple[list[Path], list[Path]]:
    """Files by name, and folders from the newest to the oldest."""
    try:
        with os.scandir(folder) as scan:
            entries = list(islice(scan, _ENTRIES_LIMIT))
    except PermissionError as error:
        raise DumpError(f"{folder}: permission denied", hint="crash dumps belong to root: try it with sudo") from error
    except OSError as error:
        raise DumpError(f"{folder}: cannot be listed: {error.strerror}", hint="check the path") from error
    files = sorted(Path(entry.path) for entry in entries if entry.is_file())
    folders = [entry for entry in entries if entry.is_dir(follow_symlinks=False)]
    folders.sort(key=lambda entry: (entry.stat(follow_symlinks=False).st_mtime, entry.name), reverse=True)
    return files, [Path(entry.path) for entry in folders]


def _dumps_in(files: Sequence[Path]) -> list[Path]:
    """The best-named dump; more than one where names do not tell, a split set counting as one."""
    for names in _DUMP_NAMES:
        found = [path for path in files if names.fullmatch(path.name) and _starts_like_a_dump(path)]
        if found:
            return found[:1] if len(found) == 1 or is_one_set(found) else found
    return []


def _logs_in(files: Sequence[Path]) -> list[Path]:
    return [path for path in files if _LOG_NAMES.fullmatch(path.name)][:1]


def _starts_like_a_dump(path: Path) -> bool:
    try:
        with open(path, "rb") as file:
            head = file.read(64)
    except PermissionError:
        return True  # opening it will say so
    except OSError:
        return False
    if head.startswith(elf.MAGIC):
        return elf.is_core(head)
    return head.startswith(_DUMP_SIGNATURES)


def _listed(paths: Sequence[Path]) -> str:
    names = ", ".join(str(path) for path in paths[:_LISTED])
    return names if len(paths) <= _LISTED else f"{names} …"
