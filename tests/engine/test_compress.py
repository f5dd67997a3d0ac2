"""Compression of pages by the batch, with every library that may be there or not."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import zstandard

from kdive.dumpfile.codecs import decompressor
from kdive.engine.compress import compressor
from kdive.engine.writing import Compression

PAGE = 4096


@pytest.fixture
def pages() -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    """Text, noise, zeros and text again."""
    rows = np.zeros((4, PAGE), np.uint8)
    rows[0] = np.frombuffer((b"kernel memory " * 300)[:PAGE], np.uint8)
    rows[1] = np.random.default_rng(1).integers(0, 256, PAGE, np.uint8)
    rows[3] = rows[0][::-1]
    return rows


@pytest.mark.parametrize("codec", ["zstd", "zlib", "lzo", "snappy"])
def test_chosen_rows_unpack_to_what_they_were(
    pages: np.ndarray[tuple[int, int], np.dtype[np.uint8]], codec: Compression
) -> None:
    packed = compressor(codec)(pages, np.array([0, 2, 3]))
    assert [decompressor(codec)(bytes(data), PAGE) for data in packed] == [pages[row].tobytes() for row in (0, 2, 3)]
    assert all(len(data) < PAGE // 4 for data in packed)


def test_libraries_without_batches_give_the_same_pages(
    pages: np.ndarray[tuple[int, int], np.dtype[np.uint8]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Distributions build zstandard without its batch calls."""

    whole = zstandard.ZstdCompressor

    class Plain:
        def __init__(self, level: int) -> None:
            self._context = whole(level=level)

        def compress(self, page: bytes) -> bytes:
            return self._context.compress(page)

    monkeypatch.setattr(zstandard, "ZstdCompressor", Plain)
    packed = compressor("zstd")(pages, np.arange(4))
    assert [decompressor("zstd")(bytes(data), PAGE) for data in packed] == [page.tobytes() for page in pages]


def test_lzo_without_the_system_library_gives_the_same_pages(
    pages: np.ndarray[tuple[int, int], np.dtype[np.uint8]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "kdive.engine.liblzo2", None)
    with pytest.raises(ImportError):
        import kdive.engine.liblzo2  # noqa: F401
    packed = compressor("lzo")(pages, np.array([0, 3]))
    assert [decompressor("lzo")(bytes(data), PAGE) for data in packed] == [pages[row].tobytes() for row in (0, 3)]
