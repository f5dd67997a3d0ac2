"""Evidence of a saved report, read once more."""

from __future__ import annotations

import pytest

from kdive.diagnosis.engine import diagnose
from kdive.diagnosis.recheck import recheck
from kdive.facts.recheck import CONFIRMED, CONTRADICTED, UNREADABLE
from kdive.facts.verdict import Evidence
from tests.diagnosis.reports import LIFE, facts_of, trace

BUG = "kernel BUG at fs/frob.c:12!"
LINES = [*LIFE, BUG, "invalid opcode: 0000 [#1] SMP", *trace("frob_read [frob]", "frob_poll [frob]")]
AT = len(LIFE)


def test_what_the_rules_say_again_holds() -> None:
    facts = facts_of(LINES)
    diagnosis = diagnose(facts)
    assert diagnosis.verdict is not None
    checked = recheck(facts, diagnosis, diagnosis.verdict.evidence)
    assert len(checked) >= 2
    assert {one.answer for one in checked} == {CONFIRMED}


@pytest.mark.parametrize(
    ("claim", "answer", "found"),
    [
        (Evidence(f"log:{AT}", "kernel BUG at fs/frob.c:12!", "prelude"), CONFIRMED, BUG),
        (Evidence(f"log:{AT}", "kernel BUG at fs/other.c:7!", "headline"), CONTRADICTED, BUG),
        (Evidence(f"log:{AT}", "frob_poll+0x16 [frob]", "frame"), CONFIRMED, BUG),
        (Evidence(f"log:{AT}", "nitz_poll+0x16 [nitz]", "frame"), CONTRADICTED, BUG),
        (Evidence("log:99999", "x", "headline"), CONTRADICTED, f"the log has {len(LINES)} lines"),
        (Evidence("log:9" * 9, "x", "headline"), UNREADABLE, "no value of this kind can be looked up"),
        (Evidence("stack:crashed#0", "frob_read", "frame"), UNREADABLE, "not read"),
        (Evidence("task:77", "frobtest is blocked", "task"), UNREADABLE, "not read"),
        (Evidence("dmesg", "x", "headline"), UNREADABLE, "no value of this kind can be looked up"),
    ],
)
def test_what_does_not_hold_shows_what_stands_there(claim: Evidence, answer: str, found: str) -> None:
    facts = facts_of(LINES)
    (checked,) = recheck(facts, diagnose(facts), [claim])
    assert checked.answer == answer
    assert checked.found == found or (answer == UNREADABLE and checked.found)
