"""Writes a dump into a pipe: each piece goes with its offset, and the reader puts them in order."""

from __future__ import annotations

import errno
from typing import BinaryIO

from kdive.engine.output import Output
from kdive.engine.writing import OutputError
from kdive.formats import flattened

_TYPE_FLAT_HEADER = 1
_VERSION_FLAT_HEADER = 1


class FlattenedOutput(Output):
    """The flattened format on `stream`, which need not be a file. Raises BrokenPipeError when nobody reads it."""

    def __init__(self, stream: BinaryIO, *, name: str = "standard output", limit_bytes: int | None = None) -> None:
        super().__init__(limit_bytes)
        self.name = name
        self._stream = stream
        header = flattened.FlattenedHeader(flattened.SIGNATURE, _TYPE_FLAT_HEADER, _VERSION_FLAT_HEADER)
        self._put(header.pack(">").ljust(flattened.HEADER_BYTES, b"\0"))

    def _write(self, offset: int, data: memoryview) -> None:
        if data:
            self._put(flattened.FlattenedRecord(offset, len(data)).pack(">"))
            self._put(data)

    def reserve(self, size: int) -> None:
        self.check_room(size)

    def sync(self) -> None:
        self._stream.flush()

    def finish(self) -> None:
        """The end marker, without which the stream counts as cut short."""
        self._put(flattened.FlattenedRecord(flattened.END_MARKER, flattened.END_MARKER).pack(">"))
        self._stream.flush()

    def close(self) -> None:
        """The stream stays open: it is its owner's."""

    def _put(self, data: bytes | memoryview) -> None:
        try:
            written = self._stream.write(data)
            while written is not None and written < len(data):  # a stream without a buffer may take a part
                data = data[written:]
                written = self._stream.write(data)
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise
            raise OutputError(f"{self.name}: writing failed: {error.strerror}") from error
