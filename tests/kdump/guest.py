"""A machine with a disk of its own: Debian's Python, kdive from its wheel, a kernel, and no initramfs tools.

It boots from the disk as a server does; what it shall do is the word `kdive.do=` on its command line.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import distribution
from pathlib import Path

from kdive import programs
from kdive.formats import cpio
from kdive.lab import kernel_modules
from kdive.lab.guest_run import Guest
from kdive.lab.machine import MIB, Disk, Machine, board
from kdive.lab.prepare import Bench
from kdive.lab.store import Store
from kdive.packages.apt import ARCHES, Apt, suites
from kdive.packages.deb import unpack
from kdive.units import ByteCount

ROOT = Path(__file__).parent.parent.parent
MEMORY = ByteCount(1024 * MIB)
DISK_BYTES = 1536 * MIB
DONE = "kdive-test: done"
_TIMEOUT_S = 300
_PACKAGES = ("python3", "libstdc++6", "util-linux", "busybox-static", "squashfs-tools", "kmod")
_TREE = "trees/guest-disk-x86_64"
_LEFT_OUT = (
    "usr/share/doc",
    "usr/share/man",
    "usr/share/locale",
    "usr/share/perl",
    "usr/lib/x86_64-linux-gnu/perl-base",
)
_DISTRIBUTIONS = ("numpy", "zstandard", "drgn", "cramjam", "lzallright", "jinja2", "markupsafe", "shtab")
_PLACE = "usr/local/lib/python3.11/dist-packages"

_FIRST = """\
#!/bin/sh
/bin/busybox --install -s /bin
mkdir -p /proc /sys /dev /disk
mount -t proc proc /proc
mount -t devtmpfs devtmpfs /dev
for module in $(cat /modules/order); do insmod /modules/$module.ko; done
tries=0
while [ ! -b /dev/vda ] && [ $tries -lt 100 ]; do tries=$((tries + 1)); sleep 0.1; done
mount -t ext4 /dev/vda /disk
umount /proc
mount --move /dev /disk/dev
exec switch_root /disk /sbin/init
"""
_INIT = """\
#!/bin/sh
/bin/busybox --install -s /usr/bin
export PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
if [ $$ = 1 ]; then # else systemd has done it
    mount -t proc proc /proc
    mount -t sysfs sysfs /sys
    mount -t tmpfs tmpfs /run
    mkdir -p /run/lock
