"""Sets of pages as sorted arrays."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kdive.engine.page_sets import among, page_set

pfns = st.lists(st.integers(0, 50), max_size=30)


@given(st.lists(pfns, max_size=3))
def test_a_set_is_ascending_and_has_each_page_once(groups: list[list[int]]) -> None:
    made = page_set(*(np.array(group, np.int64) for group in groups))
    assert made.tolist() == sorted({pfn for group in groups for pfn in group})


@given(pfns, st.sets(st.integers(0, 50)))
def test_members_are_told_from_others(pages: list[int], members: set[int]) -> None:
    found = among(np.array(pages, np.int64), np.array(sorted(members), np.int64))
    assert found.tolist() == [pfn in members for pfn in pages]
