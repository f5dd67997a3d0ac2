"""CPUs that did not answer interrupts, and what only has to do with the watchdog."""

from __future__ import annotations

from pathlib import Path

from kdive.diagnosis.engine import diagnose
from kdive.facts.machine import Cpu, Cpus
from kdive.facts.verdict import LIKELY
from kdive.pipeline.from_log import facts_of_log
from tests.diagnosis.reports import LIFE, culprit, trace, verdict_of

LOGS = Path(__file__).parent.parent.parent / "data" / "logs"
HEADLINE = "watchdog: Watchdog detected hard LOCKUP on cpu 1"
END = "Kernel panic - not syncing: Hard LOCKUP"
CPUS = Cpus((Cpu(0, True, True), Cpu(1, True, True), Cpu(2, True, False), Cpu(3, False, False)))


def test_the_function_that_spins_with_interrupts_off_is_named() -> None:
    verdict = verdict_of([HEADLINE, *trace("frob_hard [frob]", "frob_ioctl [frob]")[:-1], END])
    assert culprit(verdict) == ("hard-lockup", "frob_hard", "frob")
    assert verdict.confidence == LIKELY
    assert verdict.explanation.startswith("CPU 1 did not answer interrupts for many seconds")
    assert any("suspect firmware" in step for step in verdict.next_steps)
    assert verdict.panic_reason == END


def test_a_cpu_that_is_stuck_in_an_interrupt_is_stuck_in_its_handler() -> None:
    path = LOGS / "hard-lockup-in-irq-3.10.log"
    verdict = diagnose(facts_of_log(path, path.read_bytes())).verdict
    assert verdict is not None
    assert culprit(verdict) == ("hard-lockup", "bx_intr", "bx")
    assert verdict.explanation.startswith("CPU 3 ")


def test_an_online_cpu_that_was_silent_to_the_last_is_evidence() -> None:
    verdict = verdict_of([HEADLINE, *trace("frob_hard [frob]", "frob_ioctl [frob]")[:-1], END], cpus=CPUS)
    told = [(piece.source, piece.value) for piece in verdict.evidence if piece.kind == "cpu"]
    assert told == [("cpu:2", "did not answer the crash NMI")]


def test_a_silent_cpu_does_not_make_an_oops_a_lockup() -> None:
    oops = ["BUG: kernel NULL pointer dereference, address: 0000000000000010", *trace("frob_read [frob]", "vfs_read")]
    verdict = verdict_of([*oops, "Kernel panic - not syncing: Fatal exception"], cpus=CPUS)
    assert culprit(verdict) == ("null-deref", "frob_read", "frob")


def test_a_lockup_that_the_machine_got_over_is_no_crash() -> None:
    assert verdict_of([HEADLINE, *trace("frob_hard [frob]", "frob_ioctl [frob]"), *LIFE]).class_ == "none"


def test_a_watchdog_that_starts_is_no_lockup() -> None:
    lines = [
        "NMI watchdog: Enabled. Permanently consumes one hw-PMU counter.",
        "perf: interrupt took too long (2507 > 2500), lowering kernel.perf_event_max_sample_rate to 79750",
    ]
    assert verdict_of(lines).class_ == "none"
