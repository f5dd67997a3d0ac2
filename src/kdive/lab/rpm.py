"""Kernels out of RPM packages: files, or addresses."""

from __future__ import annotations

import re
import shutil
import urllib.request
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit

from kdive import programs
from kdive.errors import KdiveError
from kdive.lab.kernel import LabKernel
from kdive.lab.store import Store
from kdive.packages.rpm import write_cpio

Progress = Callable[[str], None]

_TIMEOUT_S = 60.0


def fetch(store: Store, name: str, arch: str, progress: Progress) -> LabKernel:
    """The kernel in the package `name`: `kernel` of CentOS 7, `kernel-core` since.

    Of kernel-core, the packages kernel-modules-core and kernel-modules of the same version are taken from beside it
    where they lie: they hold the drivers of disks. Raises KdiveError where there is no kernel in it, or one for
    another architecture.
    """
    release = _release(name)
    if not release.endswith(f".{arch}"):
        raise KdiveError(f"{name}: not a kernel for {arch}", hint="choose another package, or say --arch")
    with store.making(f"kernels/{release}") as new:
        if new is not None:
            (new / "usr" / "lib").mkdir(parents=True)
            (new / "lib").symlink_to("usr/lib")  # packages have their files below the one or the other
            for number, package in enumerate(_beside(name)):
                progress(f"unpacking {package.rpartition('/')[2]}")
                _unpack(_local(package, new, optional=number > 0), new)
            _complete(new, release, name)
            store.describe(new, LabKernel(release, arch, release, "", new))
    return store.kernel(release)


def _release(name: str) -> str:
    found = re.fullmatch(r"kernel(?:-core)?-(\d.*)\.rpm", name.rpartition("/")[2])
    if found is None:
        raise KdiveError(
            f"{name}: not called as a kernel's package is", hint="kernel-VERSION.ARCH.rpm or kernel-core-…"
        )
    return found[1]


def _beside(name: str) -> list[str]:
    folder, slash, file = name.rpartition("/")
    if not file.startswith("kernel-core-"):
        return [name]
    rest = file.removeprefix("kernel-core-")
    return [name, *(f"{folder}{slash}kernel-{part}-{rest}" for part in ("modules-core", "modules"))]


def _local(name: str, folder: Path, optional: bool) -> Path | None:
    """The package as a file, fetched where `name` is an address; None where an optional one is not there."""
    if urlsplit(name).scheme not in ("http", "https"):
        path = Path(name)
        if not path.is_file() and not optional:
            raise KdiveError(f"{name}: no such file", hint="give the path or the address of the kernel's RPM")
        return path if path.is_file() else None
    target = folder / "package.rpm"
    try:
        with urllib.request.urlopen(name, timeout=_TIMEOUT_S) as answer, target.open("wb") as file:
            shutil.copyfileobj(answer, file)
    except OSError as error:
        if optional and isinstance(error, HTTPError) and error.code == HTTPStatus.NOT_FOUND:
            return None
        raise KdiveError(f"{name}: cannot be fetched: {error}", hint="is the address right?") from error
    return target


def _unpack(package: Path | None, root: Path) -> None:
    if package is None:
        return
    archive = root / "package.cpio"
    write_cpio(package, archive)
    with archive.open("rb") as files:
        programs.run(["cpio", "-idmu", "--quiet", "--no-absolute-filenames"], cwd=root, stdin=files)
    archive.unlink()


def _complete(root: Path, release: str, name: str) -> None:
    """Puts the kernel and its configuration where older packages have them."""
    (root / "package.rpm").unlink(missing_ok=True)
    boot, modules = root / "boot", root / "lib" / "modules" / release
    boot.mkdir(exist_ok=True)
    for file in ("vmlinuz", "config"):
        place = boot / f"{file}-{release}"
        if not place.exists() and (modules / file).exists():
            shutil.copy2(modules / file, place)
    if not (boot / f"vmlinuz-{release}").exists():
        raise KdiveError(f"{name}: holds no kernel", hint="take kernel-core, or CentOS 7's kernel")
