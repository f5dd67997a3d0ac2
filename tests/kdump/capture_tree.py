"""A folder that looks like a capture kernel to the collector, with real disks behind its devices.

The collector runs as a program in a mount namespace of its own: what it mounts is gone when it ends.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kdive import programs
from kdive.dumpfile.open import open_dump
from kdive.formats import elf
from kdive.kdump.capture_plan import PLAN, CapturePlan, write_plan
from tests.build_dump import note
from tests.lab.need import need, need_loop_devices, need_mounts

MB = 1 << 20
TIMEOUT_S = 120
DIRECT_MAP = 0xFFFF888000000000


@dataclass(frozen=True)
class Tree:
    root: Path

    def start(self, plan: CapturePlan) -> subprocess.Popen[str]:
        """The collector, on its way."""
        path = self.root / PLAN
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(write_plan(plan))
        argv = ["unshare", "--mount", "--propagation", "private", sys.executable, "-m", "kdive", "collect"]
        return subprocess.Popen(
            [*argv, "--root", str(self.root)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def collect(self, plan: CapturePlan) -> tuple[int, str]:
        """Exit code, and what the collector wrote to its outputs."""
        with self.start(plan) as process:
            try:
                out, err = process.communicate(timeout=TIMEOUT_S)
            finally:
                process.kill()
        return process.returncode, out + err

    @property
    def said(self) -> str:
        """What went to the kernel's log."""
        return (self.root / "dev/kmsg").read_text()

    def add_device(self, name: str, device: str) -> None:
        (self.root / "dev" / name).symlink_to(device)
        (self.root / "sys/class/block" / name).mkdir(parents=True)


def make_tree(root: Path, vmcore: Path) -> Tree:
    """A capture kernel's files below `root`."""
    need_mounts()
    for name in ("proc", "dev", "run", "sys/class/block"):
        (root / name).mkdir(parents=True)
    (root / "proc/vmcore").symlink_to(vmcore)
    for name in ("kmsg", "pmsg0", "console", "watchdog0"):
        (root / "dev" / name).touch()
    (root / "proc/meminfo").write_text("MemTotal:  190000 kB\nMemFree: 100000 kB\nMemAvailable:  120000 kB\n")
    return Tree(root)


@contextmanager
def loop_device(image: Path, size: int, *mkfs: str) -> Iterator[str]:
    """A block device of `size` bytes; `mkfs` makes what is on it."""
    need_loop_devices()
    need(*mkfs[:1])
    with image.open("wb") as file:
        file.truncate(size)
    if mkfs:
        programs.run([*mkfs, str(image)])
    device = programs.run(["losetup", "--find", "--show", str(image)]).strip()
    try:
        yield device
    finally:
        programs.run(["losetup", "--detach", device])


@contextmanager
def mounted(device: str, folder: Path) -> Iterator[Path]:
    """What is on the device now."""
    folder.mkdir(exist_ok=True)
    programs.run(["mount", device, str(folder)])
    try:
        yield folder
    finally:
        programs.run(["umount", str(folder)])


def modes(folder: Path) -> dict[str, int]:
    """Name → permissions of what is in the folder."""
    return {path.name: path.stat().st_mode & 0o777 for path in sorted(folder.iterdir())}


def kdive(*argv: str) -> str:
    """Both outputs of the program."""
    done = subprocess.run([sys.executable, "-m", "kdive", *argv], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def script(path: Path, text: str) -> str:
    """An executable script; its path."""
    path.write_text("#!/bin/sh\n" + text)
    os.chmod(path, 0o755)
    return str(path)


def unfiltered(dump_path: Path, path: Path) -> Path:
    """The dump as /proc/vmcore had it: all memory of the machine; pages that were left out hold something else."""
    with open_dump(dump_path) as dump, path.open("wb") as file:
        ident = elf.Identification(8, "<")
        text = dump.vmcoreinfo_text
        notes = note("VMCOREINFO", 0, text if isinstance(text, bytes) else str(text).encode())
        loads, position = [], MB
        for segment in dump.segments():
            where = (segment.physical, DIRECT_MAP + segment.physical)
            loads.append((elf.PT_LOAD, position, where[1], where[0], segment.size, segment.size))
            position += segment.size
        table = [(elf.PT_NOTE, MB // 2, 0, 0, len(notes), len(notes)), *loads]
        e_ident = elf.MAGIC + bytes([2, 1, 1]) + bytes(9)
        sizes = (ident.ehdr.size(), ident.phdr.size(), len(table), 0, 0, 0)
        file.write(ident.ehdr(e_ident, elf.ET_CORE, 62, 1, 0, sizes[0], 0, 0, *sizes).pack("<"))
        for kind, offset, virtual, physical, size, memory in table:
            fields = {"p_type": kind, "p_offset": offset, "p_vaddr": virtual, "p_paddr": physical, "p_align": 0}
            file.write(ident.phdr(**fields, p_flags=7, p_filesz=size, p_memsz=memory).pack("<"))
        file.seek(MB // 2)
        file.write(notes)
        file.seek(MB)
        for _ in range(MB, position, MB):
            file.write(b"left out" * (MB // 8))
        for address, size in dump.kept_ranges():
            _, offset, _, start, _, _ = next(one for one in loads if one[3] <= address < one[3] + one[4])
            file.seek(offset + address - start)
            file.write(dump.read_physical(address, size))
        file.truncate(position)
    return path
