"""Compressed kernels, unpacked; none may grow beyond a limit."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Protocol

from kdive.errors import KdiveError

LIMIT = 512 << 20  # bytes of an unpacked kernel; the largest with all debugging compiled in stay below
_LZ4_LEGACY = b"\x02\x21\x4c\x18"
_LZ4_BLOCK = 8 << 20  # bytes that each block of the legacy format unpacks to, the last one to fewer
_ZSTD_WINDOW = 1 << 27  # bytes; what `zstd -22 --ultra` uses
_ZSTD_STEP = 4096  # bytes at a time: the most that these unpack to is bounded
_CUT_SHORT = "it is cut short"
_MAGICS = {
    b"\x1f\x8b": "gzip",
    b"\xfd7zXZ\0": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"BZh": "bzip2",
    _LZ4_LEGACY: "lz4",
    b"\x5d\0\0": "lzma",
}


def compression_of(data: bytes) -> str:
    """ "gzip", "zstd" …, "" for data that begins like none of them."""
    return next((name for magic, name in _MAGICS.items() if data.startswith(magic)), "")


def unpack(data: bytes, compression: str) -> bytes:
    """The kernel in `data`. Raises KdiveError when it is damaged, too big, or packed in a way that is not known."""
    unpacker = _UNPACKERS.get(compression)
    if unpacker is None:
        raise KdiveError(
            f"the kernel is compressed with {compression}, which kdive cannot unpack",
            hint="give the unpacked kernel, or one compressed with " + ", ".join(_UNPACKERS),
        )
    try:
        unpacked = unpacker(data)
    except KdiveError:
        raise
    except Exception as error:  # each library has exceptions of its own
        raise KdiveError(
            f"the {compression} data of the kernel is damaged: {error}", hint="install the kernel again"
        ) from error
    if len(unpacked) > LIMIT:
        raise KdiveError(f"the kernel unpacks to more than {LIMIT >> 20} MB", hint="is this file a kernel?")
    return unpacked


class _Decompressor(Protocol):
    """What the standard library's decompressors have in common."""

    @property
    def eof(self) -> bool: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def _whole(decompressor: _Decompressor, data: bytes) -> bytes:
    unpacked = decompressor.decompress(data, LIMIT + 1)
    if not decompressor.eof and len(unpacked) <= LIMIT:
        raise ValueError(_CUT_SHORT)
    return unpacked


def _gzip(data: bytes) -> bytes:
    import zlib

    return _whole(zlib.decompressobj(zlib.MAX_WBITS | 16), data)


def _bzip2(data: bytes) -> bytes:
    import bz2

    return _whole(bz2.BZ2Decompressor(), data)


def _lzma(data: bytes) -> bytes:
    import lzma

    return _whole(lzma.LZMADecompressor(), data)


def _zstd(data: bytes) -> bytes:
    import zstandard

    decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()
    unpacked = bytearray()
    for at in range(0, len(data), _ZSTD_STEP):
        unpacked += decompressor.decompress(data[at : at + _ZSTD_STEP])
        if decompressor.eof or len(unpacked) > LIMIT:
            return bytes(unpacked)
    raise ValueError(_CUT_SHORT)


def _lz4(data: bytes) -> bytes:
    """The legacy format, which the kernel's build uses: blocks after their length, without an end mark.

    The build may add four bytes, the length of all unpacked.
    """
    from cramjam import lz4

    unpacked, block = bytearray(), bytearray(_LZ4_BLOCK)
    at = len(_LZ4_LEGACY)
    while at + 4 < len(data) and len(unpacked) <= LIMIT:
        (length,) = struct.unpack_from("<I", data, at)
        at += 4
        if at + length > len(data):
            raise ValueError(_CUT_SHORT)
        unpacked += block[: lz4.decompress_block_into(data[at : at + length], block)]
        at += length
    return bytes(unpacked)


_UNPACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": _gzip,
    "xz": _lzma,
    "lzma": _lzma,
    "zstd": _zstd,
    "lz4": _lz4,
    "bzip2": _bzip2,
}
