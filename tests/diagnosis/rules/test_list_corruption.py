"""Lists whose links do not agree."""

from __future__ import annotations

from tests.diagnosis.reports import LIFE, culprit, trace, verdict_of

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


def test_a_program_that_speaks_of_corrupted_lists_is_no_crash() -> None:
    line = "frobd[812]: list_del corruption. prev->next should be ffff888003a41000, but was ffff888003a42000"
    assert verdict_of([line]).class_ == "none"


def test_a_corrupted_list_that_the_machine_survived_is_no_crash() -> None:
    lines = trace("__list_add_valid", "frob_add [frob]", "frob_ioctl [frob]")
    warned = [
        "------------[ cut here ]------------",
        "list_add corruption. next->prev should be prev (ffff888003a41000), but was ffff888003a42000.",
        "WARNING: CPU: 1 PID: 77 at lib/list_debug.c:23 __list_add_valid+0x16/0x80",
        *lines,
    ]
    assert verdict_of([*warned, *LIFE]).class_ == "none"


def test_a_corrupted_list_that_was_survived_is_not_the_cause_of_the_end_of_init() -> None:
    headline = "list_del corruption. prev->next should be ffff888003a41000, but was ffff888003a42000"
    line = "WARNING: CPU: 1 PID: 77 at lib/list_debug.c:59 __list_del_entry_valid+0x16/0x80"
    early = [headline, line, *trace("__list_del_entry_valid", "frob_del [frob]"), *LIFE]
    verdict = verdict_of([*early, "Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b"])
    assert culprit(verdict) == ("init-died", None, None)
