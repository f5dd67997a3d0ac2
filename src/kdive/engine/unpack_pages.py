"""Compressed pages out of a piece of a file, many at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kdive.dumpfile.codecs import Decompress, decompressor
from kdive.engine.page_reader import Pages
from kdive.errors import KdiveError
from kdive.formats.kdump_compressed import CODECS


@dataclass(frozen=True)
class Packed:
    """Pages of one codec: each takes `sizes` bytes of `data` from `starts` on; both have the shape (pages,)."""

    data: bytes
    starts: NDArray[np.int64]
    sizes: NDArray[np.int64]


def unpack_pages(codec: int, packed: Packed, page_size: int) -> tuple[Pages, NDArray[np.bool_]]:
    """The pages, and which of them are good; the others are zeros. `codec` is the flag of a page's descriptor."""
    count = len(packed.starts)
    if codec == 0:
        content = np.frombuffer(packed.data, np.uint8)
        windows = np.lib.stride_tricks.sliding_window_view(content, page_size)
        return windows[packed.starts], np.ones(count, np.bool_)
    if codec not in CODECS:
        return np.zeros((count, page_size), np.uint8), np.zeros(count, np.bool_)
    if CODECS[codec] == "zstd":
        pages = _zstd(packed, page_size)
        if pages is not None:
            return pages, np.ones(count, np.bool_)
    return _one_by_one(decompressor(CODECS[codec]), packed, page_size)


def _zstd(packed: Packed, page_size: int) -> Pages | None:
    """All pages in one call. None where one of them is damaged, or the library has no such call."""
    import zstandard

    context = zstandard.ZstdDecompressor()
    if not hasattr(context, "multi_decompress_to_buffer"):
        return None
    segments = np.stack((packed.starts, packed.sizes), axis=1).astype(np.uint64)
    expected = np.full(len(packed.starts), page_size, np.uint64)
    try:
        unpacked = context.multi_decompress_to_buffer(
            zstandard.BufferWithSegments(packed.data, segments.tobytes()), decompressed_sizes=expected.tobytes()
        )
    except (zstandard.ZstdError, ValueError):
        return None
    content = np.frombuffer(b"".join(unpacked), np.uint8)  # type: ignore[arg-type]
    return content.reshape(-1, page_size) if len(content) == len(expected) * page_size else None


def _one_by_one(unpack: Decompress, packed: Packed, page_size: int) -> tuple[Pages, NDArray[np.bool_]]:
    good = np.ones(len(packed.starts), np.bool_)
    zeros = bytes(page_size)
    unpacked = []
    for index, (start, size) in enumerate(zip(packed.starts.tolist(), packed.sizes.tolist(), strict=True)):
        try:
            unpacked.append(unpack(packed.data[start : start + size], page_size))
        except KdiveError:
            unpacked.append(zeros)
            good[index] = False
    return np.frombuffer(b"".join(unpacked), np.uint8).reshape(-1, page_size), good
