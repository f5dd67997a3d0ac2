"""The lab's cache: kernels, trees of tools, built modules. What is in it is complete."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

from kdive.errors import KdiveError
from kdive.lab.kernel import LabKernel

_KERNEL = "kernel.json"


class Store:
    """A folder; by default the user's cache. Programs that run at the same time share it."""

    def __init__(self, folder: Path | None = None) -> None:
        cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        self.folder = folder or Path(cache) / "kdive" / "lab"

    def kernels(self) -> list[LabKernel]:
        """Those that are here, sorted by release."""
        found = []
        for path in (self.folder / "kernels").glob(f"[!.]*/{_KERNEL}"):  # those with a "." are being made
            try:
                found.append(LabKernel(root=path.parent, **json.loads(path.read_text())))
            except (OSError, ValueError, TypeError):
                continue  # written by another version of kdive: fetched again
        return sorted(found, key=lambda kernel: release_key(kernel.release))

    def kernel(self, release: str) -> LabKernel:
        """The kernel of exactly this release. Raises KdiveError where none is here that this kdive understands."""
        for kernel in self.kernels():
            if kernel.release == release:
                return kernel
        folder = self.folder / "kernels" / release
        raise KdiveError(
            f"{folder}: holds no kernel that this kdive knows", hint="remove the folder and fetch it again"
        )

    @staticmethod
    def describe(root: Path, kernel: LabKernel) -> None:
        """Writes beside the files of `kernel`, in `root`, what it is."""
        fields = asdict(kernel)
        del fields["root"]
        (root / _KERNEL).write_text(json.dumps(fields))

    def debug_dir(self, release: str) -> Path | None:
        """Where the debuginfo of that kernel lies; None where it was not fetched."""
        folder = self.folder / "debuginfo" / release / "usr" / "lib" / "debug"
        return folder if folder.is_dir() else None

    @contextmanager
    def making(self, name: str) -> Iterator[Path | None]:
        """A folder to fill, which becomes `name` when the context ends well; None where `name` is there already.

        Only one program makes a thing; another waits for it. What killed ones left beside it is removed.
        """
        final = self.folder / name
        with self.alone(name):
            if final.exists():
                yield None
                return
            new = final.parent / f".{final.name}.new"
            shutil.rmtree(new, ignore_errors=True)
            _remove_leftovers(final.parent)
            new.mkdir()
            try:
                yield new
                new.rename(final)
            finally:
                shutil.rmtree(new, ignore_errors=True)

    @contextmanager
    def alone(self, name: str) -> Iterator[None]:
        """Keeps other programs waiting that want to be alone with `name`, or to make it, until the context ends."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with (path.parent / f".{path.name}.lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _remove_leftovers(folder: Path) -> None:
    """Removes what nobody is making any more: its lock is free."""
    for left in folder.glob(".*.new"):
        with left.with_suffix(".lock").open("wb") as lock, suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(left, ignore_errors=True)


def release_key(release: str) -> tuple[int, ...]:
    """Sorts releases as people do: 6.9 before 6.12, deb12 before deb12.1."""
    version = re.sub(r"[.-](cloud-)?(amd64|arm64|x86_64|aarch64)$", "", release)
    return tuple(int(number) for number in re.findall(r"\d+", version))
