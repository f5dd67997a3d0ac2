"""Warnings that ended the machine, and those that did not."""

from __future__ import annotations

from tests.diagnosis.reports import LIFE, culprit, trace, verdict_of

END = "Kernel panic - not syncing: panic_on_warn set ..."


def warned(function: str) -> str:
    return f"WARNING: CPU: 1 PID: 77 at drivers/frob/frob.c:7 {function}+0x16/0x80"


def test_a_warning_made_fatal_is_the_cause_and_the_panic_its_reason() -> None:
    verdict = verdict_of([f"{warned('frob_check')} [frob]", *trace("frob_check [frob]", "frob_ioctl [frob]")[:-1], END])
    assert culprit(verdict) == ("warning", "frob_check", "frob")
    assert verdict.panic_reason == END
    assert "at drivers/frob/frob.c:7" in verdict.explanation


def test_a_generic_check_is_its_caller_s_fault() -> None:
    lines = [warned("kobject_put"), *trace("kobject_put", "frob_exit [frob]")[:-1], END]
    assert culprit(verdict_of(lines)) == ("warning", "frob_exit", "frob")


def test_a_warning_that_the_machine_survived_is_no_crash() -> None:
    lines = [f"{warned('frob_check')} [frob]", *trace("frob_check [frob]"), *LIFE]
    assert verdict_of(lines).class_ == "none"
