"""Compression of pages by the batch.

Each page is compressed by itself, as the format wants it. Where a library takes many pages in one call, no Python runs
for each of them; the others get one call for each page, from a list.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kdive.engine.writing import Compression
from kdive.formats import kdump_compressed as kdump

CompressRows = Callable[[NDArray[np.uint8], NDArray[np.intp]], Sequence[Any]]
FLAGS = {name: flag for flag, name in kdump.CODECS.items()} | {"": 0}


def compressor(compression: Compression) -> CompressRows:
    """The function that takes pages (one a row) and the rows wanted, and gives one buffer for each of these.

    It is for one thread: each thread asks for its own.
    """
    if compression == "zstd":
        return _zstd()
    if compression == "lzo" and (batch := _liblzo2()) is not None:
        return batch
    if compression == "zlib" and (batch := _libdeflate()) is not None:
        return batch
    one: Callable[[Any], Any] = {"zlib": _zlib, "lzo": _lzo, "snappy": _snappy}[compression]()
    return lambda pages, rows: _each(one, pages, rows)


def _each(one: Callable[[Any], Any], pages: NDArray[np.uint8], rows: NDArray[np.intp]) -> Sequence[Any]:
    return [one(pages[row]) for row in rows.tolist()]


def _zstd() -> CompressRows:
    import zstandard

    context = zstandard.ZstdCompressor(level=1)
    if not hasattr(context, "multi_compress_to_buffer"):
        # Distributions build zstandard against their own libzstd, and then without the batch calls.
        return lambda pages, rows: _each(context.compress, pages, rows)

    def compress(pages: NDArray[np.uint8], rows: NDArray[np.intp]) -> Sequence[Any]:
        page_size = pages.shape[1]
        segments = np.empty((len(rows), 2), np.uint64)
        segments[:, 0] = rows * page_size
        segments[:, 1] = page_size
        batch = zstandard.BufferWithSegments(pages.reshape(-1), segments)  # type: ignore[arg-type]
        compressed: Sequence[Any] = list(context.multi_compress_to_buffer(batch))  # type: ignore[call-overload]
        return compressed

    return compress


def _zlib() -> Callable[[Any], Any]:
    from cramjam import zlib  # half again as fast as the interpreter's at the same level

    return lambda page: zlib.compress(page, 1)


def _lzo() -> Callable[[Any], Any]:
    from lzallright import LZOCompressor

    context = LZOCompressor()
    return lambda page: context.compress(bytes(page))


def _liblzo2() -> CompressRows | None:
    """The system's own LZO, twenty times as fast as the one that kdive brings; None where it is not installed."""
    try:
        from kdive.engine.liblzo2 import LibLzo2

        return LibLzo2().compress
    except (ImportError, OSError, AttributeError):  # an interpreter may also come without ctypes
        return None


def _libdeflate() -> CompressRows | None:
    """The system's libdeflate, which takes two thirds of the time for less output; None where it is not installed."""
    try:
        from kdive.engine.libdeflate import LibDeflate

        return LibDeflate().compress
    except (ImportError, OSError, AttributeError):  # an interpreter may also come without ctypes
        return None


def _snappy() -> Callable[[Any], Any]:
    from cramjam import snappy

    return snappy.compress_raw
