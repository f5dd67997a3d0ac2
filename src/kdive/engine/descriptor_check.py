"""Whether the tables of pages of a kdump-compressed dump can be what was written, told from themselves alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kdive.dumpfile.containers.kdump_compressed import KdumpCompressedDump
from kdive.dumpfile.kdump_pages import PagePart
from kdive.engine.kdump_pages import KdumpPages, Table
from kdive.engine.pfn_ranges import PfnRanges
from kdive.errors import DumpDamagedError
from kdive.formats.kdump_compressed import CODEC_MASK, DISKDUMP_SIGNATURE, PageDescriptor

_SPANS_LIMIT = 1 << 18  # of data without gaps; a writer leaves a few


@dataclass(frozen=True)
class Descriptors:
    """What the tables hold: descriptors of pages that were never written, and those that cannot be right."""

    lost: PfnRanges
    wrong: PfnRanges
    problems: tuple[str, ...]


def check_descriptors(dump: KdumpCompressedDump, reader: KdumpPages) -> Descriptors:
    """Looks at each descriptor, and at how their data lie in the file: pages may share data, but not overlap."""
    lost, wrong = PfnRanges(), PfnRanges()
    problems: list[str] = []
    # The first header of a split set says nothing of what was erased from the pages of the other parts.
    end = dump.header.eraseinfo if len(dump.paths) == 1 else None
    spans = [_Spans(part, dump.page_size, path, end) for part, path in zip(dump.page_parts, dump.paths, strict=True)]
    reserved = dump.header.main.start.signature != DISKDUMP_SIGNATURE
    for table in reader.tables():
        rows = table.descriptors
        unwritten = rows["offset"] == 0
        odd = ~reader.sound(table) & ~unwritten
        if reserved:
            odd |= ~unwritten & ((rows["page_flags"] != 0) | (rows["flags"] & ~np.uint32(CODEC_MASK) != 0))
        for index, part in enumerate(spans):
            here = (table.part == index) & ~unwritten & ~odd
            odd[here] |= part.outside(table, here)
            part.add(table, (table.part == index) & ~unwritten & ~odd)
        lost.add(np.sort(np.concatenate([table.pfns[unwritten], table.missing])))
        wrong.add(table.pfns[odd])
    if not lost.count:
        for part in spans:
            problems += part.problems()
    return Descriptors(lost, wrong, tuple(problems))


class _Spans:
    """Where in one file the data of its pages lie, as runs without gaps."""

    def __init__(self, part: PagePart, page_size: int, path: Path, eraseinfo: tuple[int, int] | None) -> None:
        self._path = path
        self._end = part.source.size if not eraseinfo or not eraseinfo[1] else eraseinfo[0]
        self._whole = eraseinfo is not None
        self._page_size = page_size
        try:
            self._data_offset = part.descriptors_offset + part.page_count * PageDescriptor.size()
        except DumpDamagedError:  # it ends within the bitmap
            self._data_offset = 0
        self._starts: list[NDArray[np.int64]] = []
        self._ends: list[NDArray[np.int64]] = []
        self._count = 0
        self._shared = False

    def outside(self, table: Table, here: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which of the descriptors point before the data."""
        outside: NDArray[np.bool_] = table.descriptors["offset"][here] < self._data_offset
        return outside

    def add(self, table: Table, here: NDArray[np.bool_]) -> None:
        """Notes where the data of these descriptors lie."""
        rows = table.descriptors[here]
        # The page that all pages of zeros share is the first.
        shared = (rows["offset"] == self._data_offset) & (rows["data_size"] == self._page_size) & (rows["flags"] == 0)
        self._shared |= bool(shared.any())
        rows = rows[~shared]
        if not len(rows) or self._count > _SPANS_LIMIT:
            return
        starts = rows["offset"].astype(np.int64)
        ends = starts + rows["data_size"]
        opens = np.ones(len(rows), np.bool_)
        opens[1:] = starts[1:] != ends[:-1]
        starts, ends = starts[opens], ends[np.append(opens[1:], True)]
        if self._ends and self._ends[-1][-1] == starts[0]:
            self._ends[-1][-1] = ends[0]
            starts, ends = starts[1:], ends[1:]
        if len(starts):
            self._count += len(starts)
            self._starts.append(starts)
            self._ends.append(ends)

    def problems(self) -> list[str]:
        """What is wrong with where they lie: writers leave nothing between the data of two pages."""
        if not self._starts or self._count > _SPANS_LIMIT:
            return []
        starts, ends = np.concatenate(self._starts), np.concatenate(self._ends)
        spans = np.unique(np.stack((starts, ends), axis=1), axis=0)  # equal ones are pages that share their data
        starts, ends = spans[:, 0], spans[:, 1]
        found = []
        before = np.maximum.accumulate(ends)[:-1]
        for words, at in (
            ("pages overlap in the file", np.flatnonzero(starts[1:] < before)),
            ("what lies between pages in the file belongs to none", np.flatnonzero(starts[1:] > before)),
        ):
            if len(at):
                found.append(f"{self._path}: {words}, first at offset {int(min(starts[at[0] + 1], before[at[0]])):#x}")
        left = self._end - int(ends.max())
        if self._whole and 0 < left <= 2 * self._page_size:
            found.append(f"{self._path}: {left} bytes behind the last page belong to none")
        first, zeros_end = int(starts[0]), self._data_offset + self._page_size
        if first not in ({zeros_end} if self._shared else {self._data_offset, zeros_end}):
            found.append(f"{self._path}: the table of pages is not as long as the bitmap says")
        return found
