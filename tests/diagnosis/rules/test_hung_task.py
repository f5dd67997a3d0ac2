"""Tasks that waited too long, and who made them wait."""

from __future__ import annotations

from kdive.facts.machine import Task, Tasks
from kdive.facts.verdict import GUESS, LIKELY
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


def test_the_owner_of_the_lock_is_named_and_makes_it_more_than_a_guess() -> None:
    owner = "INFO: task frobtest:77 is blocked on a mutex likely owned by task frobholder:655."
    verdict = verdict_of([*HUNG, owner, END])
    assert culprit(verdict) == ("hung-task", "frob_open", "frob")
    assert verdict.confidence == LIKELY
    assert "waits for a mutex held by frobholder" in [piece.value for piece in verdict.evidence]
    assert any("what frobholder was doing" in step for step in verdict.next_steps)
    assert not any("not known" in doubt for doubt in verdict.doubts)


def test_without_an_owner_in_the_log_nobody_is_said_to_hold_the_lock() -> None:
    verdict = verdict_of([*HUNG, END])
    assert not [piece for piece in verdict.evidence if piece.kind == "owner"]
    assert any("not known" in doubt for doubt in verdict.doubts)


def test_blocked_tasks_of_the_dump_are_evidence() -> None:
    task = Task(78, 78, 1, "frobd", "UN", 0, Address(0xFFFF888003A41000), False, False, Nanoseconds(130_000_000_000))
    verdict = verdict_of([*HUNG, END], tasks=Tasks((task,)))
    assert ("task:78", "frobd is blocked for 130 s") in [(piece.source, piece.value) for piece in verdict.evidence]


def test_a_task_that_got_on_after_a_while_is_no_crash() -> None:
    assert verdict_of([*HUNG, *LIFE]).class_ == "none"


def test_a_task_that_sleeps_and_can_be_woken_is_not_called_blocked() -> None:
    task = Task(79, 79, 1, "frobd", "IN", 0, Address(0xFFFF888003A41000), False, False)
    verdict = verdict_of([*HUNG, END], tasks=Tasks((task,)))
    assert not [piece for piece in verdict.evidence if piece.kind == "task"]
