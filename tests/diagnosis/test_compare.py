"""Whether two crashes are the same bug."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from kdive.diagnosis.compare import compare
from kdive.diagnosis.differences import differences_of_facts
from kdive.diagnosis.engine import diagnose
from kdive.facts.comparison import DIFFERENT, LIKELY_SAME, RELATED, SAME, UNKNOWN, Difference
from kdive.facts.machine import Module, Modules, Task, Tasks
from kdive.facts.missing import Missing
from kdive.facts.verdict import Report
from kdive.units import Address, ByteCount
from tests.diagnosis.reports import LIFE, facts_of, trace

NULL = "BUG: kernel NULL pointer dereference, address: 0000000000000008"
BUG = "kernel BUG at fs/frob.c:12!"


def report(lines: Sequence[str]) -> Report:
    facts = facts_of([*LIFE, *lines])
    diagnosis = diagnose(facts)
    assert not isinstance(facts.panic_chain, Missing)
    event = facts.panic_chain.first_fault
    frames = (event.ip, *event.frames) if event and event.ip else ()
    return Report(facts, diagnosis, frames, "log" if frames else "")


def oops(rip: str, *callers: str, headline: str = NULL) -> Report:
    return report([headline, "Oops: 0000 [#1] SMP", *trace(rip, *callers)])


@pytest.mark.parametrize(
    ("other", "answer"),
    [
        (oops("frob_read [frob]", "frob_poll [frob]", "vfs_poll"), SAME),
        (oops("frob_read.isra.0 [frob]", "frob_poll [frob]", "vfs_poll"), SAME),
        (oops("frob_read [frob]", "frob_release [frob]", "__fput"), LIKELY_SAME),
        (oops("frob_get [frob]", "frob_read [frob]", "frob_poll [frob]", "vfs_poll"), RELATED),
        (oops("ext4_readpage [ext4]", "read_pages"), DIFFERENT),
        (oops("frob_read [frob]", "frob_poll [frob]", headline=BUG), RELATED),
        (report(["sysrq: Trigger a crash", "Kernel panic - not syncing: sysrq triggered crash"]), DIFFERENT),
        (report(["all is well"]), UNKNOWN),
    ],
)
def test_a_crash_is_the_same_as_its_like(other: Report, answer: str) -> None:
    first = oops("frob_read [frob]", "frob_poll [frob]", "vfs_poll")
    assert compare(first, other).answer == answer
    assert compare(other, first).answer == answer


def test_the_reasons_name_what_both_have() -> None:
    comparison = compare(
        oops("frob_read [frob]", "frob_poll [frob]", "vfs_poll"),
        oops("frob_get [frob]", "frob_read [frob]", "frob_poll [frob]", "vfs_poll"),
    )
    assert comparison.why[0] == "both went through frob_read, frob_poll, vfs_poll, sys_ioctl"
    assert [(level.name, level.same) for level in comparison.levels] == [
        ("area", True),
        ("function", False),
        ("path", False),
    ]


def test_what_one_side_could_not_read_is_no_difference() -> None:
    facts = facts_of(LIFE)
    modules = Modules((Module("frob", Address(0), ByteCount(1), "OE"),), "OE")
    assert differences_of_facts(facts, replace(facts, modules=modules)) == ()


def test_modules_and_tasks_that_only_one_side_has_are_named() -> None:
    def machine(module: str, state: str, comm: str) -> object:
        task = Task(1, 1, 0, comm, state, 0, Address(0), False, kernel_thread=False)
        modules = Modules((Module(module, Address(0), ByteCount(1)),), "")
        return replace(facts_of(LIFE), modules=modules, tasks=Tasks((task,)))

    found = differences_of_facts(machine("frob", "UN", "sh"), machine("nitz", "IN", "sh"))  # type: ignore[arg-type]
    assert found == (
        Difference("modules only here", "frob", "nitz"),
        Difference("tasks in state IN", "0", "1"),
        Difference("tasks in state UN", "1", "0"),
    )
