"""The capture kernel around the collector: what it says and where, how much memory is left, how it ends."""

from __future__ import annotations

import ctypes
import os
import time
from contextlib import suppress
from pathlib import Path

from kdive.kexec.small_files import read_small
from kdive.units import ByteCount

# include/uapi/linux/reboot.h
_REBOOT = {"reboot": 0x01234567, "halt": 0xCDEF0123, "poweroff": 0x4321FEDC}
_PMSG_BYTES = 60 << 10  # of one record of pstore, most of which are 64 KB
_CONSOLE_BYTES = 32 << 10  # a serial line takes a second for 11 KB


class Console:
    """Says things where somebody may read them afterwards: the kernel's own log goes to its consoles."""

    def __init__(self, root: Path) -> None:
        self._kmsg = root / "dev/kmsg"
        self._root = root

    def say(self, text: str) -> None:
        """One line."""
        self._write(self._kmsg, f"<5>kdive: {text}\n".encode("utf-8", "replace")[:900])

    def keep_log(self, log: bytes) -> bool:
        """The end of the log where it survives without a disk: pstore, and the console. Whether either took it."""
        kept = self._write(self._root / "dev/pmsg0", log[-_PMSG_BYTES:])
        return self._write(self._root / "dev/console", log[-_CONSOLE_BYTES:]) or kept

    @staticmethod
    def _write(path: Path, data: bytes) -> bool:
        try:
            fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            while data:
                data = data[os.write(fd, data) :]
        except OSError:
            return False
        finally:
            os.close(fd)
        return True


class Watchdog:
    """Keeps the machine from being reset, for as long as there is progress."""

    def __init__(self, root: Path) -> None:
        self._fds: list[int] = []
        for path in sorted((root / "dev").glob("watchdog[0-9]*")):
            with suppress(OSError):
                self._fds.append(os.open(path, os.O_WRONLY | os.O_CLOEXEC))

    def pet(self) -> None:
        for fd in self._fds:
            with suppress(OSError):
                os.write(fd, b".")

    def disarm(self) -> None:
        """For a machine that stays up: "V" is the word for it, Documentation/watchdog/watchdog-api.rst."""
        for fd in self._fds:
            with suppress(OSError):
                os.write(fd, b"V")
            os.close(fd)
        self._fds = []


class MemoryUse:
    """How scarce memory became."""

    def __init__(self, root: Path) -> None:
        self._path = root / "proc/meminfo"
        self.total, self.lowest = self._read()

    def sample(self) -> None:
        self.lowest = min(self.lowest, self._read()[1])

    @property
    def peak(self) -> ByteCount:
        """The most that was in use."""
        return ByteCount(self.total - self.lowest)

    def _read(self) -> tuple[ByteCount, ByteCount]:
        try:
            rows = (line.split() for line in read_small(self._path).decode("ascii", "replace").splitlines())
            kilobytes = {row[0]: int(row[1]) for row in rows if len(row) > 1 and row[1].isdecimal()}
        except OSError:
            return ByteCount(0), ByteCount(0)
        return ByteCount(kilobytes.get("MemTotal:", 0) << 10), ByteCount(kilobytes.get("MemAvailable:", 0) << 10)


def end(action: str) -> None:
    """Does the final action by system call; returns only where the kernel refuses, after having tried SysRq too."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.reboot(ctypes.c_int(ctypes.c_int32(_REBOOT[action]).value))
    with suppress(OSError):
        Path("/proc/sysrq-trigger").write_text("o" if action == "poweroff" else "b")
    time.sleep(5)
