"""Stacks that were written over."""

from __future__ import annotations

from kdive.facts.verdict import CERTAIN
from tests.diagnosis.reports import LIFE, culprit, verdict_of


def test_the_function_that_the_kernel_names_is_guilty() -> None:
    headline = "Kernel panic - not syncing: stack-protector: Kernel stack is corrupted in: frob_parse+0x9a/0xa0 [frob]"
    verdict = verdict_of([headline])
    assert culprit(verdict) == ("stack-protector", "frob_parse", "frob")
    assert verdict.confidence == CERTAIN


def test_a_program_whose_stack_was_written_over_is_no_crash_of_the_kernel() -> None:
    assert verdict_of(["frobd[812]: *** stack smashing detected ***: terminated", *LIFE]).class_ == "none"
