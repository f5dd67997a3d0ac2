"""Overlapping ranges, resolved to pieces that do not overlap."""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter


@dataclass(frozen=True)
class Piece:
    """start <= position < end comes from `target` onwards; `target` None: nowhere."""

    start: int
    end: int
    target: int | None


class RangeMap:
    """Positions → targets. Where ranges overlap, the one with the highest rank counts."""

    def __init__(self, ranges: Iterable[tuple[int, int, int | None, int]]) -> None:
        """`ranges` are (start, end, target, rank)."""
        self.pieces = _resolve(ranges)
        self._starts = [piece.start for piece in self.pieces]

    def find(self, position: int) -> Piece | None:
        """The piece that holds `position`."""
        index = bisect_right(self._starts, position) - 1
        if index < 0 or position >= self.pieces[index].end:
            return None
        return self.pieces[index]

    def next_start(self, position: int) -> int | None:
        """Where the first piece after `position` starts."""
        index = bisect_right(self._starts, position)
        return self._starts[index] if index < len(self._starts) else None


def _resolve(ranges: Iterable[tuple[int, int, int | None, int]]) -> list[Piece]:
    """Pieces, ascending: between two borders the highest-ranked range that covers them wins."""
    ordered = sorted((range_ for range_ in ranges if range_[0] < range_[1]), key=itemgetter(0))
    if all(one[1] <= other[0] for one, other in pairwise(ordered)):
        return [Piece(start, end, target) for start, end, target, _ in ordered]
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
