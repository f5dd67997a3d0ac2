"""Verdicts by the crashed stack alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kdive.diagnosis.engine import diagnose
from kdive.facts.missing import Missing
from kdive.facts.stacks import Frame, Stack, Stacks
from kdive.facts.verdict import GUESS, Diagnosis
from tests.diagnosis.reports import culprit, facts_of

GONE = Missing("the pages of the log were excluded")


def by_stack(*functions: str) -> Diagnosis:
    frames = tuple(Frame(name, "frob" if name.startswith("frob") else "") for name in functions)
    stacks = Stacks((Stack(frames, pid=77, cpu=1, crashed=True),))
    return diagnose(replace(facts_of([]), log=GONE, panic_chain=GONE, stacks=stacks))


@pytest.mark.parametrize(
    ("functions", "found"),
    [
        (("panic", "oops_end", "page_fault_oops", "exc_page_fault", "frob_read"), ("page-fault", "frob_read", "frob")),
        (("panic", "die", "do_trap", "exc_invalid_op", "frob_check"), ("kernel-bug", "frob_check", "frob")),
        (("panic", "sysrq_handle_crash", "__handle_sysrq", "vfs_write"), ("sysrq", None, None)),
        (("panic", "out_of_memory", "__alloc_pages_slowpath"), ("oom-panic", None, None)),
        (("panic", "frob_giveup", "vfs_write"), ("panic-other", "frob_giveup", "frob")),
    ],
)
def test_the_machinery_on_the_stack_tells_the_class(
    functions: tuple[str, ...], found: tuple[str, str | None, str | None]
) -> None:
    verdict = by_stack(*functions).verdict
    assert verdict is not None
    assert culprit(verdict) == found
    assert verdict.confidence == GUESS


def test_an_empty_stack_tells_nothing() -> None:
    assert by_stack().verdict is None
