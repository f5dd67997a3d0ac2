"""Bitmaps of pages, too long to be kept in memory: written and read in order, a piece at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

_PIECE_BITS = 1 << 18  # 32 KiB of bitmap, 1 GiB of memory
_SPOOL_BYTES = 4 << 20


class BitmapWriter:
    """Bits in ascending order, handed to `write(offset in bytes, data)` by the piece. Bits that are not added are 0."""

    def __init__(self, write: Callable[[int, bytes], None], bits: int) -> None:
        self._write = write
        self._bits = bits
        self._first = 0
        self._piece = np.zeros(_PIECE_BITS, np.bool_)
        self._used = False

    def add(self, first: int, bits: NDArray[np.bool_]) -> None:
        """Sets bit `first` + i where bits[i] is; all that come later are at least at `first`."""
        while len(bits):
            start = first - first % _PIECE_BITS
            if start != self._first:
                self.flush()
                self._first = start
            count = min(len(bits), start + _PIECE_BITS - first)
            self._piece[first - start : first - start + count] |= bits[:count]
            self._used = True
            first, bits = first + count, bits[count:]

    def flush(self) -> None:
        """Hands on what is left."""
        if self._used:
            end = min(_PIECE_BITS, self._bits - self._first)
            self._write(self._first // 8, np.packbits(self._piece[:end], bitorder="little").tobytes())
            self._piece[:] = False
            self._used = False


class BitmapReader:
    """Goes through the set bits of `bits` bits that `read(offset in bytes, size)` gives."""

    def __init__(self, read: Callable[[int, int], bytes], bits: int) -> None:
        self._read = read
        self.bits = bits

    def pieces(self, first: int = 0, end: int | None = None) -> Iterator[NDArray[np.int64]]:
        """The set bits first <= bit < end, ascending, in arrays of limited length."""
        end = self.bits if end is None else min(end, self.bits)
        for start in range(first - first % _PIECE_BITS, end, _PIECE_BITS):
            size = -(-min(_PIECE_BITS, self.bits - start) // 8)
            data = self._read(start // 8, size)
            if any(data):
                bits = np.flatnonzero(np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")) + start
                yield bits[(bits >= first) & (bits < end)]


class Spool:
    """Bytes by offset, in memory while they are few and then in a file without a name."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._file: BinaryIO | None = None

    def write(self, offset: int, data: bytes) -> None:
        if self._file is None and offset + len(data) > _SPOOL_BYTES:
            import tempfile

            self._file = tempfile.TemporaryFile()  # noqa: SIM115 (closed by __exit__)
            self._file.write(self._bytes)
            self._bytes.clear()
        if self._file is not None:
            self._file.seek(offset)
            self._file.write(data)
            return
        self._bytes.extend(bytes(max(0, offset - len(self._bytes))))
        self._bytes[offset : offset + len(data)] = data

    def read(self, offset: int, size: int) -> bytes:
        """`size` bytes; zeros where nothing was written."""
        if self._file is None:
            return bytes(self._bytes[offset : offset + size]).ljust(size, b"\0")
        self._file.seek(offset)
        return self._file.read(size).ljust(size, b"\0")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._file is not None:
            self._file.close()
