"""Sets of pages as sorted arrays. numpy's own functions for sets import its masked arrays, 40 ms of every start."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Pfns = NDArray[np.int64]


def page_set(*groups: Pfns) -> Pfns:
    """The pages of all `groups`, ascending, each once."""
    pages = np.sort(np.concatenate([*groups, np.empty(0, np.int64)]))
    each_once: Pfns = pages[np.diff(pages, prepend=-1) != 0]
    return each_once


def among(pages: Pfns, members: Pfns) -> NDArray[np.bool_]:
    """Whether each of `pages` is one of `members`, which ascend."""
    if not len(members):
        return np.zeros(len(pages), np.bool_)
    places = np.minimum(np.searchsorted(members, pages), len(members) - 1)
    found: NDArray[np.bool_] = members[places] == pages
    return found
