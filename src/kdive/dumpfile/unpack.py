"""The first bytes of what is in a packed file."""

from __future__ import annotations


def first_bytes(packing: str, head: bytes, limit: int) -> bytes:
    """Up to `limit` bytes out of `head`, the start of a packed file; b"" for a packing that is not known here."""
    unpack = {"gzip": _gzip, "bzip2": _bzip2, "xz": _xz, "zstd": _zstd}.get(packing)
    return unpack(head, limit) if unpack else b""


def _gzip(head: bytes, limit: int) -> bytes:
    import zlib

    try:
        return zlib.decompressobj(31).decompress(head, limit)
    except zlib.error:
        return b""


def _bzip2(head: bytes, limit: int) -> bytes:
    import bz2

    try:
        return bz2.BZ2Decompressor().decompress(head, limit)
    except OSError:
        return b""


def _xz(head: bytes, limit: int) -> bytes:
    import lzma

    try:
        return lzma.LZMADecompressor(memlimit=256 << 20).decompress(head, limit)
    except lzma.LZMAError:
        return b""


def _zstd(head: bytes, limit: int) -> bytes:
    import zstandard

    try:
        with zstandard.ZstdDecompressor().stream_reader(head) as reader:
            return reader.read(limit)
    except zstandard.ZstdError:
        return b""
