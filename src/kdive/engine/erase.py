"""Bytes that are not to reach the dump: poisoned in the pages on their way into it.

A plan names ranges of physical memory, and says in the dump what they were. Where they are is a matter of names and
types, which this room knows nothing of.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kdive.dumpfile.dump import Dump
from kdive.engine.erased_text import joined
from kdive.engine.open_pages import open_pages
from kdive.engine.page_reader import PageReader, Pages
from kdive.engine.writing import WriteOptions
from kdive.errors import KdiveError

POISON = ord("X")  # as makedumpfile does
_RANGES_LIMIT = 1 << 22  # 100 MB of them
_WHATS_LIMIT = 1 << 12


@dataclass(frozen=True)
class Erasure:
    """Bytes start <= address < start + size of physical memory; `what` they are: "user_key_payload.data"."""

    start: int
    size: int
    what: str
    zeros: bool = False  # a pointer that is to be NULL, in place of poison
    whole: int = 0  # bytes of all of it, where this is one of the pieces that its memory falls into


@dataclass(frozen=True)
class Ranges:
    """Half-open ranges of physical addresses, ascending, that do not touch."""

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]

    @property
    def size(self) -> int:
        """Bytes in all of them."""
        return int((self.ends - self.starts).sum())


@dataclass(frozen=True)
class ErasePlan:
    """What is erased from a dump: `level` has the bits that the dump's level must have as well."""

    poisoned: Ranges
    zeroed: Ranges
    text: bytes  # of the dump's erase info
    level: int = 0

    @property
    def size(self) -> int:
        """Bytes to erase, whether the dump keeps their pages or not."""
        return self.poisoned.size + self.zeroed.size


def plan_of(erasures: Iterable[Erasure], level: int = 0) -> ErasePlan:
    """The plan that erases all of `erasures`. Raises KdiveError when they are more than any kernel has."""
    bounds = {zeros: (array("q"), array("q")) for zeros in (False, True)}
    lines: dict[str, None] = {}
    for number, one in enumerate(erasures):
        if number == _RANGES_LIMIT:
            raise KdiveError(f"more than {number} places are to be erased", hint="the dump is damaged, or the rules")
        if one.size <= 0:
            continue
        starts, ends = bounds[one.zeros]
        starts.append(one.start)
        ends.append(one.start + one.size)
        if len(lines) < _WHATS_LIMIT:
            lines.setdefault(f"erase {one.what} " + ("nullify" if one.zeros else f"size {one.whole or one.size}"))
    text = "".join(f"{line}\n" for line in sorted(lines)).encode()
    poisoned, zeroed = (_merged(*(np.array(column, np.int64) for column in bounds[zeros])) for zeros in (False, True))
    return ErasePlan(poisoned, zeroed, text, level)


def _merged(first: NDArray[np.int64], end: NDArray[np.int64]) -> Ranges:
    if not len(first):
        return Ranges(first, end)
    order = np.argsort(first, kind="stable")
    first, end = first[order], np.maximum.accumulate(end[order])
    opens = np.ones(len(first), np.bool_)
    opens[1:] = first[1:] > end[:-1]
    closes = np.append(opens[1:], True)
    return Ranges(first[opens], end[closes])


def together(one: ErasePlan, other: ErasePlan) -> ErasePlan:
    """The plan that erases what both do."""
    return ErasePlan(
        _both(one.poisoned, other.poisoned),
        _both(one.zeroed, other.zeroed),
        joined(one.text, other.text),
        one.level | other.level,
    )


def _both(one: Ranges, other: Ranges) -> Ranges:
    return _merged(np.concatenate([one.starts, other.starts]), np.concatenate([one.ends, other.ends]))


class ErasingReader(PageReader):
    """The pages of another reader, with what the plan names erased. It has no position either.

    Packers copy compressed pages unseen, but only from the readers that they know: never from this one.
    """

    def __init__(self, reader: PageReader, plan: ErasePlan) -> None:
        self.page_size = reader.page_size
        self._reader = reader
        self._fills = [(ranges, fill) for ranges, fill in ((plan.poisoned, POISON), (plan.zeroed, 0)) if ranges.size]

    def holds(self, first_pfn: int, count: int) -> NDArray[np.bool_]:
        return self._reader.holds(first_pfn, count)

    def windows(self, pages: int) -> Iterator[int]:
        return self._reader.windows(pages)

    def read_pages(self, pfns: NDArray[np.int64], pages: Pages) -> NDArray[np.bool_]:
        good = self._reader.read_pages(pfns, pages)
        for ranges, fill in self._fills:
            self._erase(ranges, fill, pfns, pages)
        if not good.all():
            pages[~good] = 0
        return good

    def _erase(self, ranges: Ranges, fill: int, pfns: NDArray[np.int64], pages: Pages) -> None:
        if not len(pfns):
            return
        page_size = self.page_size
        first = int(np.searchsorted(ranges.ends, int(pfns[0]) * page_size, "right"))
        last = int(np.searchsorted(ranges.starts, (int(pfns[-1]) + 1) * page_size, "left"))
        starts, ends = ranges.starts[first:last], ranges.ends[first:last]
        rows = np.searchsorted(pfns, starts // page_size, "left")
        row_ends = np.searchsorted(pfns, (ends - 1) // page_size, "right")
        there = rows < row_ends
        for start, end, row, row_end in zip(
            starts[there].tolist(), ends[there].tolist(), rows[there].tolist(), row_ends[there].tolist(), strict=True
        ):
            # Pages between may be missing: only the first and the last row can hold an end of the range.
            head, tail = start - int(pfns[row]) * page_size, end - int(pfns[row_end - 1]) * page_size
            if row_end - row == 1:
                pages[row, max(head, 0) : min(tail, page_size)] = fill
                continue
            pages[row, max(head, 0) :] = fill
            pages[row + 1 : row_end - 1] = fill
            pages[row_end - 1, : min(tail, page_size)] = fill


def erasing(dump: Dump, options: WriteOptions) -> tuple[PageReader, WriteOptions]:
    """The reader of pages for a new dump, and the options with what they mean: what was erased before stays said."""
    reader, plan = open_pages(dump), options.erase
    text = joined(dump.eraseinfo, options.eraseinfo)
    if plan is None:
        return reader, replace(options, eraseinfo=text)
    level = options.level | plan.level
    return ErasingReader(reader, plan), replace(options, level=level, eraseinfo=joined(text, plan.text))
