"""Finds words of memory, aligned as pointers are, that have one of some values: wherever they lie, in one pass.

A table by the lowest bits passes over nearly all of memory; only what it lets through is compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from kdive.engine.page_reader import Pages
from kdive.formats.record import ByteOrder

_TABLE_BITS = 16
_SHIFT = 3  # the lowest bits of a pointer tell nothing


class WordSearch:
    """Looks for `values` in batches of pages."""

    def __init__(self, values: Iterable[int], order: ByteOrder) -> None:
        self._values = np.unique(np.fromiter(values, np.uint64))
        self._dtype = np.dtype(f"{order}u8")
        self._table = np.zeros(1 << _TABLE_BITS, np.bool_)
        self._table[self._slots(self._values)] = True

    def find(self, pfns: NDArray[np.int64], pages: Pages) -> Iterator[tuple[int, int]]:
        """Physical address and value of each of them, ascending."""
        if not len(self._values) or not len(pfns):
            return
        words = np.ascontiguousarray(pages).reshape(-1).view(self._dtype)
        places = np.flatnonzero(self._table[self._slots(words)])
        found = words[places].astype(np.uint64)
        index = np.minimum(np.searchsorted(self._values, found), len(self._values) - 1)
        good = self._values[index] == found
        per_page = pages.shape[1] // 8
        places = places[good]
        addresses = pfns[places // per_page] * pages.shape[1] + places % per_page * 8
        yield from zip(addresses.tolist(), found[good].tolist(), strict=True)

    @staticmethod
    def _slots(words: NDArray[np.uint64]) -> NDArray[np.uint16]:
        return (words >> np.uint64(_SHIFT)).astype(np.uint16)
