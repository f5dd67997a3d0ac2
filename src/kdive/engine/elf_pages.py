"""Pages of an ELF vmcore: whole runs of them lie side by side in the file."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from kdive.dumpfile.containers.elf import ElfDump
from kdive.engine.page_reader import PageReader, Pages
from kdive.errors import DumpDamagedError, ReadError

_NOT_WHOLE = -1  # in place of an offset: the page is not there, or in pieces


def _pieces_in_file(dump: ElfDump) -> Iterator[tuple[int, int, int]]:
    """Start and end address of each run of memory, and its offset; pages that were cut off the file are left out."""
    for piece in dump.content.pieces():
        if piece.target is None or piece.target >= dump.source.size:
            continue
        end, file_end = piece.end, piece.start + dump.source.size - piece.target
        if end > file_end:
            end = file_end - file_end % dump.page_size
        if piece.start < end:
            yield piece.start, end, piece.target


class ElfPages(PageReader):
    """Reads /proc/vmcore, and files like it."""

    def __init__(self, dump: ElfDump) -> None:
        super().__init__(dump)
        self._dump = dump
        self._source = dump.source
        pieces = list(_pieces_in_file(dump))
        self._starts = np.array([start for start, _, _ in pieces], np.uint64)
        self._ends = np.array([end for _, end, _ in pieces], np.uint64)
        self._targets = np.array([target for _, _, target in pieces], np.int64)

    def holds(self, first_pfn: int, count: int) -> NDArray[np.bool_]:
        if not len(self._starts):
            return np.zeros(count, np.bool_)
        start, end = (np.uint64(pfn * self.page_size) for pfn in (first_pfn, first_pfn + count))
        piece = int(np.searchsorted(self._starts, start, side="right")) - 1
        if piece >= 0 and end <= self._ends[piece]:
            return np.ones(count, np.bool_)
        starts = np.arange(start, end, self.page_size, dtype=np.uint64)
        # Some of the page is there if a piece starts before the page's end, and ends behind its start.
        last = np.searchsorted(self._starts, starts + np.uint64(self.page_size), side="left") - 1
        held: NDArray[np.bool_] = (last >= 0) & (self._ends[last] > starts)
        return held

    def windows(self, pages: int) -> Iterator[int]:
        done = 0
        for start, end in zip(self._starts.tolist(), self._ends.tolist(), strict=True):
            for window in range(max(done, start // self.page_size // pages), -(-end // (self.page_size * pages))):
                yield window * pages
                done = window + 1

    def read_pages(self, pfns: NDArray[np.int64], pages: Pages) -> NDArray[np.bool_]:
        good = np.ones(len(pfns), np.bool_)
        offsets = self._offsets(pfns)
        breaks = np.flatnonzero((np.diff(offsets) != self.page_size) | (offsets[:-1] == _NOT_WHOLE)) + 1
        flat = memoryview(pages.reshape(-1))  # type: ignore[arg-type]
        size = self.page_size
        borders = [0, *breaks.tolist(), len(pfns)] if len(pfns) else []
        for offset, (first, end) in zip(offsets[borders[:-1]].tolist(), pairwise(borders), strict=True):
            if offset == _NOT_WHOLE:
                good[first] = self._read_pieces(int(pfns[first]), flat[first * size : end * size])
                continue
            try:
                self._source.read_into(offset, flat[first * size : end * size])
            except ReadError:
                good[first:end] = self._read_singly(offset, flat[first * size : end * size])
        return good

    def _offsets(self, pfns: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where in the file each page starts; _NOT_WHOLE where not all of it lies in one place."""
        size = np.uint64(self.page_size)
        starts = pfns.astype(np.uint64) * size
        if not len(self._starts):
            return np.full(len(pfns), _NOT_WHOLE, np.int64)
        index = np.searchsorted(self._starts, starts, side="right") - 1
        whole = (index >= 0) & (starts + size <= self._ends[index])
        offsets = self._targets[index] + (starts - self._starts[index]).astype(np.int64)
        return np.where(whole, offsets, _NOT_WHOLE)

    def _read_singly(self, offset: int, buffer: memoryview) -> NDArray[np.bool_]:
        """The same pages one by one: of a run that fails, most can be read."""
        good = np.ones(len(buffer) // self.page_size, np.bool_)
        for index in range(len(good)):
            start = index * self.page_size
            page = buffer[start : start + self.page_size]
            try:
                self._source.read_into(offset + start, page)
            except ReadError:
                page[:] = bytes(self.page_size)
                good[index] = False
        return good

    def _read_pieces(self, pfn: int, page: memoryview) -> bool:
        """A page at the edge of the machine's memory: what is not memory of it is zeros. False if nothing is there."""
        page[:] = bytes(self.page_size)
        start = pfn * self.page_size
        position, end, found = start, start + self.page_size, False
        content = self._dump.content
        while position < end:
            piece = content.find(position)
            if piece is None:
                position = content.next_start(position) or end
                continue
            until = min(piece.end, end)
            if piece.target is not None:
                try:
                    self._source.read_into(
                        piece.target + position - piece.start, page[position - start : until - start]
                    )
                except DumpDamagedError:
                    return False
                found = True
            position = until
        return found
