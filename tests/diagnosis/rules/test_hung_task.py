"""Tasks that waited too long, and who made them wait."""

from __future__ import annotations

from kdive.facts.machine import Task, Tasks
from kdive.facts.verdict import GUESS
from kdive.units import Address, Nanoseconds
from tests.diagnosis.reports import LIFE, culprit, verdict_of

HUNG = [
    "INFO: task frobtest:77 blocked for more than 120 seconds.",
    "      Not tainted 6.1.0 #1",
    "task:frobtest        state:D stack:0     pid:77    ppid:1      flags:0x00000002",
    "Call Trace:",
    " <TASK>",
    " __schedule+0x34d/0x9e0",
    " schedule+0x5a/0xd0",
    " schedule_preempt_disabled+0x11/0x20",
    " __mutex_lock.constprop.0+0x3a0/0x6e0",
    " frob_open+0x22/0x40 [frob]",
    " do_dentry_open+0x1ec/0x380",
    " </TASK>",
]
END = "Kernel panic - not syncing: hung_task: blocked tasks"


def test_the_function_named_is_where_it_waits_and_only_a_guess() -> None:
    verdict = verdict_of([*HUNG, END])
    assert culprit(verdict) == ("hung-task", "frob_open", "frob")
    assert verdict.confidence == GUESS
    assert "It is the victim" in verdict.explanation
    assert verdict.panic_reason == END


def test_blocked_tasks_of_the_dump_are_evidence() -> None:
    task = Task(78, 78, 1, "frobd", "UN", 0, Address(0xFFFF888003A41000), False, False, Nanoseconds(130_000_000_000))
    verdict = verdict_of([*HUNG, END], tasks=Tasks((task,)))
    assert ("task:78", "frobd is blocked for 130 s") in [(piece.source, piece.value) for piece in verdict.evidence]


def test_a_task_that_got_on_after_a_while_is_no_crash() -> None:
    assert verdict_of([*HUNG, *LIFE]).class_ == "none"
