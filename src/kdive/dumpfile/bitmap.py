"""A bitmap of pages in a dump: is a page's bit set, and how many are set before it.

The bitmap of a large machine is long (32 MB for 1 TiB), so blocks are read when asked for, and only the counts are
kept: eight bytes for each 1024 bytes of bitmap.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator

from kdive.dumpfile.source import ByteSource

_BLOCK_BYTES = 1024
_BLOCK_BITS = _BLOCK_BYTES * 8
_BLOCKS_PER_READ = 64
_BLOCKS_KEPT = 64
_BYTE_RUNS = re.compile(rb"\x00+|\xff+|[^\x00\xff]", re.DOTALL)


class Bitmap:
    """`bits` bits at `offset` of `source`, lowest bit of each byte first."""

    def __init__(self, source: ByteSource, offset: int, bits: int) -> None:
        self.bits = bits
        self._source = source
        self._offset = offset
        self._set_before = array("Q", [0])  # index: block; grows as far as was asked
        self._blocks: dict[int, int] = {}

    def test(self, bit: int) -> bool:
        """Whether `bit` is set. Raises DumpDamagedError when the file ends before it."""
        if not 0 <= bit < self.bits:
            return False
        block, position = divmod(bit, _BLOCK_BITS)
        return bool(self._block(block) >> position & 1)

    def rank(self, bit: int) -> int:
        """How many bits are set below `bit`."""
        block, position = divmod(min(bit, self.bits), _BLOCK_BITS)
        before = self._count_before(block)
        return before if position == 0 else before + (self._block(block) & ((1 << position) - 1)).bit_count()

    def packed(self, first: int, end: int) -> bytes:
        """The bits first <= bit < end as far as there are any, eight a byte; `first` is a multiple of eight."""
        end = min(end, self.bits)
        if end <= first:
            return b""
        size = -(-(end - first) // 8)
        data = self._source.read_up_to(self._offset + first // 8, size)
        padding = -(end - first) % 8 if len(data) == size else 0
        return data if not padding else data[:-1] + bytes([data[-1] & (0xFF >> padding)])

    def count(self) -> int:
        """How many bits are set."""
        return self.rank(self.bits)

    def runs(self) -> Iterator[tuple[int, int]]:
        """Half-open ranges of set bits, ascending."""
        run = (0, 0)
        for first, end in self._pieces():
            if run[1] == first:
                run = (run[0], end)
            else:
                if run[0] < run[1]:
                    yield run
                run = (first, end)
        if run[0] < run[1]:
            yield run

    def _pieces(self) -> Iterator[tuple[int, int]]:
        total_bytes = -(-self.bits // 8)
        step = _BLOCK_BYTES * _BLOCKS_PER_READ
        for start in range(0, total_bytes, step):
            data = self._source.read(self._offset + start, min(step, total_bytes - start))
            for match in _BYTE_RUNS.finditer(data):
                first = (start + match.start()) * 8
                value = data[match.start()]
                if value == 0xFF:
                    yield first, min((start + match.end()) * 8, self.bits)
                elif value:
                    yield from _bit_runs(value, first, self.bits)

    def _block(self, block: int) -> int:
        value = self._blocks.get(block)
        if value is None:
            if len(self._blocks) >= _BLOCKS_KEPT:
                self._blocks.clear()
            start = block * _BLOCK_BYTES
            size = min(_BLOCK_BYTES, -(-self.bits // 8) - start)
            value = self._mask(block, int.from_bytes(self._source.read(self._offset + start, size), "little"))
            self._blocks[block] = value
        return value

    def _mask(self, block: int, value: int) -> int:
        """`value` without the bits past the end, which are padding."""
        left = self.bits - block * _BLOCK_BITS
        return value if left >= _BLOCK_BITS else value & ((1 << left) - 1)

    def _count_before(self, block: int) -> int:
        counts = self._set_before
        total_bytes = -(-self.bits // 8)
        while len(counts) <= block:
            first = len(counts) - 1
            start = first * _BLOCK_BYTES
            data = self._source.read(self._offset + start, min(_BLOCK_BYTES * _BLOCKS_PER_READ, total_bytes - start))
            for index in range(0, len(data), _BLOCK_BYTES):
                value = int.from_bytes(data[index : index + _BLOCK_BYTES], "little")
                counts.append(counts[-1] + self._mask(first + index // _BLOCK_BYTES, value).bit_count())
        return counts[block]


def _bit_runs(value: int, first: int, end: int) -> Iterator[tuple[int, int]]:
    for bit in range(8):
        if value >> bit & 1 and first + bit < end:
            yield first + bit, first + bit + 1
