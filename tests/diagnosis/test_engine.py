"""The engine: which rule is asked, what is not checked, what is settled, and log against memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from kdive.diagnosis.engine import diagnose, settled_by_log
from kdive.facts.crash import Facts
from kdive.facts.missing import Missing
from kdive.facts.stacks import Frame, Stack, Stacks
from kdive.facts.verdict import CERTAIN, GUESS, LIKELY, Finding
from kdive.pipeline.from_log import facts_of_log

LOGS = Path(__file__).parent.parent / "data" / "logs"


def facts_of(name: str) -> Facts:
    path = LOGS / f"{name}.log"
    return facts_of_log(path, path.read_bytes())


def with_stack(facts: Facts, functions: Sequence[str], pid: int, cpu: int, interrupted: str = "") -> Facts:
    """`facts` of a dump whose crashed thread had that stack; "function/module", innermost first."""
    frames = []
    for text in functions:
        function, _, module = text.partition("/")
        frames.append(Frame(function, module, interrupted=function == interrupted))
    return replace(facts, stacks=Stacks((Stack(tuple(frames), pid=pid, cpu=cpu, crashed=True),)))


def verdict_of(facts: Facts) -> Finding:
    verdict = diagnose(facts).verdict
    assert verdict is not None
    return verdict


OOPS = ("panic", "oops_end", "page_fault_oops", "exc_page_fault", "asm_exc_page_fault", "frob_read/frob", "vfs_read")


def test_log_and_memory_that_agree_make_a_verdict_certain() -> None:
    log = facts_of("null-deref-x86-3.10")
    assert verdict_of(log).confidence == LIKELY
    verdict = verdict_of(with_stack(log, OOPS, pid=2211, cpu=1))
    assert (verdict.function, verdict.confidence, verdict.doubts) == ("frob_read", CERTAIN, ())
    assert ("stack:crashed#5", "frob_read [frob]") in [(piece.source, piece.value) for piece in verdict.evidence]


@pytest.mark.parametrize(
    ("pid", "cpu", "doubt"),
    [(2212, 1, "PID 2212 crashed the machine"), (2211, 0, "CPU 0 crashed the machine")],
)
def test_log_and_memory_that_disagree_on_who_crashed_leave_a_doubt(pid: int, cpu: int, doubt: str) -> None:
    verdict = verdict_of(with_stack(facts_of("null-deref-x86-3.10"), OOPS, pid, cpu))
    assert verdict.function == "frob_read"
    assert verdict.confidence != CERTAIN
    assert any(doubt in one for one in verdict.doubts)


def test_a_function_of_the_log_that_is_not_on_the_stack_leaves_a_doubt() -> None:
    verdict = verdict_of(with_stack(facts_of("null-deref-x86-3.10"), ("panic", "other", "vfs_read"), 2211, 1))
    assert verdict.confidence == GUESS
    assert any("not on the stack" in doubt for doubt in verdict.doubts)


def test_a_stalled_cpu_s_function_is_found_in_memory_below_the_interrupt() -> None:
    log = facts_of("lockdep-inconsistent")
    assert verdict_of(log).function is None
    handlers = (
        "panic",
        "watchdog_timer_fn",
        "__hrtimer_run_queues",
        "hrtimer_interrupt",
        "sysvec_apic_timer_interrupt",
    )
    verdict = verdict_of(with_stack(log, (*handlers, "frob_spin/frob", "vfs_ioctl"), 433, 1, "frob_spin"))
    assert (verdict.class_, verdict.function, verdict.module) == ("soft-lockup", "frob_spin", "frob")
    assert [piece.source for piece in verdict.evidence if piece.kind == "frame"] == ["stack:crashed#5"]


def test_the_signature_does_not_depend_on_memory() -> None:
    log = facts_of("lockdep-inconsistent")
    assert diagnose(log).signature == diagnose(with_stack(log, ("frob_spin/frob",), 433, 1)).signature


@pytest.mark.parametrize("name", ["null-deref-x86-3.10", "sysrq-3.10", "kernel-bug-arm64", "oom-panic", "mce"])
def test_what_memory_cannot_change_is_settled_by_the_log(name: str) -> None:
    assert settled_by_log(facts_of(name))


@pytest.mark.parametrize(
    "name", ["hung-task", "soft-lockup", "hard-lockup", "rcu-stall", "panic-other", "none-near-misses"]
)
def test_hangs_stalls_and_logs_without_a_crash_need_memory(name: str) -> None:
    assert not settled_by_log(facts_of(name))


def test_a_fault_whose_log_has_no_usable_stack_needs_memory() -> None:
    text = "[    1.000000] BUG: kernel NULL pointer dereference, address: 0000000000000010\n"
    facts = facts_of_log(Path("console.log"), text.encode())
    assert verdict_of(facts).function is None
    assert not settled_by_log(facts)


def test_without_log_and_stacks_there_is_no_verdict_and_the_reason_is_told() -> None:
    gone = Missing("the page of the log was excluded")
    facts = replace(facts_of("gpf-x86"), log=gone, panic_chain=gone, stacks=Missing("no types"))
    diagnosis = diagnose(facts)
    assert diagnosis.verdict is None
    assert [(rule.rule, rule.reason) for rule in diagnosis.unchecked] == [("no_log", "no types")]
    assert diagnosis.signature.key == ""


def test_without_a_log_the_stack_alone_gives_a_guess() -> None:
    gone = Missing("the page of the log was excluded")
    facts = replace(with_stack(facts_of("gpf-x86"), OOPS, 1, 1), log=gone, panic_chain=gone)
    verdict = verdict_of(facts)
    assert (verdict.class_, verdict.function, verdict.module, verdict.confidence) == (
        "page-fault",
        "frob_read",
        "frob",
        GUESS,
    )


def test_what_was_reported_before_the_end_follows_the_verdict() -> None:
    text = """\
[  100.000100] WARNING: CPU: 1 PID: 77 at drivers/frob/frob.c:7 frob_check+0x1/0x2 [frob]
[  100.000200] CPU: 1 PID: 77 Comm: frobtest Tainted: G           OE      6.1.0 #1
[  100.000300] RIP: 0010:frob_check+0x1/0x2 [frob]
[  100.000400] Call Trace:
[  100.000500]  frob_ioctl+0x44/0x60 [frob]
[  100.000600] ---[ end trace 0000000000000000 ]---
[ 4000.000100] sysrq: Trigger a crash
[ 4000.000200] Kernel panic - not syncing: sysrq triggered crash
"""
    diagnosis = diagnose(facts_of_log(Path("console.log"), text.encode()))
    found = [(one.class_, one.function, one.module) for one in diagnosis.findings]
    assert found == [("sysrq", None, None), ("warning", "frob_check", "frob")]
    ids = [piece.id for one in diagnosis.findings for piece in one.evidence]
    assert ids == [f"E{number + 1}" for number in range(len(ids))]


def test_a_hang_after_an_oops_that_was_ended_by_hand_keeps_the_class_of_the_oops() -> None:
    verdict = verdict_of(facts_of("sysrq-after-oops"))
    assert (verdict.class_, verdict.panic_reason) == ("null-deref", "sysrq")
