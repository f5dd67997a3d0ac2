"""Where a dump is written: a file, by offset. A pipe is kdive.engine.flattened_writer's."""

from __future__ import annotations

import contextlib
import errno
import os
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from kdive.engine.writing import OutputError, OutputFullError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_MODE = 0o600  # dumps hold secrets


class Output(ABC):
    """Bytes by offset. Raises OutputFullError where no more fit, OutputError where writing fails."""

    name: str

    def __init__(self, limit_bytes: int | None = None) -> None:
        self.size = 0  # bytes up to the last that was written or reserved
        self._limit = limit_bytes

    def write(self, offset: int, data: Any) -> None:
        """Writes all bytes of the buffer `data` at `offset`."""
        view = memoryview(data).cast("B")
        self.check_room(offset + len(view))
        self._write(offset, view)
        self.size = max(self.size, offset + len(view))

    def check_room(self, end: int) -> None:
        """Raises OutputFullError if the output may not grow to `end` bytes."""
        if self._limit is not None and end > self._limit:
            raise OutputFullError(f"{self.name}: the dump reached the limit of {self._limit} bytes")

    @abstractmethod
    def _write(self, offset: int, data: memoryview) -> None: ...

    @abstractmethod
    def reserve(self, size: int) -> None:
        """Makes sure that the first `size` bytes fit; they read as zeros until they are written."""

    @abstractmethod
    def sync(self) -> None:
        """Returns when all that was written will survive a power failure."""

    @abstractmethod
    def finish(self) -> None:
        """Writes what belongs behind the last byte."""

    @abstractmethod
    def close(self) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class FileOutput(Output):
    """A new file; one that is there is replaced if `overwrite` says so."""

    def __init__(self, path: Path, *, overwrite: bool = False, limit_bytes: int | None = None) -> None:
        super().__init__(limit_bytes)
        self.path = path
        self.name = str(path)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | (os.O_TRUNC if overwrite else os.O_EXCL)
        try:
            self._fd = os.open(path, flags, _MODE)
        except FileExistsError as error:
            raise OutputError(f"{path}: is there already", hint="give another name, or allow overwriting") from error
        except OSError as error:
            raise OutputError(f"{path}: cannot be written: {error.strerror}", hint="check the folder") from error

    def _write(self, offset: int, data: memoryview) -> None:
        while data:
            try:
                written = os.pwrite(self._fd, data, offset)
            except OSError as error:
                raise _failed(self.name, error) from error
            data, offset = data[written:], offset + written

    def read(self, offset: int, size: int) -> bytes:
        """`size` bytes that were written or reserved before."""
        data = os.pread(self._fd, size, offset)
        return data + bytes(size - len(data))

    def reserve(self, size: int) -> None:
        self.check_room(size)
        try:
            os.posix_fallocate(self._fd, 0, size)
        except OSError as error:
            if error.errno in _FULL:
                raise _failed(self.name, error) from error
            with contextlib.suppress(OSError):  # a file system that reserves nothing grows when it is written
                os.ftruncate(self._fd, size)
        self.size = max(self.size, size)

    def sync(self) -> None:
        try:
            os.fsync(self._fd)
        except OSError as error:
            if error.errno != errno.EINVAL:  # not a file that can be synced
                raise _failed(self.name, error) from error

    def finish(self) -> None:
        """A file needs nothing."""

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _failed(name: str, error: OSError) -> OutputError | OutputFullError:
    if error.errno in _FULL:
        return OutputFullError(f"{name}: {error.strerror}", hint="exclude more pages with a higher dump level")
    return OutputError(f"{name}: writing failed: {error.strerror}", hint="check the disk (dmesg of this machine)")