fi
exec </dev/console >/dev/console 2>&1
hostname crashbox
say() { echo "kdive-test: $*"; }
do=$(sed -n 's/.*kdive\\.do=\\([a-z-]*\\).*/\\1/p' /proc/cmdline)
say "up for ${do:-nothing}"
. "/do/$do"
say done
sync
poweroff -f
"""


def user_space(store: Store, more: Sequence[str] = ()) -> Path:
    """Folder with a Debian that runs Python, with `more` packages; none of them is configured."""
    name = "-".join((_TREE, *more))
    with store.making(name) as new:
        if new is not None:
            suite = next(one for one in suites() if one.name == "bookworm")  # its Python is of 3.11
            apt = Apt(store.folder / "apt", suite, ARCHES["x86_64"])
            apt.update(lambda what: None)
            unpack(apt.download_with_depends((*_PACKAGES, *more), new / "debs", lambda what: None), new)
            for folder in ("debs", *_LEFT_OUT):
                shutil.rmtree(new / folder, ignore_errors=True)
            if not (new / "usr/bin/sh").exists():
                (new / "usr/bin/sh").symlink_to("busybox")
    return store.folder / name


def wheel(folder: Path) -> Path:
    argv = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(argv, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("kdive-*.whl"))


def make_disk(
    benches: Sequence[Bench], tree: Path, scripts: dict[str, str], work: Path, files: Mapping[str, str] | None = None
) -> Path:
    """An ext4 file system with all of it, and with the kernels of `benches`; `scripts` are run by their name."""
    root = work / "root"
    shutil.copytree(tree, root, symlinks=True)
    place = root / _PLACE
    place.mkdir(parents=True)
    for name in _DISTRIBUTIONS:
        _install(name, place)
    zipfile.ZipFile(wheel(work)).extractall(place)
    _write(root / "usr/local/bin/kdive", "#!/usr/bin/python3\nfrom kdive.cli.main import program\nprogram()\n")
    for bench in benches:
        _add_kernel(bench, root)
    _write(root / "do-it", _INIT)
    if not os.path.lexists(root / "sbin/init"):  # systemd's is a link to where it lies on the guest
        (root / "sbin/init").symlink_to("/do-it")
    for name, script in scripts.items():
        _write(root / "do" / name, script)
    for name, text in (files or {}).items():
        _write(root / name, text)
    for name in ("proc", "sys", "dev", "run", "tmp", "root", "boot"):
        (root / name).mkdir(exist_ok=True)
    image = work / "disk.img"
    with image.open("wb") as file:
        file.truncate(DISK_BYTES)
    programs.run(["mke2fs", "-q", "-F", "-t", "ext4", "-d", str(root), str(image)])
    shutil.rmtree(root)
    return image


def _install(name: str, place: Path) -> None:
    """Copies a package as pip has installed it here."""
    for file in distribution(name).files or ():
        source = Path(str(file.locate()))
        if ".." in file.parts or "__pycache__" in file.parts or not source.is_file():
            continue
        (place / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, place / file)


def _add_kernel(bench: Bench, root: Path) -> None:
    kernel = bench.kernel
    (root / "boot").mkdir(exist_ok=True)
    shutil.copyfile(kernel.vmlinuz, root / f"boot/vmlinuz-{kernel.release}")
    shutil.copytree(kernel.modules, root / "lib/modules" / kernel.release, dirs_exist_ok=True, symlinks=True)
    programs.run(["chroot", str(root), "depmod", kernel.release])


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def boot(bench: Bench, disk: Path, work: Path, do: str, *, cmdline: Sequence[str] = ()) -> str:
    """Boots the machine from `disk` and gives its console until it ends."""
    with running(bench, disk, work, do, cmdline=cmdline) as machine:
        if machine.wait_for((DONE,), _TIMEOUT_S):
            machine.wait_for((), 20)  # it switches itself off
    return machine.text


@contextmanager
def running(
    bench: Bench,
    disk: Path,
    work: Path,
    do: str,
    *,
    cmdline: Sequence[str] = (),
    memory: ByteCount = MEMORY,
    cpus: int = 2,
) -> Iterator[Guest]:
    """The machine, booted from `disk`; it is switched off when the context ends."""
    initramfs = work / "initramfs"
    initramfs.write_bytes(_first_programs(bench))
    machine = Machine(
        arch="x86_64",
        kernel=bench.kernel.vmlinuz,
        initramfs=initramfs,
        cmdline=(f"console={board('x86_64').console}", "panic=10", f"kdive.do={do}", *cmdline),
        memory=memory,
        cpus=cpus,
        console_log=work / f"console-{do}",
        accel=bench.accel,
        disks=(Disk(disk),),
    )
    with Guest(machine, work) as guest:
        yield guest


def _first_programs(bench: Bench) -> bytes:
    busybox = (bench.tree / "bin" / "busybox").read_bytes()
    found = kernel_modules.modules(bench.kernel, (*kernel_modules.DISK, "ext4"))
    return cpio.archive(
        [
            cpio.file("init", _FIRST.encode(), executable=True),
            cpio.file("bin/busybox", busybox, executable=True),
            cpio.link("bin/sh", "busybox"),
            cpio.file("modules/order", " ".join(name for name, _ in found).encode()),
            *(cpio.file(f"modules/{name}.ko", data) for name, data in found),
        ]
    )
