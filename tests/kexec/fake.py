"""A kernel and a machine that answer kexec's calls as they are told to."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from kdive.facts.missing import Missing
from kdive.kexec.calls import NO_FD, FileFlag, SegmentsFlag
from kdive.kexec.load import Host
from kdive.kexec.machine import Machine
from kdive.kexec.state import State
from kdive.units import ByteCount

NOT_HERE = Missing("not here")


def state(
    crash_size: int = 256 << 20,
    lockdown: str = "none",
    disabled: bool = False,
    limit: int = -1,
    loaded: bool = False,
    crash_loaded: bool = False,
) -> State:
    return State(
        loaded, crash_loaded, ByteCount(crash_size), NOT_HERE, NOT_HERE, NOT_HERE, disabled, limit, limit, lockdown
    )


def machine(
    arch: str = "x86_64",
    may_boot: bool = True,
    container: str = "",
    secure_boot: bool | Missing = NOT_HERE,
    modules: tuple[str, ...] = (),
    config: dict[str, str] | Missing = NOT_HERE,
) -> Machine:
    return Machine(
        arch=arch,
        release="6.1.0-test",
        may_boot=may_boot,
        container=container,
        secure_boot=secure_boot,
        security_modules=modules,
        config=config,
        keyrings=(".builtin_trusted_keys", ".platform"),
        memory=ByteCount(4 << 30),
        systemd=False,
    )


@dataclass
class FakeKernel:
    """Holds images as the kernel does: one that is to be loaded for a crash is freed before the new one is checked."""

    root: Path
    known: FileFlag = FileFlag.UNLOAD | FileFlag.ON_CRASH | FileFlag.NO_INITRAMFS
    has_file_load: bool = True
    judge: Callable[[bytes, bytes], int] = lambda kernel, initrd: 0  # what it says of the files
    busy: int = 0  # calls that find the lock taken
    loaded: dict[bool, tuple[bytes, bytes, str] | None] = field(default_factory=lambda: {True: None, False: None})
    asked: list[FileFlag] = field(default_factory=list)
    done: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._write()

    def file_load(self, kernel_fd: int, initrd_fd: int, cmdline: str, flags: FileFlag) -> int:
        if not self.has_file_load:
            return errno.ENOSYS
        self.asked.append(flags)
        if self.busy:
            self.busy -= 1
            return errno.EBUSY
        if flags & ~self.known or (initrd_fd == NO_FD and not flags & (FileFlag.NO_INITRAMFS | FileFlag.UNLOAD)):
            return errno.EINVAL
        crash = bool(flags & FileFlag.ON_CRASH)
        if flags & FileFlag.UNLOAD:
            return self._hold(crash, None)
        if crash:
            self._hold(crash, None)
        kernel, initrd = _content(kernel_fd), b"" if initrd_fd == NO_FD else _content(initrd_fd)
        return self.judge(kernel, initrd) or self._hold(crash, (kernel, initrd, cmdline))

    def segments_unload(self, flags: SegmentsFlag) -> int:
        return self._hold(bool(flags & SegmentsFlag.ON_CRASH), None)

    def remount_read_only(self, folder: str) -> int:
        self.done.append(f"remount {folder}")
        return 0

    def sync(self) -> None:
        self.done.append("sync")

    def start(self) -> int:
        self.done.append("start")
        return 0 if self.loaded[False] else errno.EINVAL

    def host(self, tool_folders: str = "") -> Host:
        return Host(
            self, self.root, sleep=lambda seconds: self.done.append(f"sleep {seconds}"), tool_folders=tool_folders
        )

    def _hold(self, crash: bool, image: tuple[bytes, bytes, str] | None) -> int:
        self.loaded[crash] = image
        self._write()
        return 0

    def _write(self) -> None:
        files = {
            "sys/kernel/kexec_loaded": str(int(self.loaded[False] is not None)),
            "sys/kernel/kexec_crash_loaded": str(int(self.loaded[True] is not None)),
            "sys/kernel/kexec_crash_size": str(256 << 20),
            "proc/cmdline": "BOOT_IMAGE=/vmlinuz root=/dev/vda1 ro crashkernel=256M",
            "proc/self/status": "CapEff:\t000001ffffffffff\n",
        }
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)


def _content(fd: int) -> bytes:
    return os.pread(fd, 1 << 24, 0)
