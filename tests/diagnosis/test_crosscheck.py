"""What does not fit together between log and memory."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kdive.diagnosis.crosscheck import doubts
from kdive.facts.crash import Facts
from kdive.facts.stacks import Frame, Stack, Stacks
from kdive.pipeline.from_log import facts_of_log

LOGS = Path(__file__).parent.parent / "data" / "logs"

PRESSED = ("panic", "sysrq_handle_crash", "__handle_sysrq", "write_sysrq_trigger", "proc_reg_write", "vfs_write")


def facts_of(name: str, pid: int, cpu: int, *functions: str) -> Facts:
    path = LOGS / f"{name}.log"
    stack = Stack(tuple(map(Frame, functions)), pid=pid, cpu=cpu, crashed=True)
    return replace(facts_of_log(path, path.read_bytes()), stacks=Stacks((stack,)))


def test_who_presses_sysrq_after_an_oops_need_not_be_who_oopsed() -> None:
    assert doubts(facts_of("sysrq-after-oops", 410, 1, *PRESSED)) == ()


def test_a_panic_that_does_not_say_whose_it_is_leaves_no_doubt() -> None:
    text = (LOGS / "sysrq-after-oops.log").read_text()
    silent = text[: text.index("[  300.000300]")]
    stack = Stack(tuple(map(Frame, PRESSED)), pid=410, cpu=1, crashed=True)
    facts = facts_of_log(Path("console.log"), silent.encode())
    assert doubts(replace(facts, stacks=Stacks((stack,)))) == ()


def test_a_task_that_no_report_is_about_leaves_a_doubt() -> None:
    (doubt,) = doubts(facts_of("sysrq-after-oops", 4242, 0, *PRESSED))
    assert "PID 4242 crashed the machine" in doubt
