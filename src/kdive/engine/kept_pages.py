"""The pages that a dump of some level keeps, with their content: for searches through all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from kdive.engine.batches import batch_pages, slices
from kdive.engine.kinds import excluded_kinds
from kdive.engine.open_pages import open_pages
from kdive.engine.page_reader import Pages
from kdive.engine.selection import Selection
from kdive.memory.memory import Memory


def kept_pages(
    memory: Memory,
    level: int,
    looked_at: Callable[[int], None] = lambda pages: None,
    selection: Selection | None = None,
) -> Iterator[tuple[NDArray[np.int64], Pages]]:
    """The pfns of some pages, ascending, and their content, a page a row, until the next are read.

    Pages that the dump does not hold, or that cannot be read, are passed over. `looked_at` gets how many pages of the
    machine were looked at so far; a `selection` that is given has counted their kinds in the end.
    """
    reader = open_pages(memory.dump)
    buffer = np.empty((batch_pages(reader.page_size), reader.page_size), np.uint8)
    for pfns in slices(_pfns(memory, level, looked_at, selection or Selection(memory)), len(buffer)):
        pages = buffer[: len(pfns)]
        good = reader.read_pages(pfns, pages)
        yield (pfns, pages) if good.all() else (pfns[good], pages[good])


def _pfns(
    memory: Memory, level: int, looked_at: Callable[[int], None], selection: Selection
) -> Iterator[NDArray[np.int64]]:
    reader = open_pages(memory.dump)
    excluded = np.zeros(256, np.bool_)
    excluded[[int(kind) for kind in excluded_kinds(level)]] = True
    seen = 0
    for window in selection.windows():
        kept = window.present & ~excluded[window.kinds] & reader.holds(window.first_pfn, len(window.kinds))
        yield np.flatnonzero(kept) + window.first_pfn
        seen += int(np.count_nonzero(window.present))
        looked_at(seen)
