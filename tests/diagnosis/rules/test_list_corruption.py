"""Lists whose links do not agree."""

from __future__ import annotations

from tests.diagnosis.reports import culprit, trace, verdict_of

BUG = ["------------[ cut here ]------------", "kernel BUG at lib/list_debug.c:59!", "invalid opcode: 0000 [#1] SMP"]
END = "Kernel panic - not syncing: Fatal exception"


def corrupted(headline: str) -> list[str]:
    lines = trace("__list_del_entry_valid_or_report.cold", "frob_del [frob]", "frob_ioctl [frob]")
    return [headline, *BUG, *lines, END]


def test_list_poison_tells_of_a_second_removal() -> None:
    headline = "list_del corruption, ffff888003a41000->next is LIST_POISON1 (dead000000000100)"
    verdict = verdict_of(corrupted(headline))
    assert culprit(verdict) == ("list-corruption", "frob_del", "frob")
    assert "removed from a linked list twice" in verdict.explanation


def test_links_that_only_disagree_leave_open_who_did_it() -> None:
    headline = "list_del corruption. prev->next should be ffff888003a41000, but was ffff888003a42000"
    verdict = verdict_of(corrupted(headline))
    assert culprit(verdict) == ("list-corruption", "frob_del", "frob")
    assert "twice:" not in verdict.explanation
    assert any("may be another" in doubt for doubt in verdict.doubts)
