"""Kernel stacks that were used up."""

from __future__ import annotations

from kdive.facts.stacks import Frame, Stack, Stacks
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


def stack_of(*functions: str) -> Stacks:
    frames = tuple(Frame(name, "frob" if name.startswith("frob") else "") for name in functions)
    return Stacks((Stack(frames, pid=77, cpu=1, crashed=True),))


def test_a_recursion_that_only_memory_shows_is_found() -> None:
    memory = stack_of("panic", "oops_end", "frob_leaf", *["frob_walk"] * 9, "frob_ioctl", "do_syscall_64")
    verdict = verdict_of([HEADLINE, *trace("frob_leaf [frob]"), END], stacks=memory)
    assert culprit(verdict) == ("stack-overflow", "frob_walk", "frob")
    assert "at least 9 times" in verdict.explanation


def test_a_deep_stack_without_a_recursion_is_not_called_one() -> None:
    memory = stack_of("panic", "oops_end", "frob_leaf", *(f"frob_level{number}" for number in range(9)))
    verdict = verdict_of([HEADLINE, *trace("frob_leaf [frob]"), END], stacks=memory)
    assert culprit(verdict) == ("stack-overflow", "frob_leaf", "frob")
    assert "the calls went too deep" in verdict.explanation


def test_a_fault_in_a_recursion_that_ends_is_no_overflow() -> None:
    headline = "BUG: kernel NULL pointer dereference, address: 0000000000000010"
    verdict = verdict_of([headline, *trace("frob_leaf [frob]", *["frob_walk [frob]"] * 6), END])
    assert culprit(verdict) == ("null-deref", "frob_leaf", "frob")
