"""Page decompression: one codec per flag, each library imported when its first page is read."""

from __future__ import annotations

from collections.abc import Callable

from kdive.errors import DumpDamagedError

Decompress = Callable[[bytes, int], bytes]  # compressed page, page size in bytes → page


def decompressor(codec: str) -> Decompress:
    """The function that unpacks one page; it raises DumpDamagedError when the page is corrupt.

    None of them allocates more than a small multiple of the page size, whatever the data claims.
    """
    return {"zlib": _zlib, "lzo": _lzo, "snappy": _snappy, "zstd": _zstd}[codec]()


def _checked(name: str, unpack: Decompress, errors: tuple[type[Exception], ...]) -> Decompress:
    def checked(data: bytes, page_size: int) -> bytes:
        try:
            page = unpack(data, page_size)
        except errors as error:
            raise DumpDamagedError(f"a page cannot be decompressed ({name}: {error})") from error
        if len(page) != page_size:
            raise DumpDamagedError(f"a page decompresses to {len(page)} bytes, not {page_size} ({name})")
        return page

    return checked


def _zlib() -> Decompress:
    import zlib

    def unpack(data: bytes, page_size: int) -> bytes:
        return zlib.decompressobj().decompress(data, page_size + 1)

    return _checked("zlib", unpack, (zlib.error,))


def _lzo() -> Decompress:
    import lzallright

    def unpack(data: bytes, page_size: int) -> bytes:
        try:
            return bytes(lzallright.LZOCompressor.decompress(data, page_size))
        except lzallright.InputNotConsumed as error:
            raise DumpDamagedError("a page is followed by bytes that do not belong to it (lzo)") from error

    return _checked("lzo", unpack, (lzallright.LZOError,))


def _snappy() -> Decompress:
    from cramjam import DecompressionError, snappy

    def unpack(data: bytes, page_size: int) -> bytes:
        page = bytearray(page_size)
        return bytes(page[: snappy.decompress_raw_into(data, page)])

    return _checked("snappy", unpack, (DecompressionError,))


def _zstd() -> Decompress:
    import zstandard

    context = zstandard.ZstdDecompressor()

    def unpack(data: bytes, page_size: int) -> bytes:
        # The frame's own idea of its size would be allocated before anything is unpacked.
        if zstandard.frame_content_size(data) > page_size:
            raise DumpDamagedError("a page claims to be larger than a page (zstd)")
        return context.decompress(data, max_output_size=page_size)

    return _checked("zstd", unpack, (zstandard.ZstdError,))
