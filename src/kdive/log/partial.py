"""A piece of memory of which pages may be missing."""

from __future__ import annotations

from bisect import bisect_right

from kdive.memory.memory import Memory


class Partial:
    """`size` bytes from virtual `address`, with zeros where they could not be read."""

    def __init__(self, memory: Memory, address: int, size: int) -> None:
        self.data, self._holes = memory.read_with_holes(address, size)
        self._ends = [end for _, end in self._holes]

    def hole_end(self, start: int, end: int) -> int | None:
        """Where the first hole ends that touches start <= position < end; None: all of it could be read."""
        index = bisect_right(self._ends, start)
        if index == len(self._ends) or self._holes[index][0] >= end:
            return None
        return self._ends[index]

    def has(self, start: int, end: int) -> bool:
        """Whether all of start <= position < end could be read."""
        return self.hole_end(start, end) is None

    @property
    def hole_count(self) -> int:
        """How many runs of bytes could not be read."""
        return len(self._holes)

    @property
    def missing_bytes(self) -> int:
        return sum(end - start for start, end in self._holes)
