"""Counting in bitmaps, checked against a set."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kdive.dumpfile.bitmap import Bitmap
from kdive.dumpfile.source import ByteSource


class Held(ByteSource):
    """Bytes in memory."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)

    def read(self, offset: int, size: int) -> bytes:
        self.check(offset, size)
        return self._data[offset : offset + size]

    def close(self) -> None:
        self._data = b""


def bitmap_of(bits: set[int], size: int, noise_after: bool = False) -> Bitmap:
    data = bytearray(3 + size // 8 + 1)
    for bit in bits:
        data[3 + bit // 8] |= 1 << bit % 8
    if noise_after:
        for bit in range(size, (len(data) - 3) * 8):
            data[3 + bit // 8] |= 1 << bit % 8
    return Bitmap(Held(bytes(data)), 3, size)


@given(st.sets(st.integers(0, 29_999)), st.integers(1, 30_000), st.booleans())
def test_test_rank_count_and_runs_agree_with_the_set(bits: set[int], size: int, noise_after: bool) -> None:
    bits = {bit for bit in bits if bit < size}
    bitmap = bitmap_of(bits, size, noise_after)
    assert bitmap.count() == len(bits)
    for bit in {0, 1, size - 1, size, size + 9, 8191, 8192, 8193, *list(bits)[:20]}:
        assert bitmap.test(bit) == (bit in bits)
        assert bitmap.rank(bit) == sum(one < bit for one in bits)
    runs = list(bitmap.runs())
    assert {bit for first, end in runs for bit in range(first, end)} == bits
    assert all(one[1] < other[0] for one, other in pairwise(runs))


def test_a_full_bitmap_is_one_run_across_all_reads() -> None:
    size = 5 * 1024 * 1024 + 3
    bitmap = Bitmap(Held(b"\xff" * (size // 8 + 1)), 0, size)
    assert list(bitmap.runs()) == [(0, size)]
    assert bitmap.rank(4_000_001) == 4_000_001


def test_bits_outside_are_not_set() -> None:
    bitmap = bitmap_of({0, 7}, 8)
    assert not bitmap.test(-1)
    assert not bitmap.test(2**70)
    assert bitmap.rank(2**70) == 2
