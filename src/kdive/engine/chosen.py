"""First pass: which pages are written, from the kinds of the selection, the level, and what the input holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kdive.engine.bitmaps import BitmapWriter
from kdive.engine.kinds import PageKind, excluded_kinds
from kdive.engine.machine import Machine
from kdive.engine.page_reader import PageReader
from kdive.engine.writing import Progress, Report
from kdive.units import ByteCount

_NEVER_READ = (PageKind.HWPOISON, PageKind.OFFLINE)  # reading such a page may stop the machine


class Window(Protocol):
    """Some pages side by side, as a selection gives them."""

    @property
    def first_pfn(self) -> int: ...

    @property
    def present(self) -> NDArray[np.bool_]:
        """Which of them are memory of the machine."""

    @property
    def kinds(self) -> NDArray[np.uint8]:
        """PageKind of each."""


@dataclass
class Selected:
    """What the first pass counted, in pages."""

    pages: int = 0
    of_kind: NDArray[np.int64] = field(default_factory=lambda: np.zeros(256, np.int64))
    excluded_of_kind: NDArray[np.int64] = field(default_factory=lambda: np.zeros(256, np.int64))
    unavailable: int = 0
    dumped: int = 0
    end_pfn: int = 0  # of the machine


@dataclass(frozen=True)
class Bitmaps:
    """Where the first pass writes: pages that the machine had, those to be written, and those that could be."""

    present: BitmapWriter
    dumped: BitmapWriter
    readable: BitmapWriter | None = None

    def flush(self) -> None:
        for bitmap in (self.present, self.dumped, self.readable):
            if bitmap is not None:
                bitmap.flush()


def select(
    machine: Machine, reader: PageReader, windows: Iterable[Window], level: int, bitmaps: Bitmaps, report: Report
) -> Selected:
    """Fills `bitmaps` from `windows`, which ascend."""
    selected = Selected(end_pfn=machine.end_pfn)
    excluded = np.zeros(256, np.bool_)
    excluded[[int(kind) for kind in excluded_kinds(level)]] = True
    never_read = np.zeros(256, np.bool_)
    never_read[[int(kind) for kind in _NEVER_READ]] = True
    for window in windows:
        first = window.first_pfn
        count = min(len(window.kinds), machine.end_pfn - first)
        if count <= 0:
            continue
        present, kinds = window.present[:count], window.kinds[:count]
        held = reader.holds(first, count) & present
        wanted = present & ~excluded[kinds]
        dumped = wanted & held
        bitmaps.present.add(first, present)
        bitmaps.dumped.add(first, dumped)
        if bitmaps.readable is not None:
            bitmaps.readable.add(first, held & ~never_read[kinds])
        pages = int(np.count_nonzero(present))
        of_kind = np.bincount(kinds if pages == count else kinds[present], minlength=256)
        selected.pages += pages
        selected.of_kind += of_kind
        selected.excluded_of_kind += np.where(excluded, of_kind, 0)
        selected.dumped += int(np.count_nonzero(dumped))
        selected.unavailable += int(np.count_nonzero(wanted)) - int(np.count_nonzero(dumped))
        report(Progress("selecting", first + count, machine.end_pfn, ByteCount(0)))
    bitmaps.flush()
    return selected


def by_name(counts: NDArray[np.int64]) -> dict[str, int]:
    """Counts of kinds by name, those left out that are 0."""
    return {kind.name.lower(): int(counts[kind]) for kind in PageKind if counts[kind]}
