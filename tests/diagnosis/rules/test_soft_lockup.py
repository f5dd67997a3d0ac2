"""CPUs that did not give other tasks a turn, and those that did in the end."""

from __future__ import annotations

from kdive.facts.verdict import LIKELY
from tests.diagnosis.reports import LIFE, culprit, trace, verdict_of

HEADLINE = "watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [frobtest:77]"
END = "Kernel panic - not syncing: softlockup: hung tasks"


def test_a_loop_is_told_with_its_cpu_and_how_long_it_ran() -> None:
    verdict = verdict_of([HEADLINE, *trace("frob_spin [frob]", "frob_ioctl [frob]")[:-1], END])
    assert culprit(verdict) == ("soft-lockup", "frob_spin", "frob")
    assert verdict.confidence == LIKELY
    assert verdict.explanation.startswith("CPU 1 ran in the kernel for 26 s")
    assert "a loop that does not end" in verdict.explanation
    assert "spinlock" not in verdict.explanation
    assert verdict.panic_reason == END


def test_who_waits_for_a_lock_is_named_but_its_holder_is_to_blame() -> None:
    lines = trace("native_queued_spin_lock_slowpath", "_raw_spin_lock", "frob_take [frob]", "frob_ioctl [frob]")
    verdict = verdict_of([HEADLINE, *lines[:-1], END])
    assert culprit(verdict) == ("soft-lockup", "frob_take", "frob")
    assert "it waits for a spinlock" in verdict.explanation
    assert "a loop" not in verdict.explanation
    assert any(step.startswith("Find out who holds the lock") for step in verdict.next_steps)
    assert any(doubt.startswith("Who holds the lock is to blame") for doubt in verdict.doubts)


def test_a_lockup_that_the_machine_got_over_is_no_crash() -> None:
    assert verdict_of([HEADLINE, *trace("frob_spin [frob]", "frob_ioctl [frob]"), *LIFE]).class_ == "none"


def test_a_lockup_that_the_machine_got_over_is_not_the_cause_of_a_later_oops() -> None:
    early = [HEADLINE, *trace("frob_spin [frob]", "frob_ioctl [frob]"), *LIFE]
    oops = ["BUG: kernel NULL pointer dereference, address: 0000000000000010", *trace("frob_read [frob]", "vfs_read")]
    verdict = verdict_of([*early, *oops, "Kernel panic - not syncing: Fatal exception"])
    assert culprit(verdict) == ("null-deref", "frob_read", "frob")


def test_a_setting_of_the_watchdog_is_no_lockup() -> None:
    lines = ["Kernel command line: softlockup_panic=1", "sysctl[300]: kernel.softlockup_panic = 1"]
    assert verdict_of(lines).class_ == "none"
