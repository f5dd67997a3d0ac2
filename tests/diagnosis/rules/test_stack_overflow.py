"""Kernel stacks that were used up."""

from __future__ import annotations

from tests.diagnosis.reports import culprit, trace, verdict_of

HEADLINE = "BUG: stack guard page was hit at 00000000deadbeef (stack is 00000000cafe0000..00000000cafe4000)"
END = "Kernel panic - not syncing: Fatal exception in interrupt"


def test_a_function_that_calls_itself_is_guilty() -> None:
    lines = trace("frob_leaf [frob]", *["frob_walk [frob]"] * 6, "frob_ioctl [frob]")
    verdict = verdict_of([HEADLINE, *lines, END])
    assert culprit(verdict) == ("stack-overflow", "frob_walk", "frob")
    assert verdict.title == "kernel stack overflow: frob_walk calls itself"


def test_a_function_that_is_on_the_stack_twice_does_not_count_as_recursion() -> None:
    lines = trace("frob_leaf [frob]", "frob_walk [frob]", "frob_walk [frob]", "frob_ioctl [frob]")
    verdict = verdict_of([HEADLINE, *lines, END])
    assert culprit(verdict) == ("stack-overflow", "frob_leaf", "frob")
    assert "calls itself" not in verdict.title
