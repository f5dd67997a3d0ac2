"""How a dump lies on a partition without a file system: a header, the log, and the dump as a stream in blocks.

The header is written first, saying that the dump is not complete, and once more when it is. Each block starts with a
number that is drawn anew for each dump: what an older one left behind a dump that was cut short is not taken for it.
"""

from __future__ import annotations

import io
import json
import zlib
from dataclasses import dataclass
from typing import Any, BinaryIO

from kdive.errors import KdiveError
from kdive.facts.codec import from_json, to_json

MAGIC = b"KDIVE RAW DUMP 1"
HEADER_BYTES = 64 << 10
ALIGN_BYTES = 1 << 20
LOG_LIMIT_BYTES = 64 << 20
_MAGIC_BYTES = len(MAGIC)
MARK_BYTES = 16
BLOCK_BYTES = 1 << 20  # mark, bytes that count, CRC-32 of them, these bytes
_HEAD_BYTES = MARK_BYTES + 8


@dataclass(frozen=True)
class RawHeader:
    """Offsets and sizes are bytes of the device."""

    name: str  # of the folder that the dump is to get
    log_bytes: int = 0
    stream_offset: int = 0  # 0: no stream was begun
    stream_bytes: int = 0  # 0: it was not ended
    flattened: bool = True
    mark: str = ""  # of its blocks, in hexadecimal digits
    manifest: str = ""


def pack(header: RawHeader) -> bytes:
    """The bytes at the start of the device."""
    text = json.dumps(to_json(header)).encode()
    data = MAGIC + len(text).to_bytes(8, "little") + text
    if len(data) > HEADER_BYTES:
        raise KdiveError("the manifest is too large for the header of a raw dump")
    return data.ljust(HEADER_BYTES, b"\0")


def unpack(data: bytes) -> RawHeader | None:
    """The header in the first bytes of a device; None where there is none. Raises KdiveError for a damaged one."""
    if not data.startswith(MAGIC):
        return None
    size = int.from_bytes(data[_MAGIC_BYTES : _MAGIC_BYTES + 8], "little")
    start = _MAGIC_BYTES + 8
    try:
        if size > len(data) - start:
            raise ValueError(f"{size} bytes are too many")
        header = from_json(RawHeader, json.loads(data[start : start + size]))
    except (ValueError, RecursionError, KdiveError) as error:
        raise KdiveError(f"the header of the raw dump is damaged: {error}") from error
    if not 0 <= header.log_bytes <= LOG_LIMIT_BYTES or header.stream_offset < 0 or header.stream_bytes < 0:
        raise KdiveError("the header of the raw dump is damaged: it has impossible sizes")
    return header


def after_log(log_bytes: int) -> int:
    """Where the stream starts."""
    return -(-(HEADER_BYTES + log_bytes) // ALIGN_BYTES) * ALIGN_BYTES


class BlockWriter(io.RawIOBase):
    """What is written becomes blocks of `file`."""

    def __init__(self, file: BinaryIO, mark: bytes) -> None:
        self._file = file
        self._mark = mark
        self._held = bytearray()
        self.size = 0  # bytes of the stream

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        self.size += len(view)
        self._held += view
        while len(self._held) >= BLOCK_BYTES - _HEAD_BYTES:
            self._put(bytes(self._held[: BLOCK_BYTES - _HEAD_BYTES]))
            del self._held[: BLOCK_BYTES - _HEAD_BYTES]
        return len(view)

    def end(self) -> None:
        """Writes the last block."""
        if self._held:
            self._put(bytes(self._held))
            self._held.clear()

    def _put(self, data: bytes) -> None:
        head = self._mark + len(data).to_bytes(4, "little") + zlib.crc32(data).to_bytes(4, "little")
        block = memoryview((head + data).ljust(BLOCK_BYTES, b"\0"))
        while block:
            block = block[self._file.write(block) or 0 :]


class BlockReader(io.RawIOBase):
    """The stream in the blocks of `file`, as far as they are whole."""

    def __init__(self, file: BinaryIO, mark: bytes) -> None:
        self._file = file
        self._mark = mark
        self._held = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._held:
            self._held = self._next()
        size = min(len(buffer), len(self._held))
        buffer[:size] = self._held[:size]
        self._held = self._held[size:]
        return size

    def _next(self) -> bytes:
        block = self._file.read(BLOCK_BYTES)
        size, crc = (int.from_bytes(block[at : at + 4], "little") for at in (MARK_BYTES, MARK_BYTES + 4))
        data = block[_HEAD_BYTES : _HEAD_BYTES + size]
        whole = block[:MARK_BYTES] == self._mark and len(data) == size and zlib.crc32(data) == crc
        return data if whole else b""
