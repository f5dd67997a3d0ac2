"""Is a dump whole, and do two dumps hold the same memory?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kdive.dumpfile.containers.kdump_compressed import KdumpCompressedDump
from kdive.dumpfile.dump import Dump
from kdive.dumpfile.open import open_dump
from kdive.engine.batches import batch_pages, zero_pages
from kdive.engine.classify import WINDOW_PAGES
from kdive.engine.descriptor_check import check_descriptors
from kdive.engine.kdump_pages import KdumpPages
from kdive.engine.kinds import PageKind, excluded_kinds
from kdive.engine.manifest import check_files
from kdive.engine.open_pages import open_pages
from kdive.engine.page_reader import PageReader
from kdive.engine.pfn_ranges import PfnRange, PfnRanges
from kdive.engine.selection import Selection
from kdive.engine.writing import ZERO_PAGES
from kdive.errors import DumpError
from kdive.memory.open import open_memory

LookedAt = Callable[[int], None]  # pages so far


@dataclass(frozen=True)
class PageGroup:
    """Some pages: how many, the first ranges of pfns, and how many of each kind of PageKind, in lower case."""

    pages: int
    ranges: tuple[PfnRange, ...]
    of_kind: dict[str, int]


@dataclass(frozen=True)
class Checked:
    """One dump by itself."""

    path: str
    format: str
    pages: int  # that could be read
    unreadable: PageGroup  # that should be there, and cannot be read
    lost: PageGroup  # that were never written
    wrong: PageGroup  # whose descriptors cannot be right
    checksums: tuple[str, ...]  # files that are what their manifest says
    problems: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """Nothing is wrong."""
        return not (self.problems or self.unreadable.pages or self.lost.pages or self.wrong.pages)


@dataclass(frozen=True)
class Compared:
    """Two dumps, page by page."""

    paths: tuple[str, str]
    equal: int
    equal_zero: int  # of those: full of zeros, and left out by one of the two because of it
    different: PageGroup
    missing: tuple[PageGroup, PageGroup]  # that only the other dump holds
    missing_by_level: tuple[int, int]  # of those: what the level of the dump is there to leave out
    unreadable: tuple[PageGroup, PageGroup]
    problems: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Both hold the same pages."""
        groups = (self.different, *self.missing, *self.unreadable)
        return not self.problems and not any(group.pages for group in groups)


def check(path: Path, looked_at: LookedAt = lambda pages: None) -> Checked:
    """Reads all that `path` holds. Raises DumpError when it cannot be opened as a dump."""
    with open_dump(path) as dump:
        _refuse_live(dump)
        reader = open_pages(dump)
        lost, wrong = PfnRanges(), PfnRanges()
        problems = _problems_of(dump)
        if isinstance(reader, KdumpPages) and isinstance(dump, KdumpCompressedDump):
            found = check_descriptors(dump, reader)
            lost, wrong = found.lost, found.wrong
            problems += found.problems
        good, unreadable = 0, PfnRanges()
        buffer = _buffer(reader)
        for first_pfn in reader.windows(WINDOW_PAGES):
            there = np.flatnonzero(reader.holds(first_pfn, WINDOW_PAGES)) + first_pfn
            for pfns in _batches(there, len(buffer)):
                read = reader.read_pages(pfns, buffer[: len(pfns)])
                good += int(np.count_nonzero(read))
                unreadable.add(pfns[~read])
                looked_at(good + unreadable.count)
        sums = check_files([Path(file) for file in dump.paths])
        return Checked(
            path=str(dump.path),
            format=dump.container.format,
            pages=good,
            unreadable=_group(unreadable),
            lost=_group(lost),
            wrong=_group(wrong),
            checksums=sums.agreeing,
            problems=(*problems, *sums.problems),
        )


def compare(first: Path, second: Path, looked_at: LookedAt = lambda pages: None) -> Compared:
    """Reads all that the two dumps hold. Raises DumpError when one cannot be opened, or they cannot be compared."""
    with open_dump(first) as a, open_dump(second) as b:
        for dump in (a, b):
            _refuse_live(dump)
        if (a.page_size, a.arch) != (b.page_size, b.arch):
            raise DumpError(
                f"{b.path}: {b.arch} with pages of {b.page_size} bytes, but {a.path}: {a.arch}, {a.page_size}",
                hint="only dumps of one machine can be compared",
            )
        return _Comparison((a, b), looked_at).compared()


