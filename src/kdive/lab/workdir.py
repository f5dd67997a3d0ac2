"""Folders in which one run of the lab works; what a killed run left is removed by the next."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PARENT = ".kdive-lab"
_LOCK = "lock"


@contextmanager
def workdir(beside: Path) -> Iterator[Path]:
    """A new folder on the same file system as `beside`, locked while it is used and removed after."""
    parent = beside.absolute().parent / _PARENT
    with _alone_in(parent):
        _remove_leftovers(parent)
        folder = Path(tempfile.mkdtemp(prefix="run-", dir=parent))
        lock = (folder / _LOCK).open("wb")
        fcntl.flock(lock, fcntl.LOCK_EX)
    with lock:
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            with _alone_in(parent), suppress(OSError):  # others work there
                parent.rmdir()


@contextmanager
def _alone_in(parent: Path) -> Iterator[None]:
    """Makes the folder `parent` and keeps others from making or removing anything in it."""
    while True:
        parent.mkdir(parents=True, exist_ok=True)
        try:
            folder = os.open(parent, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            continue
        still = False
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            with suppress(FileNotFoundError):  # it was removed meanwhile
                still = os.path.samestat(os.stat(parent), os.fstat(folder))
            if still:
                yield
                return
        finally:
            os.close(folder)


def _remove_leftovers(parent: Path) -> None:
    for folder in parent.glob("run-*"):
        try:
            lock = (folder / _LOCK).open("rb")
        except OSError:
            continue  # just being made, or being removed
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                continue  # at work
            _kill_inside(folder)
            shutil.rmtree(folder, ignore_errors=True)


def _kill_inside(folder: Path) -> None:
    """Kills what still runs with `folder` as its working directory."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if Path(os.readlink(process / "cwd")) == folder:
                os.kill(int(process.name), signal.SIGKILL)
