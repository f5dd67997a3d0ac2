"""Crashes that were asked for."""

from __future__ import annotations

from kdive.facts.machine import Task, Tasks
from kdive.facts.verdict import CERTAIN
from kdive.units import Address
from tests.diagnosis.reports import LIFE, culprit, verdict_of

CRASH = [
    "sysrq: Trigger a crash",
    "Kernel panic - not syncing: sysrq triggered crash",
    "CPU: 1 PID: 117 Comm: sh Not tainted 6.1.0 #1",
    "Call Trace:",
    " <TASK>",
    " panic+0x118/0x2ed",
    " sysrq_handle_crash+0x16/0x20",
    " __handle_sysrq.cold+0x9b/0x123",
    " write_sysrq_trigger+0x24/0x40",
    " proc_reg_write+0x53/0xa0",
    " </TASK>",
]


def test_who_asked_for_it_is_told_and_nothing_is_at_fault() -> None:
    verdict = verdict_of(CRASH)
    assert culprit(verdict) == ("sysrq", None, None)
    assert verdict.confidence == CERTAIN
    assert verdict.title == "deliberate crash by `sh` (PID 117, CPU 1); nothing is at fault"


def test_trouble_that_was_reported_before_is_told() -> None:
    hung = "INFO: task frobtest:77 blocked for more than 120 seconds."
    early = [hung, "task:frobtest        state:D stack:0     pid:77    ppid:1", *LIFE]
    verdict = verdict_of([*early, *CRASH])
    assert verdict.class_ in ("sysrq", "hung-task")
    assert any(hung in piece.value for piece in verdict.evidence)


def test_another_request_to_the_kernel_is_no_crash() -> None:
    assert verdict_of(["sysrq: Show Blocked State", *LIFE]).class_ == "none"
    assert verdict_of(["sysrq: HELP : loglevel(0-9) reboot(b) crash(c) terminate-all-tasks(e)", *LIFE]).class_ == "none"


def test_tasks_that_were_blocked_may_be_why_it_was_asked_for() -> None:
    blocked, asleep = (
        Task(pid, pid, 1, "frobd", state, 0, Address(0xFFFF888003A41000), False, False)
        for pid, state in ((78, "UN"), (79, "IN"))
    )
    verdict = verdict_of(CRASH, tasks=Tasks((blocked, asleep)))
    assert culprit(verdict) == ("sysrq", None, None)
    told = [(piece.source, piece.value) for piece in verdict.evidence if piece.kind == "task"]
    assert told == [("task:117", "sh wrote to the trigger"), ("task:78", "frobd is blocked")]
    assert any("blocked when it was pressed" in step for step in verdict.next_steps)
    assert not any("test of kdump" in step for step in verdict.next_steps)


def test_without_any_trouble_before_it_may_have_been_a_test() -> None:
    assert verdict_of(CRASH).next_steps == ("If it was a test of kdump: it works",)


def test_a_program_that_only_speaks_of_it_is_no_crash() -> None:
    assert verdict_of(["frobd[812]: sysrq: Trigger a crash"]).class_ == "none"
