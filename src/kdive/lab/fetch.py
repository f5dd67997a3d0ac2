"""Kernels of Debian, fetched into the store."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from kdive.errors import KdiveError
from kdive.lab import rpm
from kdive.lab.kernel import LabKernel
from kdive.lab.store import Store, release_key
from kdive.packages.apt import ARCHES, Apt, Package, Suite, suites
from kdive.packages.deb import unpack, unpack_some

Progress = Callable[[str], None]

NEWEST = "newest"
_NEWEST_SUITES = ("testing", "unstable")


@dataclass(frozen=True)
class Available:
    """A kernel that a suite has."""

    release: str
    suite: str
    package: Package
    size: int  # bytes to download, with the packages that the image is split into


def available(store: Store, arch: str, *, mirror: str = "", progress: Progress) -> list[Available]:
    """Every cloud kernel of every suite, oldest release first; of the same release, the first suite's.

    A suite that cannot be asked is left out. Raises KdiveError when none can.
    """
    found: dict[str, Available] = {}
    unread: list[KdiveError] = []
    for suite in suites():
        try:
            for one in _in_suite(store, suite, arch, mirror, progress):
                found.setdefault(one.release, one)
        except KdiveError as error:
            unread.append(error)
    if not found and unread:
        raise unread[0]
    return sorted(found.values(), key=lambda one: release_key(one.release))


def fetch(
    store: Store, name: str, arch: str, *, debuginfo: bool = False, mirror: str = "", progress: Progress
) -> LabKernel:
    """The kernel `name`: a release, the start of one ("6.1"), "newest", or an RPM file or its address.

    One that is in the store is taken from there; so is the newest, when no suite can be asked whether there is a newer
    one. Raises KdiveError where no suite has it.
    """
    if arch not in ARCHES:
        raise KdiveError(f"{arch}: the lab has no kernels of this architecture", hint=", ".join(ARCHES))
    if name.endswith(".rpm"):
        return rpm.fetch(store, name, arch, progress)
    here = [one for one in store.kernels() if one.arch == arch]
    called = [one for one in here if name != NEWEST and _is_called(one.release, name)]
    kernel = called[-1] if called else None
    if kernel is None or (debuginfo and store.debug_dir(kernel.release) is None):
        wanted = kernel.release if kernel else name
        try:
            suite, one = _find(store, wanted, arch, mirror, progress)
        except KdiveError as error:
            newest = [one for one in here if name == NEWEST and one.suite in _NEWEST_SUITES]
            if not newest or debuginfo:
                raise
            progress(f"{error.message}: taking {newest[-1].release}, the newest that is here")
            return newest[-1]
        kernel = _kernel(store, suite, one, arch, mirror, progress)
        if debuginfo:
            _debuginfo(store, suite, kernel, mirror, progress)
    return kernel


def _is_called(release: str, name: str) -> bool:
    return release == name or release.startswith((f"{name}.", f"{name}-", f"{name}+"))


def _find(store: Store, name: str, arch: str, mirror: str, progress: Progress) -> tuple[Suite, Available]:
    newest: list[tuple[Suite, Available]] = []
    unread: list[KdiveError] = []
    for suite in suites():
        if name == NEWEST and suite.name not in _NEWEST_SUITES:
            continue
        try:
            found = [(suite, one) for one in _in_suite(store, suite, arch, mirror, progress)]
        except KdiveError as error:
            unread.append(error)  # a mirror may be behind with one suite: another may have it
            continue
        if name != NEWEST:
            found = [(suite, one) for suite, one in found if _is_called(one.release, name)]
            if found:
                return found[-1]
            continue
        newest += found
    if not newest:
        hint = f"not every suite could be asked: {unread[0].message}" if unread else "`kdive lab kernels` lists them"
        raise KdiveError(f"{name}: no suite of Debian has such a kernel for {arch}", hint=hint)
    return max(newest, key=lambda pair: release_key(pair[1].release))


def _in_suite(store: Store, suite: Suite, arch: str, mirror: str, progress: Progress) -> Iterator[Available]:
    """The suite's cloud kernels, oldest first: small, and with all that kdump needs."""
    apt = Apt(store.folder / "apt", suite, ARCHES[arch], mirror)
    apt.update(progress)
    # Three numbers: packages with two, such as linux-image-6.1-cloud-amd64, only name another one.
    names = apt.names(rf"linux-image-\d+\.\d+\.\d[^ ]*-cloud-{ARCHES[arch]}")
    found = []
    for image in apt.show(*names):
        release = image.name.removeprefix("linux-image-")
        found.append(Available(release, suite.name, image, sum(part.size for part in _parts(apt, image, release))))
    yield from sorted(found, key=lambda one: release_key(one.release))


def _kernel(store: Store, suite: Suite, one: Available, arch: str, mirror: str, progress: Progress) -> LabKernel:
    with store.making(f"kernels/{one.release}") as new:
        if new is not None:
            apt = Apt(store.folder / "apt", suite, ARCHES[arch], mirror)
            debs = new / "debs"
            unpack(apt.download(_parts(apt, one.package, one.release), debs, progress), new)
            shutil.rmtree(debs)
            store.describe(new, LabKernel(one.release, arch, one.package.version, suite.name, new))
    return store.kernel(one.release)


def _parts(apt: Apt, image: Package, release: str) -> list[Package]:
    """The image's package, and those of the same release that it is split into."""
    parts = [image]
    for package in parts:
        known = {part.name for part in parts}
        names = [name for name in package.depends if name not in known and _is_part(name, release)]
        parts += apt.show(*names)
    return parts


def _is_part(name: str, release: str) -> bool:
    return name.startswith("linux-") and release.rpartition("-cloud")[0] in name and "headers" not in name


def _debuginfo(store: Store, suite: Suite, kernel: LabKernel, mirror: str, progress: Progress) -> None:
    apt = Apt(store.folder / "apt", suite, ARCHES[kernel.arch], mirror)
    found = [replace(one, version=kernel.version) for one in apt.show(f"linux-image-{kernel.release}-dbg")]
    if not found:
        raise KdiveError(f"{kernel.release}: {suite.name} has no debuginfo of it", hint="a newer kernel may have")
    with store.making(f"debuginfo/{kernel.release}") as new:
        if new is not None:
            debs = new / "debs"
            [deb] = apt.download(found, debs, progress)
            progress(f"unpacking the debuginfo of {kernel.release}")
            unpack_some(deb, new, f"*/vmlinux-{kernel.release}")
            shutil.rmtree(debs)
