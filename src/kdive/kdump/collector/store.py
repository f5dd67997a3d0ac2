"""What every target can do: take whole files, and take the dump as a stream or in a folder."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from kdive.errors import KdiveError
from kdive.units import ByteCount

LOG = "vmcore-dmesg.txt"
VMCORE = "vmcore"
FLAT = "vmcore.flat"
INCOMPLETE = "vmcore-incomplete"


class TargetError(KdiveError):
    """The target does not take the dump: another one may."""


class Store(ABC):
    """A target that is reached. Methods raise KdiveError or OSError."""

    where: str  # for people

    def __enter__(self) -> Self:
        return self

    @abstractmethod
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None: ...

    @abstractmethod
    def put(self, name: str, data: bytes) -> None:
        """A whole file, on the disk before this returns; its name is never seen with half of it."""


class FolderStore(Store):
    """A folder of a file system, where a file can be written at any offset."""

    folder: Path

    @abstractmethod
    def room(self) -> ByteCount:
        """Bytes that may be written."""

    @abstractmethod
    def finish(self, name: str, final: str) -> None:
        """Gives the file its name once it is on the disk."""


class StreamStore(Store):
    """Takes the dump as a stream, flattened."""

    limit: int | None = None  # bytes that the stream may have

    @abstractmethod
    def stream(self) -> AbstractContextManager[BinaryIO]:
        """Where the dump is written. What raises inside leaves it incomplete."""

    @abstractmethod
    def finish_stream(self, flattened: bool) -> str:
        """Calls what was streamed complete; its name."""


class Counted:
    """A stream that knows how much went through it, and its SHA-256."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._digest = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes | memoryview) -> int:
        view = memoryview(data).cast("B")
        while view:
            written = self._stream.write(view) or 0
            self._digest.update(view[:written])
            self.size += written
            view = view[written:]
        return len(data)

    def flush(self) -> None:
        self._stream.flush()

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()
