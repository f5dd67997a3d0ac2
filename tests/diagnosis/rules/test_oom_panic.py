"""Out of memory: fatal, and not."""

from __future__ import annotations

from kdive.facts.machine import MemoryTotals
from kdive.units import ByteCount
from tests.diagnosis.reports import LIFE, culprit, trace, verdict_of

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


def test_what_memory_does_not_tell_is_not_made_up() -> None:
    alone = verdict_of([INVOKED, END])
    assert "held by" not in alone.explanation
    assert not [piece for piece in alone.evidence if piece.kind == "memory"]
    free = verdict_of([INVOKED, END], memory=MemoryTotals(free=ByteCount(3 * MB)))
    assert [piece.value for piece in free.evidence if piece.kind == "memory"] == ["free: 3 MB"]
    assert "held by" not in free.explanation


def test_a_process_that_was_killed_for_memory_long_before_an_oops_is_not_its_cause() -> None:
    killed = "Out of memory: Killed process 812 (frobd) total-vm:1kB, anon-rss:1kB"
    headline = "BUG: kernel NULL pointer dereference, address: 0000000000000010"
    oops = [headline, *trace("frob_read [frob]", "vfs_read"), "Kernel panic - not syncing: Fatal exception"]
    assert culprit(verdict_of([INVOKED, killed, *LIFE, *oops])) == ("null-deref", "frob_read", "frob")
