"""Bytes by offset: from a file, or from something that stands for one."""

from __future__ import annotations

import errno
import os
from abc import ABC, abstractmethod
from pathlib import Path

from kdive.errors import DumpDamagedError, DumpError, PageAbsentError

READ_LIMIT_BYTES = 1 << 30  # no part of a dump is read in one piece larger than this
_OFFSET_LIMIT = 1 << 63  # of off_t


class ByteSource(ABC):
    """A file's content; `size` in bytes. Reads keep no position."""

    size: int

    @abstractmethod
    def read(self, offset: int, size: int) -> bytes:
        """Exactly `size` bytes. Raises DumpDamagedError where the content ends before."""

    @abstractmethod
    def close(self) -> None:
        """Closes the file."""

    def read_into(self, offset: int, buffer: memoryview) -> None:
        """Fills `buffer` from `offset` on. Raises DumpDamagedError where the content ends before."""
        buffer[:] = self.read(offset, len(buffer))

    def read_up_to(self, offset: int, size: int) -> bytes:
        """As many of the `size` bytes as there are."""
        return self.read(offset, min(size, self.size - offset)) if offset < self.size else b""

    def check(self, offset: int, size: int) -> None:
        """Raises DumpDamagedError unless the range lies within the content and can be read in one piece."""
        if size < 0 or offset < 0 or size > READ_LIMIT_BYTES or offset + size > self.size:
            raise DumpDamagedError(
                f"{size} bytes at offset {offset:#x} lie past the end of the file ({self.size} bytes)",
                hint="the copy is cut short; compare its size with the original",
            )


class FileSource(ByteSource):
    """A file, read with pread: no memory map, so that a file that shrinks is an error and not a signal."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd = open_file(path)
        self.size = os.fstat(self._fd).st_size

    def read(self, offset: int, size: int) -> bytes:
        self.check(offset, size)
        try:
            data = os.pread(self._fd, size, offset)
            while len(data) < size:
                more = os.pread(self._fd, size - len(data), offset + len(data))
                if not more:
                    break
                data += more
        except OSError as error:
            raise DumpDamagedError(
                f"{self.path}: reading at offset {offset:#x} failed: {os.strerror(error.errno or errno.EIO)}",
                hint="check the disk and the file system (dmesg of this machine)",
            ) from error
        if len(data) < size:
            raise DumpDamagedError(f"{self.path}: ends before offset {offset + size:#x}", hint="it became shorter")
        return data

    def read_into(self, offset: int, buffer: memoryview) -> None:
        filled, size = 0, len(buffer)
        while filled < size:
            try:
                count = os.preadv(self._fd, (buffer[filled:] if filled else buffer,), offset + filled)
            except (OSError, OverflowError, ValueError) as error:
                self.check(offset, size)
                if not isinstance(error, OSError):
                    raise
                raise DumpDamagedError(
                    f"{self.path}: reading at offset {offset + filled:#x} failed: {error.strerror}"
                ) from error
            if count == 0:
                raise DumpDamagedError(f"{self.path}: ends before offset {offset + size:#x}")
            filled += count

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class LiveSource(FileSource):
    """/proc/kcore: its size says nothing, and what is not mapped there cannot be read."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.size = _OFFSET_LIMIT - 1

    def read(self, offset: int, size: int) -> bytes:
        try:
            return super().read(offset, size)
        except DumpDamagedError as error:
            raise PageAbsentError(f"{self.path}: offset {offset:#x} is not mapped") from error


def open_file(path: Path) -> int:
    """A file descriptor. Raises DumpError that says why the file cannot be opened."""
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError as error:
        raise DumpError(
            f"{path}: no such file", hint="check the path; crash dumps usually lie in /var/crash"
        ) from error
    except PermissionError as error:
        raise DumpError(f"{path}: permission denied", hint="crash dumps belong to root: try it with sudo") from error
    except (OSError, ValueError) as error:
        reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
        raise DumpError(f"{path}: cannot be opened: {reason}", hint="check the path") from error
