"""Panics with words of their own."""

from __future__ import annotations

from tests.diagnosis.reports import culprit, verdict_of

TRACE = [
    "CPU: 1 PID: 77 Comm: frobtest Not tainted 6.1.0 #1",
    "Call Trace:",
    " <TASK>",
    " dump_stack_lvl+0x57/0x75",
    " panic+0x118/0x2ed",
    " frob_giveup+0x16/0x80 [frob]",
    " do_syscall_64+0x58/0x80",
    " </TASK>",
]


def test_the_function_that_called_panic_is_named_with_its_words() -> None:
    verdict = verdict_of(["Kernel panic - not syncing: frob: lost contact with the mothership", *TRACE])
    assert culprit(verdict) == ("panic-other", "frob_giveup", "frob")
    assert '"frob: lost contact with the mothership"' in verdict.explanation


def test_a_panic_that_only_ends_an_oops_is_not_the_cause() -> None:
    headline = "BUG: kernel NULL pointer dereference, address: 0000000000000010"
    lines = [headline, TRACE[0], "RIP: 0010:frob_read+0x16/0x80 [frob]", "Kernel panic - not syncing: Fatal exception"]
    assert culprit(verdict_of(lines)) == ("null-deref", "frob_read", "frob")
