"""Divisions by zero, the kernel's and those of programs."""

from __future__ import annotations

from tests.diagnosis.reports import LIFE, culprit, trace, verdict_of


def test_the_register_that_is_zero_is_evidence() -> None:
    registers = ["RAX: 0000000000000001 RBX: 0000000000000007 RCX: 0000000000000000"]
    lines = ["divide error: 0000 [#1] SMP NOPTI", *trace("frob_rate [frob]", "vfs_read", registers=registers)]
    verdict = verdict_of([*lines, "Kernel panic - not syncing: Fatal exception"])
    assert culprit(verdict) == ("divide-error", "frob_rate", "frob")
    assert [piece.value for piece in verdict.evidence if piece.kind == "register"] == ["zero in rcx"]


def test_a_program_that_divides_by_zero_is_no_crash_of_the_kernel() -> None:
    assert verdict_of(["traps: frobd[812] trap divide error ip:5555 sp:7ffd error:0", *LIFE]).class_ == "none"
