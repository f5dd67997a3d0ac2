"""Pages of a dump in large reads: which of them the dump holds, and their content side by side in an array.

    reader = open_pages(dump)
    held = reader.holds(first_pfn, count)         # one bool a page; reads no page
    good = reader.read_pages(pfns, pages)         # pages[i] becomes page pfns[i]; False where that failed

Readers keep no position, so that several threads may share one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from kdive.dumpfile.dump import Dump

Pages = NDArray[np.uint8]  # shape (pages, page size)


class PageReader(ABC):
    """Pages of one dump."""

    def __init__(self, dump: Dump) -> None:
        self.page_size = dump.page_size

    @abstractmethod
    def holds(self, first_pfn: int, count: int) -> NDArray[np.bool_]:
        """For each page whether its content should be in the dump."""

    @abstractmethod
    def windows(self, pages: int) -> Iterator[int]:
        """First pfns, multiples of `pages`, of the windows of `pages` pages that may hold any; ascending.

        However much memory the headers claim, there are no more of them than the file is long enough for.
        """

    @abstractmethod
    def read_pages(self, pfns: NDArray[np.int64], pages: Pages) -> NDArray[np.bool_]:
        """Reads pages `pfns` (ascending) into the rows of `pages`; false for those that could not be read.

        The rows of pages that could not be read are zeros.
        """

    def read(self, first_pfn: int, count: int) -> tuple[Pages, NDArray[np.bool_]]:
        """`count` pages from `first_pfn` on, and which of them were there and could be read; the others are zeros."""
        pages = np.zeros((count, self.page_size), np.uint8)
        good = np.zeros(count, np.bool_)
        there = np.flatnonzero(self.holds(first_pfn, count))
        if len(there) == count:
            return pages, self.read_pages(np.arange(first_pfn, first_pfn + count), pages)
        some = np.empty((len(there), self.page_size), np.uint8)
        good[there] = self.read_pages(there + first_pfn, some)
        pages[there] = some
        return pages, good
