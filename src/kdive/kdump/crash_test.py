"""A crash on purpose: the only proof that crashes of this machine are captured.

The test leaves an id on the disk and in the kernel's log, then crashes the machine. After the reboot the dump with that
id in its log is looked for: what was saved, and by whom, does not matter.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from kdive.engine.manifest import check_files
from kdive.errors import KdiveError
from kdive.facts.codec import from_json, to_json
from kdive.facts.missing import Missing
from kdive.kdump.dumps import TEST_LINE, StoredDump
from kdive.kexec.small_files import read_small
from kdive.units import UnixSeconds

SCHEMA = "kdive-test/1"
FILE = Path("var/lib/kdive/test.json")
_BOOT_ID = "proc/sys/kernel/random/boot_id"


@dataclass(frozen=True)
class CrashTest:
    """The last test of this machine."""

    id: str
    started: UnixSeconds
    kernel: str
    boot_id: str  # of the boot that was crashed
    state: Literal["pending", "passed", "failed"] = "pending"
    reason: str = ""
    dump: str = ""  # its folder


def read_test(root: Path = Path("/")) -> CrashTest | Missing:
    """The last test below `root`."""
    path = root / FILE
    try:
        data = json.loads(read_small(path))
        found = from_json(_Stored, data)
    except FileNotFoundError:
        return Missing("no crash was ever tried on this machine")
    except (OSError, ValueError, RecursionError, KdiveError) as error:
        return Missing(f"{path}: {error}")
    state = found.state if found.state in ("passed", "failed") else "pending"
    return CrashTest(found.id, found.started, found.kernel, found.boot_id, state, found.reason, found.dump)  # type: ignore[arg-type]  # one of the two


@dataclass(frozen=True)
class _Stored:
    """As it lies in the file: whatever somebody wrote there."""

    id: str
    started: UnixSeconds
    kernel: str
    boot_id: str
    state: str
    reason: str
    dump: str


def write_test(test: CrashTest, root: Path = Path("/")) -> None:
    """Writes it down, and onto the disk. Raises KdiveError where that cannot be."""
    path = root / FILE
    new = path.with_suffix(".new")
    try:
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        with new.open("w") as file:
            json.dump({"schema": SCHEMA, **to_json(test)}, file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError as error:
        raise KdiveError(f"{path}: {error.strerror}", hint="run it as root") from error


def begin(now: UnixSeconds, root: Path = Path("/")) -> CrashTest:
    """A test that is about to crash this machine, written down. Raises KdiveError where that cannot be."""
    boot_id = _boot_id(root)
    test = CrashTest(secrets.token_hex(8), now, os.uname().release, boot_id)
    write_test(test, root)
    return test


def crash(test: CrashTest, root: Path = Path("/")) -> None:
    """Crashes the machine; what is in memory of files is written to the disks before. Raises KdiveError if it lives."""
    try:
        (root / "dev/kmsg").write_text(TEST_LINE.format(test.id) + "\n")
        os.sync()
        (root / "proc/sysrq-trigger").write_text("c")
    except OSError as error:
        raise KdiveError(
            f"the machine was not crashed: {error.filename}: {error.strerror}", hint="run it as root"
        ) from error


def settled(test: CrashTest, dumps: Sequence[StoredDump], root: Path = Path("/")) -> CrashTest:
    """The test with its result, once the machine that it crashed has booted again."""
    if test.state != "pending" or _boot_id(root) == test.boot_id:
        return test
    found = next((dump for dump in dumps if dump.test_id == test.id), None)
    if found is None:
        return replace(test, state="failed", reason="the crash left no dump")
    if not found.complete:
        return replace(test, state="failed", reason=found.problem, dump=found.folder)
    names = [name for name in (found.vmcore, found.log) if isinstance(name, str)]
    problems = check_files([Path(found.folder, name) for name in names]).problems
    if problems:
        return replace(test, state="failed", reason=problems[0], dump=found.folder)
    return replace(test, state="passed", dump=found.folder)


def _boot_id(root: Path) -> str:
    try:
        return read_small(root / _BOOT_ID, 64).decode("utf-8", "replace").strip()
    except OSError:
        return ""
