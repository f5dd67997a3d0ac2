"""What happens on the boot after a crash: its dump gets a report, and somebody is told.

The report is made by `kdive report`, run as a program: a damaged dump that takes it down costs the report alone.
"""

from __future__ import annotations

import fcntl
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kdive import programs
from kdive.errors import KdiveError
from kdive.facts.missing import Missing
from kdive.kdump import crash_test, places
from kdive.kdump.collector.recover import recover_raw
from kdive.kdump.config import KdumpConfig, RawTarget
from kdive.kdump.dumps import REPORT, StoredDump
from kdive.kexec.small_files import read_small

STATE = Path("var/lib/kdive/reported.json")
SCHEMA = "kdive-reported/1"
DEADLINE_S = 900  # for all reports of one boot
_AT_ONCE = 8  # reports of one boot; more dumps than that are of no new crash
_REMEMBERED = 1000
_FILES = ("report.txt", "report.html", REPORT)  # that which says that all is done comes last
_ENDINGS = range(128)  # a report says in its exit code, and in its JSON, why there is no verdict


@dataclass(frozen=True)
class Told:
    """What the report on a dump says."""

    dump: StoredDump
    title: str  # "NULL pointer dereference in foo [bar]", or why there is none
    class_: str = ""
    function: str = ""
    module: str = ""
    signature: str = ""
    text: str = ""  # the whole report

    @property
    def failed(self) -> bool:
        """There is no verdict."""
        return not self.class_


def recover(config: KdumpConfig, root: Path = Path("/")) -> Iterator[Path]:
    """Folders that dumps on raw partitions are saved to, where such targets are configured and hold one.

    Raises KdiveError for the first that cannot be saved: it stays where it is.
    """
    for target in (config.target, config.second_target):
        if isinstance(target, RawTarget):
            device = root / places.device_of(target.device, root).lstrip("/")
            place = recover_raw(device, root / config.path.lstrip("/"))
            if isinstance(place, Path):
                yield place


def waiting(dumps: Sequence[StoredDump], root: Path = Path("/")) -> list[StoredDump]:
    """Dumps that nobody has reported on, nor tried to; the newest first."""
    tried = _read_state(root)
    return [dump for dump in dumps if not dump.reported and dump.folder not in tried][:_AT_ONCE]


def report_all(dumps: Sequence[StoredDump], root: Path = Path("/"), deadline_s: float = DEADLINE_S) -> Iterator[Told]:
    """Reports on each of `dumps`, and remembers that it did, whatever came of it.

    What there is no time for is left to the next boot.
    """
    end = time.monotonic() + deadline_s
    for dump in dumps:
        left = end - time.monotonic()
        if left <= 0:
            return
        try:
            told = report_on(dump, left)
        except KdiveError as error:
            told = Told(dump, f"no report could be made: {error.message}")
        _remember(dump.folder, told.title if told.failed else "", root)
        yield told


def report_on(dump: StoredDump, timeout_s: float = DEADLINE_S) -> Told:
    """Writes report.txt, report.html and report.json into the dump's folder, for root alone.

    Raises KdiveError when the report takes too long, breaks down, or cannot be written.
    """
    folder = Path(dump.folder)
    name = dump.vmcore if isinstance(dump.vmcore, str) else dump.log
    if isinstance(name, Missing):
        raise KdiveError(name.reason, hint="there is nothing to report on")
    end = time.monotonic() + timeout_s
    facts, page = folder / ".facts.new", folder / ".report.html.new"
    with _private(), _removed(facts, page):
        made = _kdive("report", str(folder / name), "--json", "--html", str(page), "--save-facts", str(facts), end=end)
        text = _kdive("report", str(facts), end=end) if facts.exists() else ""
        told = _told(dump, made, text)
        try:
            if page.exists():
                page.replace(folder / "report.html")
            _write(folder / "report.txt", text or told.title)
            _write(folder / REPORT, made)
        except OSError as error:
            raise KdiveError(f"{folder}: {error.strerror}", hint="make room, then run kdive after again") from error
    return told


def settle_test(dumps: Sequence[StoredDump], root: Path = Path("/")) -> crash_test.CrashTest | None:
    """The test that has its result since now, written down; None where none was waiting for one."""
    test = crash_test.read_test(root)
    if isinstance(test, Missing) or test.state != "pending":
        return None
    done = crash_test.settled(test, dumps, root)
    if done.state == "pending":
        return None
    crash_test.write_test(done, root)
    return done


@contextmanager
def alone(root: Path = Path("/")) -> Iterator[bool]:
    """Whether no other process does the same now; it is kept from it inside of the context."""
    path = (root / STATE).with_suffix(".lock")
    try:
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise KdiveError(f"{path}: {error.strerror}", hint="run it as root") from error
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(fd)


def _kdive(*argv: str, end: float) -> str:
    command = [sys.executable, "-m", "kdive", *argv]
    return programs.run(command, timeout_s=max(0.1, end - time.monotonic()), codes=_ENDINGS)


def _told(dump: StoredDump, made: str, text: str) -> Told:
    """What the report's JSON says. Raises KdiveError for anything else."""
    try:
        data = json.loads(made)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise KdiveError("the report broke down", hint=f"kdive report {dump.folder} shows how")
    verdict, error, signature = data.get("verdict"), data.get("error"), data.get("signature")
    if not isinstance(verdict, dict):
        reason = error.get("message") if isinstance(error, dict) else ""
        return Told(dump, f"no verdict: {reason or 'the report says not why'}", text=text)
    return Told(
        dump,
        title=_text(verdict, "title"),
        class_=_text(verdict, "class"),
        function=_text(verdict, "function"),
        module=_text(verdict, "module"),
        signature=_text(signature, "text") if isinstance(signature, dict) else "",
        text=text,
    )


def _text(data: dict[str, Any], name: str) -> str:
    value = data.get(name)
    return value if isinstance(value, str) else ""


def _write(path: Path, text: str) -> None:
    new = path.with_name(f".{path.name}.new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "w") as file:
        file.write(text if text.endswith("\n") else text + "\n")
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


@contextmanager
def _private() -> Iterator[None]:
    """Files that are made here, and by programs that are started here, are for their owner alone."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def _removed(*paths: Path) -> Iterator[None]:
    """Removes the files at the end, where they are still there."""
    try:
        yield
    finally:
        for path in paths:
            with suppress(OSError):
                path.unlink()


def _read_state(root: Path) -> dict[str, str]:
    """Folders that were tried, and why there was no report."""
    try:
        data = json.loads(read_small(root / STATE))
    except (OSError, ValueError, RecursionError):
        return {}
    folders = data.get("folders") if isinstance(data, dict) else None
    return {str(name): str(why) for name, why in folders.items()} if isinstance(folders, dict) else {}


def _remember(folder: str, why: str, root: Path) -> None:
    """Raises KdiveError where it cannot be written: the next boot would do all of it again."""
    state = {name: old for name, old in _read_state(root).items() if Path(name).exists()}
    state[folder] = why
    path = root / STATE
    try:
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        _write(path, json.dumps({"schema": SCHEMA, "folders": dict(list(state.items())[-_REMEMBERED:])}, indent=1))
    except OSError as error:
        raise KdiveError(f"{path}: {error.strerror}", hint="run it as root") from error


def as_known_now(told: Told, test: crash_test.CrashTest | None) -> Told:
    """The same, saying that the crash was a test."""
    if test is None or told.dump.folder != test.dump:
        return told
    return replace(told, title=f"test crash {test.state}: {told.title}")
