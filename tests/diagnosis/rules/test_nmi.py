"""Interrupts from outside that stop the machine, and those that do not."""

from __future__ import annotations

from tests.diagnosis.reports import LIFE, culprit, verdict_of

UNKNOWN = ["Uhhuh. NMI received for unknown reason 2d on CPU 0.", "Dazed and confused, but trying to continue"]


def test_an_interrupt_of_the_hardware_blames_no_function() -> None:
    reason = "An NMI occurred, please see the Integrated Management Log for details."
    verdict = verdict_of([f"Kernel panic - not syncing: {reason}"])
    assert culprit(verdict) == ("nmi", None, None)
    assert "a person at the management controller" in verdict.explanation
    assert any("ipmitool sel list" in step for step in verdict.next_steps)


def test_an_unknown_interrupt_that_was_made_fatal_blames_no_function() -> None:
    verdict = verdict_of([UNKNOWN[0], "Kernel panic - not syncing: NMI: Not continuing"])
    assert culprit(verdict) == ("nmi", None, None)


def test_an_unknown_interrupt_that_was_passed_over_is_no_crash() -> None:
    assert verdict_of([*UNKNOWN, *LIFE]).class_ == "none"


def test_an_interrupt_sent_to_print_a_stack_is_no_crash() -> None:
    lines = ["Sending NMI from CPU 0 to CPUs 1:", "NMI backtrace for cpu 1 skipped: idling", *LIFE]
    assert verdict_of(lines).class_ == "none"
