"""Out of memory: fatal, and not."""

from __future__ import annotations

from kdive.facts.machine import MemoryTotals
from kdive.units import ByteCount
from tests.diagnosis.reports import LIFE, culprit, verdict_of

MB = 1 << 20
INVOKED = "frobd invoked oom-killer: gfp_mask=0x140dca(GFP_HIGHUSER_MOVABLE), order=0, oom_score_adj=0"
END = "Kernel panic - not syncing: Out of memory: compulsory panic_on_oom is enabled"


def test_no_function_is_guilty_and_the_largest_holder_of_memory_is_named() -> None:
    memory = MemoryTotals(free=ByteCount(3 * MB), anonymous=ByteCount(40 * MB), slab=ByteCount(900 * MB))
    verdict = verdict_of([INVOKED, END], memory=memory)
    assert culprit(verdict) == ("oom-panic", None, None)
    assert "held by slab (900 MB)" in verdict.explanation


def test_a_process_that_was_killed_for_memory_is_no_crash() -> None:
    killed = "Out of memory: Killed process 812 (frobd) total-vm:1kB, anon-rss:1kB"
    assert verdict_of([INVOKED, killed, *LIFE]).class_ == "none"
