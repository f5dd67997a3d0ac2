"""Copies that would have left their object."""

from __future__ import annotations

import pytest

from tests.diagnosis.reports import culprit, trace, verdict_of

BUG = ["------------[ cut here ]------------", "kernel BUG at mm/usercopy.c:102!", "invalid opcode: 0000 [#1] SMP"]
LINES = trace("usercopy_abort", "__check_heap_object", "__check_object_size.part.0", "frob_read [frob]", "vfs_read")
END = "Kernel panic - not syncing: Fatal exception"


@pytest.mark.parametrize(
    ("attempt", "words"),
    [("exposure attempt detected from", "would have been shown"), ("overwrite attempt detected to", "overwritten")],
)
def test_the_function_that_copies_is_guilty_and_the_direction_is_told(attempt: str, words: str) -> None:
    headline = f"usercopy: Kernel memory {attempt} SLUB object 'kmalloc-64' (offset 0, size 128)!"
    verdict = verdict_of([headline, *BUG, *LINES, END])
    assert culprit(verdict) == ("usercopy", "frob_read", "frob")
    assert words in verdict.explanation


def test_a_fault_inside_a_copy_is_a_page_fault() -> None:
    headline = "BUG: unable to handle page fault for address: ffffc90000a41000"
    lines = trace("copy_user_enhanced_fast_string", "_copy_to_user", "frob_read [frob]", "vfs_read")
    assert culprit(verdict_of([headline, *lines, END])) == ("page-fault", "frob_read", "frob")
