"""Instructions that the CPU refused."""

from __future__ import annotations

import pytest

from tests.diagnosis.reports import LIFE, culprit, trace, verdict_of


@pytest.mark.parametrize("trap", ["invalid opcode", "int3", "stack segment", "alignment check"])
def test_the_trap_is_named(trap: str) -> None:
    lines = [f"{trap}: 0000 [#1] SMP", *trace("frob_run [frob]", "vfs_read")]
    verdict = verdict_of([*lines, "Kernel panic - not syncing: Fatal exception"])
    assert culprit(verdict) == ("cpu-trap", "frob_run", "frob")
    assert f"refused an instruction ({trap})" in verdict.explanation


def test_a_program_s_trap_is_no_crash_of_the_kernel() -> None:
    assert verdict_of(["traps: frobd[812] trap invalid opcode ip:5555 sp:7ffd error:0", *LIFE]).class_ == "none"