class _Comparison:
    def __init__(self, dumps: tuple[Dump, Dump], looked_at: LookedAt) -> None:
        self._dumps = dumps
        self._looked_at = looked_at
        self._readers = (open_pages(dumps[0]), open_pages(dumps[1]))
        self._buffers = (_buffer(self._readers[0]), _buffer(self._readers[1]))
        self._leaves_zeros_out = tuple(_leaves_zeros_out(dump) for dump in dumps)
        self._excluded = [np.isin(np.arange(256), [*excluded_kinds(dump.container.dump_level or 0)]) for dump in dumps]
        self._equal = self._equal_zero = self._seen = 0
        self._different = PfnRanges()
        self._missing = (PfnRanges(), PfnRanges())
        self._by_level = [0, 0]
        self._unreadable = (PfnRanges(), PfnRanges())

    def compared(self) -> Compared:
        kinds = _Kinds(self._dumps)
        windows = merge(*(reader.windows(WINDOW_PAGES) for reader in self._readers))
        last = -1
        for first_pfn in windows:
            if first_pfn != last:
                self._window(first_pfn, kinds.of(first_pfn))
            last = first_pfn
        return Compared(
            paths=(str(self._dumps[0].path), str(self._dumps[1].path)),
            equal=self._equal,
            equal_zero=self._equal_zero,
            different=_group(self._different),
            missing=(_group(self._missing[0]), _group(self._missing[1])),
            missing_by_level=(self._by_level[0], self._by_level[1]),
            unreadable=(_group(self._unreadable[0]), _group(self._unreadable[1])),
            problems=tuple(f"{dump.path}: {text}" for dump in self._dumps for text in _problems_of(dump)),
        )

    def _window(self, first_pfn: int, kinds: NDArray[np.uint8]) -> None:
        held = [reader.holds(first_pfn, WINDOW_PAGES) for reader in self._readers]
        for pfns in _batches(np.flatnonzero(held[0] | held[1]) + first_pfn, len(self._buffers[0])):
            index = pfns - first_pfn
            self._batch(pfns, (held[0][index], held[1][index]), kinds[index])

    def _batch(
        self, pfns: NDArray[np.int64], held: tuple[NDArray[np.bool_], NDArray[np.bool_]], kinds: NDArray[np.uint8]
    ) -> None:
        good: list[NDArray[np.bool_]] = []
        for side in range(2):
            good.append(self._read(side, pfns, held[side]))
            bad = held[side] & ~good[side]
            self._unreadable[side].add(pfns[bad], kinds[bad])
        pages = [buffer[: len(pfns)] for buffer in self._buffers]
        both = good[0] & good[1]
        same = (pages[0].view(np.uint64) == pages[1].view(np.uint64)).all(axis=1)
        self._equal += int(np.count_nonzero(both & same))
        differ = both & ~same
        self._different.add(pfns[differ], kinds[differ])
        for side in range(2):
            other = 1 - side
            alone = good[other] & ~held[side]
            if self._leaves_zeros_out[side] and alone.any():
                zero = zero_pages(pages[other]) & alone
                self._equal += int(np.count_nonzero(zero))
                self._equal_zero += int(np.count_nonzero(zero))
                alone &= ~zero
            self._missing[side].add(pfns[alone], kinds[alone])
            self._by_level[side] += int(np.count_nonzero(self._excluded[side][kinds[alone]]))
        self._seen += len(pfns)
        self._looked_at(self._seen)

    def _read(self, side: int, pfns: NDArray[np.int64], held: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Reads the pages that are held into their rows of the buffer; which of all are good."""
        buffer, reader = self._buffers[side], self._readers[side]
        if held.all():
            return reader.read_pages(pfns, buffer[: len(pfns)])
        good = np.zeros(len(pfns), np.bool_)
        rows = np.flatnonzero(held)
        good[rows] = reader.read_pages(pfns[rows], buffer[: len(rows)])
        buffer[rows] = buffer[: len(rows)].copy()
        return good


class _Kinds:
    """What pages were used for, by whichever of the dumps has struct pages; windows must be asked for in order."""

    def __init__(self, dumps: Sequence[Dump]) -> None:
        selections = [Selection(open_memory(dump)) for dump in dumps]
        chosen = next((selection for selection in selections if selection.knows), selections[0])
        self._windows = chosen.windows()
        self._next = next(self._windows, None)

    def of(self, first_pfn: int) -> NDArray[np.uint8]:
        """PageKind of WINDOW_PAGES pages."""
        while self._next is not None and self._next.first_pfn < first_pfn:
            self._next = next(self._windows, None)
        if self._next is None or self._next.first_pfn != first_pfn:
            return np.full(WINDOW_PAGES, PageKind.UNKNOWN, np.uint8)
        return self._next.kinds


def _refuse_live(dump: Dump) -> None:
    if dump.container.format == "kcore":
        raise DumpError(f"{dump.path}: memory in use is never the same twice", hint="verify a dump of it")


def _problems_of(dump: Dump) -> list[str]:
    incomplete = dump.container.incomplete
    return ([f"incomplete: {incomplete}"] if incomplete else []) + list(dump.container.damage)


def _leaves_zeros_out(dump: Dump) -> bool:
    """Whether a page that is not there may have been full of zeros: an ELF dump does not say its level."""
    level = dump.container.dump_level
    return level is None or bool(level & ZERO_PAGES)


def _buffer(reader: PageReader) -> NDArray[np.uint8]:
    return np.zeros((batch_pages(reader.page_size), reader.page_size), np.uint8)


def _batches(pfns: NDArray[np.int64], pages: int) -> Iterator[NDArray[np.int64]]:
    for first in range(0, len(pfns), pages):
        yield pfns[first : first + pages]


def _group(found: PfnRanges) -> PageGroup:
    return PageGroup(found.count, found.named, found.of_kind)
