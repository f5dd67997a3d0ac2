"""BUG(), and what only ends in one."""

from __future__ import annotations

from tests.diagnosis.reports import culprit, trace, verdict_of

BUG = ["------------[ cut here ]------------", "kernel BUG at {}!", "invalid opcode: 0000 [#1] PREEMPT SMP NOPTI"]
END = "Kernel panic - not syncing: Fatal exception"


def bug_at(place: str) -> list[str]:
    return [line.format(place) for line in BUG]


def test_the_function_and_the_line_of_the_check_are_named() -> None:
    verdict = verdict_of([*bug_at("drivers/frob/frob.c:120"), *trace("frob_check [frob]", "frob_ioctl [frob]"), END])
    assert culprit(verdict) == ("kernel-bug", "frob_check", "frob")
    assert "The check stands at drivers/frob/frob.c:120." in verdict.explanation


def test_a_check_in_a_helper_is_its_caller_s_fault() -> None:
    lines = trace("skb_panic", "skb_put.cold", "frob_xmit [frob]", "dev_hard_start_xmit")
    assert culprit(verdict_of([*bug_at("net/core/skbuff.c:112"), *lines, END])) == ("kernel-bug", "frob_xmit", "frob")


def test_an_invalid_opcode_by_itself_is_no_bug() -> None:
    verdict = verdict_of([BUG[2], *trace("frob_check [frob]"), END])
    assert culprit(verdict) == ("cpu-trap", "frob_check", "frob")


def test_a_bug_that_the_list_check_ends_in_is_list_corruption() -> None:
    corruption = "list_del corruption. prev->next should be ffff888003a41000, but was ffff888003a42000"
    lines = [corruption, *bug_at("lib/list_debug.c:59"), *trace("__list_del_entry_valid.cold", "frob_del [frob]"), END]
    assert culprit(verdict_of(lines)) == ("list-corruption", "frob_del", "frob")
