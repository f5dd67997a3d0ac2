"""Pages that stand out, counted, and the first of them as ranges."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from kdive.engine.kinds import PageKind

_RANGES_NAMED = 16

PfnRange = tuple[int, int]  # half-open


class PfnRanges:
    """Counts pages, by kind where it is known, and keeps the first ranges of them."""

    def __init__(self) -> None:
        self.count = 0
        self.ranges: list[PfnRange] = []
        self._of_kind = np.zeros(256, np.int64)

    def add(self, pfns: NDArray[np.int64], kinds: NDArray[np.uint8] | None = None) -> None:
        """Adds `pfns`, ascending and above all that were added before."""
        if not len(pfns):
            return
        self.count += len(pfns)
        if kinds is not None:
            self._of_kind += np.bincount(kinds, minlength=256)
        if len(self.ranges) > _RANGES_NAMED:
            return
        breaks = (np.flatnonzero(np.diff(pfns) != 1) + 1).tolist()
        for first, end in pairwise([0, *breaks, len(pfns)]):
            start, stop = int(pfns[first]), int(pfns[end - 1]) + 1
            if self.ranges and self.ranges[-1][1] == start:
                self.ranges[-1] = (self.ranges[-1][0], stop)
            else:
                self.ranges.append((start, stop))

    @property
    def named(self) -> tuple[PfnRange, ...]:
        """The first ranges."""
        return tuple(self.ranges[:_RANGES_NAMED])

    @property
    def of_kind(self) -> dict[str, int]:
        """Pages by the name of their PageKind, in lower case."""
        return {kind.name.lower(): int(self._of_kind[kind]) for kind in PageKind if self._of_kind[kind]}
