"""Machines that load kernels by kdive: a real kernel in QEMU, Debian's Python, and kdive as it lies here."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import kdive
from kdive.formats import cpio
from kdive.formats.cpio import CpioEntry
from kdive.lab import kernel_modules
from kdive.lab.guest_run import Guest
from kdive.lab.machine import MIB, Disk, Machine, board
from kdive.lab.prepare import Bench
from kdive.lab.store import Store
from kdive.packages.apt import ARCHES, Apt, suites
from kdive.packages.deb import unpack
from kdive.units import ByteCount

MEMORY = ByteCount(1024 * MIB)
DONE = "kdive-test: done"  # the script came to its end
_PYTHON = ("python3-minimal", "libpython3-stdlib", "busybox-static", "kexec-tools")
_PYTHON_TREE = "trees/guest-python-{arch}"
# Of what the packages bring, nothing that a program without a terminal needs.
_LEFT_OUT = ("share", "include", "test", "idlelib", "lib2to3", "ensurepip", "pydoc_data", "tkinter", "gconv", "perl")
_TIMEOUT_S = 300
_SOURCE = Path(kdive.__file__).parent

_START = """\
#!/bin/sh
/bin/busybox --install -s /bin
export PATH=/bin:/sbin:/usr/bin HOME=/
mkdir -p /proc /sys /dev /tmp /run
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
exec </dev/console >/dev/console 2>&1
say() { echo "kdive-test: $*"; }
kdive() { PYTHONPATH=/kdive python3.11 -S -m kdive "$@"; }
called_kexec() { PYTHONPATH=/kdive python3.11 -S /kdive/kexec "$@"; }
"""


def python_tree(store: Store, arch: str = "x86_64") -> Path:
    """Folder with a Python and a busybox as a guest of that architecture runs them."""
    name = _PYTHON_TREE.format(arch=arch)
    with store.making(name) as new:
        if new is not None:
            suite = next(one for one in suites() if one.name == "bookworm")  # its Python is of 3.11
            apt = Apt(store.folder / "apt", suite, ARCHES[arch])
            apt.update(lambda what: None)
            debs, everything = new / "debs", new / "all"
            unpack(apt.download_with_depends(_PYTHON, debs, lambda what: None), everything)
            for path in _needed(everything / "usr"):
                target = new / "usr" / path.relative_to(everything / "usr")
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, target, follow_symlinks=True)
            shutil.rmtree(everything)
            shutil.rmtree(debs)
    return store.folder / name


def _needed(usr: Path) -> Iterator[Path]:
    for path in sorted(usr.rglob("*")):
        place = path.relative_to(usr)
        wanted = place.parts[0].startswith("lib") or place.name in ("python3.11", "busybox", "kexec")
        if wanted and path.is_file() and not set(_LEFT_OUT) & set(place.parts):
            yield path


def initramfs(script: str, tree: Path, files: Mapping[str, bytes], with_kdive: bool = True) -> bytes:
    """What runs `script` with the busybox of `tree`, and with its Python and kdive, then switches off."""
    text = f"{_START}\n{script}\nsay done\nsync\npoweroff -f\n"
    busybox = next(path for path in tree.rglob("busybox") if path.is_file())
    entries = [
        cpio.file("init", text.encode(), executable=True),
        cpio.file("bin/busybox", busybox.read_bytes(), executable=True),
        cpio.link("bin/sh", "busybox"),
        *(cpio.file(name, data) for name, data in files.items()),
    ]
    if with_kdive:
        entries += [*_tree(tree), *_kdive(), cpio.link("lib", "usr/lib"), cpio.link("lib64", "usr/lib64")]
    return cpio.archive(entries)


def _tree(tree: Path) -> Iterator[CpioEntry]:
    for path in sorted((tree / "usr").rglob("*")):
        if path.is_file():
            executable = bool(path.stat().st_mode & 0o111)
            yield cpio.file(str(path.relative_to(tree)), path.read_bytes(), executable)


def _kdive() -> Iterator[CpioEntry]:
    yield cpio.file("kdive/kexec", b"from kdive.cli.main import program\nprogram()\n")
    for path in sorted(_SOURCE.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts and "lab" not in path.relative_to(_SOURCE).parts[:1]:
            yield cpio.file(f"kdive/kdive/{path.relative_to(_SOURCE)}", path.read_bytes())


def capture(tree: Path) -> bytes:
    """What a capture kernel runs: it says how large the dump is."""
    return initramfs('say "capture kernel, vmcore of $(stat -c %s /proc/vmcore) bytes"', tree, {}, with_kdive=False)


def second(tree: Path) -> bytes:
    """What a kernel runs that was started by the one before: it says its command line."""
    return initramfs('say "second kernel: $(cat /proc/cmdline)"', tree, {}, with_kdive=False)


def modules(bench: Bench, *names: str) -> dict[str, bytes]:
    """Files for a guest that loads these modules by `insmod /modules/*`, in the order in which they are needed."""
    found = kernel_modules.modules(bench.kernel, names)
    return {f"modules/{number:02}-{name}.ko": data for number, (name, data) in enumerate(found)}


def run(bench: Bench, folder: Path, archive: bytes, cmdline: Sequence[str] = (), disk: Path | None = None) -> str:
    """What the machine prints until a script in it is done, or it ends."""
    (folder / "initramfs").write_bytes(archive)
    arch = bench.kernel.arch
    machine = Machine(
        arch=arch,
        kernel=bench.kernel.vmlinuz,
        initramfs=folder / "initramfs",
        cmdline=(f"console={board(arch).console}", "loglevel=4", "panic=-1", *cmdline),
        memory=MEMORY,
        cpus=1,
        console_log=folder / "console.log",
        accel=bench.accel,
        disks=(Disk(disk),) if disk else (),
    )
    with Guest(machine, folder) as guest:
        guest.wait_for((DONE,), _TIMEOUT_S)
        return guest.text
