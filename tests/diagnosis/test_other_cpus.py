"""Stalls whose cause runs on another CPU than the one that reports them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from kdive.diagnosis.engine import diagnose
from kdive.diagnosis.other_cpus import waits
from kdive.facts.crash import Facts
from kdive.facts.stacks import Frame, Registers, Stack, Stacks
from kdive.facts.verdict import GUESS, LIKELY, Finding
from kdive.pipeline.from_log import facts_of_log

LOGS = Path(__file__).parent.parent / "data" / "logs"
INTERRUPTS_ON, INTERRUPTS_OFF = 0x246, 0x46  # RFLAGS

STOPPER = ("stop_machine_yield", "multi_cpu_stop", "cpu_stopper_thread", "smpboot_thread_fn", "kthread")
IDLE = ("pv_native_safe_halt", "default_idle", "do_idle", "cpu_startup_entry", "start_secondary")
LOOP = ("frob_spin/frob", "frob_thread/frob", "kthread", "ret_from_fork")
SPINS = ("native_queued_spin_lock_slowpath", "_raw_spin_lock", "frob_take/frob", "frob_thread/frob", "kthread")
NMI = ("crash_nmi_callback", "nmi_handle", "exc_nmi", "asm_exc_nmi")


def on_cpu(cpu: int, functions: Sequence[str], *, caught_by: Sequence[str] = (), context: str = "task") -> Stack:
    """What a CPU ran, "function/module" innermost first, and the machinery that interrupted it."""
    frames = [Frame(name, context="nmi") for name in caught_by]
    for number, text in enumerate(functions):
        function, _, module = text.partition("/")
        frames.append(Frame(function, module, context=context, interrupted=number == 0))
    idle = functions is IDLE
    return Stack(tuple(frames), pid=0 if idle else 100 + cpu, comm="frob", cpu=cpu, on_cpu=True)


def facts_of(name: str, *stacks: Stack, flags: dict[int, int] | None = None) -> Facts:
    path = LOGS / f"{name}.log"
    registers = tuple(Registers(cpu, {"eflags": value}) for cpu, value in (flags or {}).items())
    return replace(facts_of_log(path, path.read_bytes()), stacks=Stacks(stacks), registers=registers)


def verdict_of(facts: Facts) -> Finding:
    verdict = diagnose(facts).verdict
    assert verdict is not None
    return verdict


def test_a_cpu_that_waits_for_all_others_to_stop_is_not_to_blame_but_the_one_that_does_not_stop() -> None:
    facts = facts_of(
        "soft-lockup-stop-machine",
        replace(on_cpu(0, STOPPER), pid=21, crashed=True),
        on_cpu(1, LOOP, caught_by=NMI),
        on_cpu(2, STOPPER),
        on_cpu(3, IDLE),
    )
    verdict = verdict_of(facts)
    assert (verdict.class_, verdict.function, verdict.module) == ("soft-lockup", "frob_spin", "frob")
    assert verdict.confidence == LIKELY
    assert "CPU 1" in verdict.explanation
    assert ("stack:101#4", "CPU 1 runs frob_spin [frob]") in [(one.source, one.value) for one in verdict.evidence]


def test_nobody_is_blamed_for_not_stopping_when_two_cpus_do_not() -> None:
    facts = facts_of("soft-lockup-stop-machine", on_cpu(0, STOPPER), on_cpu(1, LOOP), on_cpu(2, LOOP))
    verdict = verdict_of(facts)
    assert verdict.module is None
    assert any("not known" in doubt for doubt in verdict.doubts)


def test_the_log_alone_says_that_the_function_named_only_waits() -> None:
    path = LOGS / "soft-lockup-stop-machine.log"
    verdict = verdict_of(facts_of_log(path, path.read_bytes()))
    assert verdict.class_ == "soft-lockup"
    assert verdict.module is None
    assert any("only waits" in doubt for doubt in verdict.doubts)


def test_the_signature_does_not_change_with_what_memory_knows() -> None:
    path = LOGS / "soft-lockup-stop-machine.log"
    log = facts_of_log(path, path.read_bytes())
    assert diagnose(facts_of("soft-lockup-stop-machine", on_cpu(1, LOOP))).signature == diagnose(log).signature


def test_who_may_hold_the_lock_is_named_beside_who_spins_on_it() -> None:
    text = (LOGS / "soft-lockup.log").read_text()
    facts = facts_of_log(
        Path("console.log"), text.replace("0010:frob_spin+", "0010:_raw_spin_lock+").replace(" [frob]\n", "\n").encode()
    )
    alone = verdict_of(facts)
    assert any("not in the log" in doubt for doubt in alone.doubts)
    others = Stacks((on_cpu(7, LOOP), on_cpu(8, SPINS), on_cpu(9, IDLE)))
    helped = verdict_of(replace(facts, stacks=others))
    assert helped.function == alone.function
    assert any("frob_spin [frob]" in doubt for doubt in helped.doubts)


def test_an_nmi_of_unknown_origin_names_the_cpu_that_ran_with_interrupts_off() -> None:
    facts = facts_of(
        "nmi-hung-cpu",
        replace(on_cpu(0, IDLE), crashed=True),
        on_cpu(1, LOOP),
        on_cpu(2, LOOP),
        flags={1: INTERRUPTS_OFF, 2: INTERRUPTS_ON},
    )
    verdict = verdict_of(facts)
    assert (verdict.class_, verdict.function, verdict.module) == ("nmi", "frob_spin", "frob")
    assert "CPU 1" in verdict.title


@pytest.mark.parametrize(
    ("stack", "flags"),
    [
        (on_cpu(1, LOOP), INTERRUPTS_ON),
        (on_cpu(1, LOOP, context="irq"), INTERRUPTS_OFF),
        (on_cpu(1, IDLE), INTERRUPTS_OFF),
    ],
    ids=["interrupts on", "in an interrupt", "idle"],
)
def test_an_nmi_blames_no_cpu_that_was_not_stuck(stack: Stack, flags: int) -> None:
    verdict = verdict_of(facts_of("nmi-hung-cpu", stack, flags={1: flags}))
    assert (verdict.class_, verdict.function) == ("nmi", None)


def test_an_nmi_that_the_hardware_explains_blames_no_cpu() -> None:
    log = (
        "[   90.000000] NMI: IOCK error (debug interrupt?) for reason 71 on CPU 0.\n"
        "[   90.000100] Kernel panic - not syncing: NMI IOCK error: Not continuing\n"
    )
    facts = facts_of_log(Path("console.log"), log.encode())
    registers = (Registers(1, {"eflags": INTERRUPTS_OFF}),)
    verdict = verdict_of(replace(facts, stacks=Stacks((on_cpu(1, LOOP),)), registers=registers))
    assert (verdict.class_, verdict.function) == ("nmi", None)


def test_a_stuck_cpu_s_own_stack_is_used_where_another_cpu_printed_the_report() -> None:
    log = (
        "[   90.000000] NMI watchdog: Watchdog detected hard LOCKUP on cpu 3\n"
        "[   90.000100] Kernel panic - not syncing: Hard LOCKUP\n"
    )
    facts = facts_of_log(Path("console.log"), log.encode())
    assert (verdict_of(facts).function, verdict_of(facts).confidence) == (None, GUESS)
    found = verdict_of(replace(facts, stacks=Stacks((on_cpu(3, LOOP, caught_by=NMI), on_cpu(1, IDLE)))))
    assert (found.class_, found.function, found.module) == ("hard-lockup", "frob_spin", "frob")


@pytest.mark.parametrize(
    ("functions", "entries", "expected"),
    [
        (("stop_machine_yield", "multi_cpu_stop"), ("T1.smp",), True),
        (("asm_exc_nmi", "smp_call_function_many_cond", "flush_tlb_mm_range"), ("T1.smp",), True),
        (("frob_loop", "smp_call_function_many_cond"), ("T1.smp",), False),
        (("_raw_spin_lock", "frob_take"), ("T1.smp",), False),
        (("_raw_spin_lock", "frob_take"), ("T1.lock",), True),
        ((), ("T1.lock",), False),
    ],
)
def test_a_wait_is_told_by_the_innermost_function(
    functions: Sequence[str], entries: Sequence[str], expected: bool
) -> None:
    assert waits([Frame(name) for name in functions], entries) is expected
