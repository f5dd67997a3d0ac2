"""Overlapping ranges, resolved to pieces that do not overlap."""

from __future__ import annotations

import heapq
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

_NOWHERE = (1 << 64) - 1

Range = tuple[int, int, int | None, int]  # start, end, target, rank


class Piece(NamedTuple):
    """start <= position < end comes from `target` onwards; `target` None: nowhere."""

    start: int
    end: int
    target: int | None


class RangeMap:
    """Positions → targets, all below 2^64. Where ranges overlap, the one with the highest rank counts.

    Kept as arrays of 24 bytes for each piece: a flattened dump has one for every 16 KiB.
    """

    def __init__(self, ranges: Iterable[Range]) -> None:
        """`ranges` are (start, end, target, rank)."""
        self._starts, self._ends, self._targets = array("Q"), array("Q"), array("Q")
        for cluster in _clusters(ranges):
            for start, end, target in _resolve(cluster):
                self._starts.append(start)
                self._ends.append(end)
                self._targets.append(_NOWHERE if target is None else target)

    def pieces(self) -> Iterator[Piece]:
        """All pieces, ascending."""
        return map(self._piece, range(len(self._starts)))

    @property
    def end(self) -> int:
        """One more than the last position; 0 when there are no pieces."""
        return self._ends[-1] if self._ends else 0

    def find(self, position: int) -> Piece | None:
        """The piece that holds `position`."""
        index = bisect_right(self._starts, position) - 1
        return self._piece(index) if index >= 0 and position < self._ends[index] else None

    def next_start(self, position: int) -> int | None:
        """Where the first piece after `position` starts."""
        index = bisect_right(self._starts, position)
        return self._starts[index] if index < len(self._starts) else None

    def _piece(self, index: int) -> Piece:
        target = self._targets[index]
        return Piece(self._starts[index], self._ends[index], None if target == _NOWHERE else target)


def _clusters(ranges: Iterable[Range]) -> Iterator[list[Range]]:
    """The ranges by start, those together that overlap: nearly all stand alone."""
    starts, ends, targets, ranks = array("Q"), array("Q"), array("Q"), array("Q")
    for start, end, target, rank in ranges:
        if start < end:
            starts.append(start)
            ends.append(end)
            targets.append(_NOWHERE if target is None else target)
            ranks.append(rank)
    cluster: list[Range] = []
    cluster_end = 0
    for index in sorted(range(len(starts)), key=starts.__getitem__):
        if cluster and starts[index] >= cluster_end:
            yield cluster
            cluster, cluster_end = [], 0
        target = None if targets[index] == _NOWHERE else targets[index]
        cluster.append((starts[index], ends[index], target, ranks[index]))
        cluster_end = max(cluster_end, ends[index])
    if cluster:
        yield cluster


def _resolve(ordered: Sequence[Range]) -> list[Piece]:
    """Pieces, ascending: between two borders the highest-ranked range that covers them wins."""
    if len(ordered) == 1:
        return [Piece(*ordered[0][:3])]
    pieces: list[Piece] = []
    active: list[tuple[int, int]] = []  # heap of (-rank, index in `ordered`)
    borders = sorted({border for start, end, _, _ in ordered for border in (start, end)})
    following = 0
    for border, next_border in pairwise(borders):
        while following < len(ordered) and ordered[following][0] == border:
            heapq.heappush(active, (-ordered[following][3], following))
            following += 1
        while active and ordered[active[0][1]][1] <= border:
            heapq.heappop(active)
        if active:
            start, _, target, _ = ordered[active[0][1]]
            _append(pieces, border, next_border, None if target is None else target + border - start)
    return pieces


def _append(pieces: list[Piece], start: int, end: int, target: int | None) -> None:
    """Adds a piece, joined to the one before where it goes on from it."""
    last = pieces[-1] if pieces else None
    if last and last.end == start and _goes_on(last, target):
        pieces[-1] = Piece(last.start, end, last.target)
    else:
        pieces.append(Piece(start, end, target))


def _goes_on(last: Piece, target: int | None) -> bool:
    if last.target is None or target is None:
        return last.target is target
    return last.target + last.end - last.start == target
