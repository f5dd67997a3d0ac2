"""Compression of pages by the batch, with every library that may be there or not."""

from __future__ import annotations

import importlib
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
import zstandard

from kdive.dumpfile.codecs import decompressor
from kdive.engine.compress import compressor
from kdive.engine.libdeflate import LibDeflate
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


@pytest.mark.parametrize(("codec", "library"), [("lzo", "liblzo2"), ("zlib", "libdeflate")])
def test_without_the_systems_library_the_pages_are_the_same(
    pages: np.ndarray[tuple[int, int], np.dtype[np.uint8]],
    monkeypatch: pytest.MonkeyPatch,
    codec: Compression,
    library: str,
) -> None:
    monkeypatch.setitem(sys.modules, f"kdive.engine.{library}", None)
    with pytest.raises(ImportError):
        importlib.import_module(f"kdive.engine.{library}")
    packed = compressor(codec)(pages, np.array([0, 3]))
    assert [decompressor(codec)(bytes(data), PAGE) for data in packed] == [pages[row].tobytes() for row in (0, 3)]


def test_libdeflate_takes_less_room_than_zlib_and_leaves_what_does_not_shrink(
    pages: np.ndarray[tuple[int, int], np.dtype[np.uint8]], sample_module: Path
) -> None:
    try:
        library = LibDeflate()
    except OSError:
        pytest.skip("libdeflate is not installed (apt: libdeflate0)")
    content = sample_module.read_bytes()
    code = np.frombuffer(content[: len(content) // PAGE * PAGE], np.uint8).reshape(-1, PAGE)
    packed = [bytes(data) for data in library.compress(code, np.arange(len(code)))]
    assert [zlib.decompress(data) for data in packed] == [page.tobytes() for page in code]
    assert sum(map(len, packed)) <= sum(len(zlib.compress(page.tobytes(), 1)) for page in code)
    assert len(library.compress(pages, np.array([1]))[0]) == PAGE
