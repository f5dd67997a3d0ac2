"""The system calls. glibc has no functions for them, so they are made by number.

Source: kexec_load(2), reboot(2), include/uapi/linux/kexec.h.
"""

from __future__ import annotations

import ctypes
import errno
import os
from enum import IntFlag
from typing import Protocol

from kdive.formats.machines import of_utsname

# uname -m → kexec_file_load, kexec_load
_NUMBERS: dict[str, tuple[int | None, int]] = {
    "x86_64": (320, 246),
    "i686": (None, 283),
    "aarch64": (294, 104),
    "riscv64": (294, 104),
    "loongarch64": (294, 104),
    "arm": (None, 347),
    "ppc64le": (382, 268),
    "ppc64": (382, 268),
    "s390x": (381, 277),
    "parisc64": (355, 300),
    "parisc": (355, 300),
}
_RB_KEXEC = 0x45584543  # LINUX_REBOOT_CMD_KEXEC
_MS_RDONLY, _MS_REMOUNT = 1, 32
NO_FD = -1


class FileFlag(IntFlag):
    """Flags of kexec_file_load: include/uapi/linux/kexec.h, KEXEC_FILE_…"""

    UNLOAD = 1
    ON_CRASH = 2
    NO_INITRAMFS = 4
    DEBUG = 8  # cbc2fe9d9cb2 "kexec_file: add kexec_file flag to control debug printing", v6.8
    NO_CMA = 0x10  # 07d24902977e "kexec: enable CMA based contiguous allocation", v6.17
    FORCE_DTB = 0x20  # x86 alone


class SegmentsFlag(IntFlag):
    """Flags of kexec_load."""

    ON_CRASH = 1


class Calls(Protocol):
    """What kexec asks of the running kernel; each gives 0 or an errno."""

    def file_load(self, kernel_fd: int, initrd_fd: int, cmdline: str, flags: FileFlag) -> int: ...

    def segments_unload(self, flags: SegmentsFlag) -> int: ...

    def remount_read_only(self, folder: str) -> int: ...

    def sync(self) -> None: ...

    def start(self) -> int: ...


class SystemCalls:
    """The calls of the kernel that runs."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        machine = of_utsname(os.uname().machine, ctypes.sizeof(ctypes.c_void_p))
        numbers: tuple[int | None, int | None] = _NUMBERS.get(machine, (None, None))
        self._file_load, self._load = numbers

    def file_load(self, kernel_fd: int, initrd_fd: int, cmdline: str, flags: FileFlag) -> int:
        """kexec_file_load(2); `initrd_fd` is NO_FD for none."""
        text = os.fsencode(cmdline) + b"\0"  # the kernel counts the NUL
        return self._call(self._file_load, kernel_fd, initrd_fd, len(text), text, int(flags))

    def segments_unload(self, flags: SegmentsFlag) -> int:
        """kexec_load(2) with no segments, which unloads."""
        return self._call(self._load, 0, 0, None, int(flags))

    def remount_read_only(self, folder: str) -> int:
        """mount(2) of what is mounted on `folder`, read-only from now on."""
        ctypes.set_errno(0)
        flags = ctypes.c_ulong(_MS_REMOUNT | _MS_RDONLY)
        done = self._libc.mount(None, ctypes.c_char_p(os.fsencode(folder)), None, flags, None)
        return 0 if done == 0 else ctypes.get_errno()

    def sync(self) -> None:
        """Writes what is in memory to the disks."""
        os.sync()

    def start(self) -> int:
        """reboot(2) into the loaded kernel; returns when there is none, or it may not be started."""
        ctypes.set_errno(0)
        return 0 if self._libc.reboot(ctypes.c_int(_RB_KEXEC)) == 0 else ctypes.get_errno()

    def _call(self, number: int | None, *arguments: int | bytes | None) -> int:
        if number is None:
            return errno.ENOSYS
        words = [
            ctypes.c_char_p(one) if one is None or isinstance(one, bytes) else ctypes.c_long(one) for one in arguments
        ]
        ctypes.set_errno(0)
        return 0 if self._libc.syscall(ctypes.c_long(number), *words) == 0 else ctypes.get_errno()
