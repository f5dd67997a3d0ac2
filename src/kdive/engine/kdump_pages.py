"""Pages of a kdump-compressed dump: descriptors as arrays, data of neighbours in one read, unpacked by the batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from kdive.dumpfile.containers.kdump_compressed import KdumpCompressedDump
from kdive.dumpfile.kdump_pages import PagePart
from kdive.dumpfile.source import ByteSource
from kdive.engine.descriptors import descriptor_dtype
from kdive.engine.page_reader import PageReader, Pages
from kdive.engine.unpack_pages import Packed, unpack_pages
from kdive.errors import KdiveError
from kdive.formats.kdump_compressed import CODEC_MASK

_BLOCK_PAGES = 1 << 15
_GAP_BYTES = 1 << 16  # what lies between two pages in the file is read along, if it is no more
_READ_BYTES = 4 << 20

Descriptors = NDArray[np.void]


@dataclass(frozen=True)
class Table:
    """Descriptors as they are in the file, of the pages `pfns`; `part` is the file that each is of, by index."""

    pfns: NDArray[np.int64]
    descriptors: Descriptors
    part: NDArray[np.int64]
    missing: NDArray[np.int64]  # pages in the bitmap whose descriptors are not in any file


@dataclass(frozen=True)
class PackedPages:
    """Pages that may be copied without being unpacked: which of those asked for are `there`, and where they lie."""

    there: NDArray[np.bool_]
    sizes: NDArray[np.int64]
    offsets: NDArray[np.int64]
    parts: NDArray[np.int64]


@dataclass(frozen=True)
class _Block:
    """The descriptors of _BLOCK_PAGES pages: that of page `first_bit` + i is row `row[i]`, negative where none is."""

    first_bit: int
    row: NDArray[np.int64]
    descriptors: Descriptors
    part: NDArray[np.int64]  # of each descriptor


class KdumpPages(PageReader):
    """Reads what makedumpfile, QEMU and kdive write; also split sets."""

    def __init__(self, dump: KdumpCompressedDump) -> None:
        super().__init__(dump)
        self._parts: Sequence[PagePart] = dump.page_parts
        self._first_pfn = dump.first_pfn
        self._dtype = descriptor_dtype(dump.order)
        self._lock = Lock()
        self._block: _Block | None = None  # the last one that was needed

    def holds(self, first_pfn: int, count: int) -> NDArray[np.bool_]:
        bits = np.arange(first_pfn, first_pfn + count) - self._first_pfn
        held = np.zeros(count, np.bool_)
        for first, end, block in self._blocks(bits):
            rows = block.row[bits[first:end] - block.first_bit]
            there = rows >= 0
            held[first:end] = there
            held[first:end][there] = self._sound(block)[rows[there]]
        return held

    def windows(self, pages: int) -> Iterator[int]:
        dumped = self._parts[0].dumped
        bits = min(dumped.bits, 8 * self._parts[0].source.size)
        yield from range(self._first_pfn - self._first_pfn % pages, self._first_pfn + bits, pages)

    def tables(self) -> Iterator[Table]:
        """All descriptors, some thousands at a time."""
        dumped = self._parts[0].dumped
        for first_bit in range(0, min(dumped.bits, 8 * self._parts[0].source.size), _BLOCK_PAGES):
            block = self._read_block(first_bit)
            packed = np.frombuffer(dumped.packed(first_bit, first_bit + _BLOCK_PAGES), np.uint8)
            bits = np.flatnonzero(np.unpackbits(packed, bitorder="little"))
            known = block.row[bits] >= 0
            pfns = bits + first_bit + self._first_pfn
            yield Table(pfns[known], block.descriptors[block.row[bits[known]]], block.part, pfns[~known])

    def sound(self, table: Table) -> NDArray[np.bool_]:
        """For each descriptor whether it can be one: written at all, of a sensible size, and within its file."""
        return self._sound(_Block(0, table.pfns, table.descriptors, table.part))

    def read_pages(self, pfns: NDArray[np.int64], pages: Pages) -> NDArray[np.bool_]:
        good = np.zeros(len(pfns), np.bool_)
        bits = pfns - self._first_pfn
        for first, end, block in self._blocks(bits):
            rows = block.row[bits[first:end] - block.first_bit]
            known = np.flatnonzero(rows >= 0)
            known = known[self._sound(block)[rows[known]]]
            for index, part in enumerate(self._parts):
                here = known[block.part[rows[known]] == index]
                if len(here):
                    wanted = block.descriptors[rows[here]]
                    good[here + first] = self._read_part(part.source, wanted, here + first, pages)
        pages[~good] = 0
        return good

    def packed_pages(self, pfns: NDArray[np.int64], flag: int) -> PackedPages:
        """Those of `pfns` (ascending) that the file holds compressed as `flag` says, as they are in the file."""
        there = np.zeros(len(pfns), np.bool_)
        sizes = np.zeros(len(pfns), np.int64)
        offsets = np.zeros(len(pfns), np.int64)
        parts = np.zeros(len(pfns), np.int64)
        bits = pfns - self._first_pfn
        for first, end, block in self._blocks(bits):
            rows = block.row[bits[first:end] - block.first_bit]
            known = np.flatnonzero(rows >= 0)
            rows = rows[known]
            wanted = block.descriptors[rows]
            chosen = self._sound(block)[rows] & (wanted["flags"] == flag) & (wanted["data_size"] < self.page_size)
            at = known[chosen] + first
            there[at] = True
            sizes[at], offsets[at] = wanted["data_size"][chosen], wanted["offset"][chosen]
            parts[at] = block.part[rows[chosen]]
        return PackedPages(there, sizes, offsets, parts)

    def copy_packed(self, packed: PackedPages) -> dict[int, bytes]:
        """The data of all pages of `packed` that are `there`, in pieces, by the index of the first page in each.

        Raises KdiveError where they cannot be read.
        """
        index = np.flatnonzero(packed.there)
        offsets, sizes, parts = packed.offsets[index], packed.sizes[index], packed.parts[index]
        ends = offsets + sizes
        breaks = np.flatnonzero((np.diff(index) != 1) | (offsets[1:] != ends[:-1]) | (np.diff(parts) != 0)) + 1
        borders = [0, *breaks.tolist(), len(index)] if len(index) else []
        return {
            int(index[first]): self._parts[int(parts[first])].source.read(
                int(offsets[first]), int(ends[last - 1] - offsets[first])
            )
            for first, last in pairwise(borders)
        }

    def _blocks(self, bits: NDArray[np.int64]) -> list[tuple[int, int, _Block]]:
        """Index ranges of `bits` (ascending), each with the block that knows all of its pages."""
        numbers = bits // _BLOCK_PAGES
        borders = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), len(bits)] if len(bits) else []
        return [(first, end, self._load(int(numbers[first]) * _BLOCK_PAGES)) for first, end in pairwise(borders)]

    def _load(self, first_bit: int) -> _Block:
        with self._lock:  # bitmaps count as they are asked
            block = self._block
            if block is None or block.first_bit != first_bit:
                block = self._block = self._read_block(first_bit)
            return block

    def _read_block(self, first_bit: int) -> _Block:
        end_bit = first_bit + _BLOCK_PAGES
        set_bits = np.zeros(_BLOCK_PAGES, np.bool_)
        tables: list[Descriptors] = []
        if end_bit > 0:
            dumped = self._parts[0].dumped
            packed = np.frombuffer(dumped.packed(max(first_bit, 0), end_bit), np.uint8)
            unpacked = np.unpackbits(packed, bitorder="little")[:_BLOCK_PAGES]
            set_bits[: len(unpacked)] = unpacked
        part_of = np.full(_BLOCK_PAGES, -1, np.int64)
        for index, part in enumerate(self._parts):
            first, end = max(first_bit, part.first_pfn), min(end_bit, part.end_pfn)
            if first < end:
                table = self._read_table(part, first, end)
                here = np.flatnonzero(set_bits[first - first_bit : end - first_bit])[: len(table)]
                part_of[here + first - first_bit] = index
                tables.append(table)
        descriptors = np.concatenate(tables) if tables else np.empty(0, self._dtype)
        known = np.flatnonzero(part_of >= 0)
        row = np.full(_BLOCK_PAGES, -1, np.int64)
        row[known] = np.arange(len(known))
        return _Block(first_bit, row, descriptors, part_of[known])

    def _read_table(self, part: PagePart, first: int, end: int) -> Descriptors:
        """The descriptors of the pages first <= bit < end, as far as the file goes."""
        size = self._dtype.itemsize
        try:
            position = part.dumped.rank(first) - part.first_rank
            count = part.dumped.rank(end) - part.first_rank - position
        except KdiveError:  # it ends before the bitmap does
            return np.empty(0, self._dtype)
        data = part.source.read_up_to(part.descriptors_offset + position * size, count * size)
        return np.frombuffer(data, self._dtype, len(data) // size)

    def _sound(self, block: _Block) -> NDArray[np.bool_]:
        """For each descriptor whether it can be one: written at all, of a sensible size, and within its file."""
        offset, size = block.descriptors["offset"], block.descriptors["data_size"].astype(np.int64)
        codec = block.descriptors["flags"] & CODEC_MASK
        ends = np.array([part.source.size for part in self._parts], np.int64)[block.part]
        stored = np.where(codec == 0, size == self.page_size, size <= 2 * self.page_size)
        sound: NDArray[np.bool_] = (offset > 0) & (size > 0) & stored & (offset <= ends - size)
        return sound

    def _read_part(
        self, source: ByteSource, wanted: Descriptors, slots: NDArray[np.intp], pages: Pages
    ) -> NDArray[np.bool_]:
        """Reads the pages of sound descriptors into the rows `slots` of `pages`; which of them are good."""
        good = np.zeros(len(wanted), np.bool_)
        order = np.argsort(wanted["offset"], kind="stable")
        offset = wanted["offset"].astype(np.int64)[order]
        end = np.maximum.accumulate(offset + wanted["data_size"][order])
        breaks = (np.flatnonzero(offset[1:] > end[:-1] + _GAP_BYTES) + 1).tolist()
        for first, last in pairwise([0, *breaks, len(order)]):
            step = first
            while step < last:
                # No more in one read than _READ_BYTES, but one page at least.
                limit = int(np.searchsorted(end[step:last], offset[step] + _READ_BYTES, side="right"))
                until = min(last, step + max(1, limit))
                some = order[step:until]
                good[some] = self._unpack(source, wanted[some], slots[some], pages)
                step = until
        return good

    def _unpack(
        self, source: ByteSource, wanted: Descriptors, slots: NDArray[np.intp], pages: Pages
    ) -> NDArray[np.bool_]:
        """The same for pages that lie close together in the file."""
        offsets = wanted["offset"].astype(np.int64)
        sizes = wanted["data_size"].astype(np.int64)
        start = int(offsets[0])
        good = np.zeros(len(wanted), np.bool_)
        try:
            data = source.read(start, int((offsets + sizes).max()) - start)
        except KdiveError:
            if len(wanted) > 1:
                for index in range(len(wanted)):
                    good[index : index + 1] = self._unpack(
                        source, wanted[index : index + 1], slots[index : index + 1], pages
                    )
            return good
        codecs = wanted["flags"] & CODEC_MASK
        for codec in set(codecs.tolist()):
            some = np.flatnonzero(codecs == codec)
            packed = Packed(data, offsets[some] - start, sizes[some])
            pages[slots[some]], good[some] = unpack_pages(codec, packed, self.page_size)
        return good
