"""Overlapping ranges, checked position by position."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kdive.dumpfile.ranges import RangeMap

RANGES = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 20), st.one_of(st.none(), st.integers(0, 10**6)), st.integers(0, 3)),
    max_size=12,
)


@given(RANGES)
def test_the_highest_rank_wins_at_every_position(drawn: list[tuple[int, int, int | None, int]]) -> None:
    ranges = [
        (start, start + size, target, rank * 100 + index) for index, (start, size, target, rank) in enumerate(drawn)
    ]
    found = RangeMap(ranges)
    for position in range(-1, 90):
        over = [one for one in ranges if one[0] <= position < one[1]]
        piece = found.find(position)
        if not over:
            assert piece is None
            continue
        start, _, target, _ = max(over, key=lambda one: one[3])
        assert piece is not None
        here = None if piece.target is None else piece.target + position - piece.start
        assert here == (None if target is None else target + position - start)


def test_pieces_that_go_on_from_each_other_are_one() -> None:
    ranges = RangeMap([(0, 100, 1000, 5), (20, 30, 1020, 7)])
    assert [(piece.start, piece.end, piece.target) for piece in ranges.pieces()] == [(0, 100, 1000)]


def test_next_start_skips_what_lies_before() -> None:
    ranges = RangeMap([(10, 20, 0, 0), (40, 50, 0, 0)])
    assert (ranges.next_start(0), ranges.next_start(10), ranges.next_start(45)) == (10, 40, None)
