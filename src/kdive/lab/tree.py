"""Trees of unpacked packages: what a guest runs, and what a kernel's module is built with."""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from kdive import programs
from kdive.errors import KdiveError
from kdive.lab.kernel import LabKernel
from kdive.lab.store import Store
from kdive.packages.apt import ARCHES, Apt, Suite, suites
from kdive.packages.deb import unpack

Progress = Callable[[str], None]

_GUEST_SUITE = "bookworm"
_GUEST_PROGRAMS = ("busybox-static", "kexec-tools")
_GUEST_FILES = re.compile(
    r"(usr/)?(bin/busybox|sbin/kexec|lib(64)?/(\S+/)?(ld-linux[^/]*|lib(c|z|lzma|uuid|zstd|nl-\w+-\w+|yajl|xen\w+)\.so[^/]*))"
)
_MOUNTED = ("dev", "proc")
_DEVICES = {"null": (1, 3), "zero": (1, 5), "urandom": (1, 9)}  # Documentation/admin-guide/devices.txt
_BUILD_TOOLS = (
    "make",
    "dash",
    "bash",
    "coreutils",
    "sed",
    "grep",
    "mawk",
    "findutils",
    "diffutils",
    "binutils",
    "xz-utils",
)


def guest_tree(arch: str, store: Store, *, mirror: str = "", progress: Progress) -> Path:
    """Folder with what a guest of that architecture runs: a static busybox, and kexec with its libraries."""
    name = f"trees/guest-{arch}"
    with store.making(name) as new:
        if new is not None:
            suite = next(one for one in suites() if one.name == _GUEST_SUITE)
            apt = Apt(store.folder / "apt", suite, ARCHES[arch], mirror)
            apt.update(progress)
            debs, everything = new / "debs", new / "all"
            unpack(apt.download_with_depends(_GUEST_PROGRAMS, debs, progress), everything)
            _keep(everything, new)
            shutil.rmtree(everything)
            shutil.rmtree(debs)
    return store.folder / name


def _keep(everything: Path, tree: Path) -> None:
    """Copies what the guest needs; /bin and /sbin are folders of their own there, /lib a link or a folder."""
    for path in sorted((everything / "usr").rglob("*")):
        place = path.relative_to(everything / "usr")
        if not path.is_file() or not _GUEST_FILES.fullmatch(str(place)):
            continue
        target = tree / place
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)


def build_tree(kernel: LabKernel, store: Store, *, mirror: str = "", progress: Progress) -> Path:
    """Folder to change root into: the compiler of the kernel's own suite, make, and the headers of the kernel.

    Raises KdiveError for a kernel that came as a file: its suite is not known.
    """
    suite = next((one for one in suites() if one.name == kernel.suite), None)
    if suite is None:
        raise KdiveError(
            f"{kernel.release} came as a file: the zoo's module cannot be built for it",
            hint="kinds that user space brings about work: sysrq, oom-user, init-exit",
        )
    name = f"trees/build-{kernel.release}"
    with store.making(name) as new:
        if new is not None:
            debs = new / "debs"
            _build_packages(kernel, suite, store, mirror, debs, progress)
            progress(f"unpacking the compiler for {kernel.release}")
            unpack(sorted(debs.rglob("*.deb")), new)
            shutil.rmtree(debs)
            (new / "tmp").mkdir(exist_ok=True)
            (new / "usr/bin/awk").symlink_to("mawk")  # what installing it would do
    return store.folder / name


def _build_packages(kernel: LabKernel, suite: Suite, store: Store, mirror: str, into: Path, progress: Progress) -> None:
    """Downloads headers, compiler and make to `into`: all for this machine's architecture but the headers."""
    folder = store.folder / "apt"
    headers = f"linux-headers-{kernel.release}"
    apt = Apt(folder, suite, ARCHES[kernel.arch], mirror)
    apt.update(progress)
    if kernel.arch == host_arch():
        apt.download_with_depends([headers, *_BUILD_TOOLS], into, progress)
        return
    found = apt.show(headers)
    needed = [name for package in found for name in package.depends]
    found += apt.show(*(name for name in needed if name.startswith("linux-headers-")))
    compiler = next((match for name in needed if (match := re.search(r"gcc-(\d+)", name))), None)
    if compiler is None:
        raise KdiveError(f"{headers}: names no compiler", hint="is it Debian's?")
    kbuild = [name for name in needed if name.startswith("linux-kbuild-")]
    host = Apt(folder, suite, ARCHES[host_arch()], mirror)
    host.update(progress)
    cross = f"gcc-{compiler[1]}-{kernel.arch.replace('_', '-')}-linux-gnu"
    host.download_with_depends([cross, *kbuild, *_BUILD_TOOLS], into / "host", progress)
    apt.download(found, into, progress)


def host_arch() -> str:
    """This machine's architecture, as uname -m prints it."""
    return os.uname().machine


def run_in(tree: Path, script: str) -> str:
    """What the shell script prints, run with `tree` as the root folder; needs root's rights or a user namespace."""
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
    for name in _MOUNTED:
        (tree / name).mkdir(exist_ok=True)
    if os.geteuid() == 0 and not _may_mount():
        _make_stand_ins(tree)
        return programs.run(["chroot", str(tree), "/bin/sh", "-ec", script], env=environment)
    mounts = " && ".join(f'mount --rbind /{name} "{tree}/{name}"' for name in _MOUNTED)
    mounted = f'{mounts} && exec chroot "{tree}" /bin/sh -ec "$1"'
    rights = [] if os.geteuid() == 0 else ["--map-root-user"]
    return programs.run(["unshare", "--mount", *rights, "--", "sh", "-ec", mounted, "sh", script], env=environment)


def _may_mount() -> bool:
    """Whether root may mount: in most containers it may not."""
    return programs.run(["sh", "-c", "unshare --mount mount --rbind /proc /proc 2>&1 || true"]) == ""


def _make_stand_ins(tree: Path) -> None:
    """Makes what a build needs of /dev and /proc."""
    for name, (major, minor) in _DEVICES.items():
        with suppress(FileExistsError):
            os.mknod(tree / "dev" / name, stat.S_IFCHR | 0o666, os.makedev(major, minor))
    # objtool of newer kernels refuses to work without the line of its stack in it, which is for one message only.
    (tree / "proc" / "self").mkdir(exist_ok=True)
    (tree / "proc" / "self" / "maps").write_text(Path("/proc/self/maps").read_text())
