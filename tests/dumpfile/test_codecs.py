"""Page decompression: what was packed comes back, what lies is refused."""

from __future__ import annotations

import zlib

import cramjam
import lzallright
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from kdive.dumpfile.codecs import decompressor
from kdive.errors import DumpDamagedError

PAGE_SIZE = 4096
PACK = {
    "zlib": lambda page: zlib.compress(page, 1),
    "lzo": lambda page: bytes(lzallright.LZOCompressor().compress(page)),
    "snappy": lambda page: bytes(cramjam.snappy.compress_raw(page)),
    "zstd": lambda page: zstandard.ZstdCompressor(level=1).compress(page),
}
codecs = pytest.mark.parametrize("codec", sorted(PACK))


@codecs
@given(seed=st.binary(min_size=1, max_size=300))
def test_a_page_comes_back(codec: str, seed: bytes) -> None:
    page = (seed * PAGE_SIZE)[:PAGE_SIZE]
    assert decompressor(codec)(PACK[codec](page), PAGE_SIZE) == page


@codecs
@given(noise=st.binary(max_size=5000))
def test_noise_is_damage_or_a_whole_page(codec: str, noise: bytes) -> None:
    try:
        page = decompressor(codec)(noise, PAGE_SIZE)
    except DumpDamagedError:
        return
    assert len(page) == PAGE_SIZE


@codecs
@pytest.mark.parametrize("size", [100, PAGE_SIZE - 1, PAGE_SIZE + 1, 50 << 20])
def test_a_page_of_another_size_is_refused(codec: str, size: int) -> None:
    with pytest.raises(DumpDamagedError):
        decompressor(codec)(PACK[codec](bytes(size))[: 2 * PAGE_SIZE], PAGE_SIZE)
