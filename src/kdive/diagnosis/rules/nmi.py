"""A non-maskable interrupt from outside: most often sent because the machine hung, so the stuck CPU is looked for."""

from __future__ import annotations

from dataclasses import replace

from kdive.diagnosis.findings import finding, frames_of
from kdive.diagnosis.other_cpus import busy, waits, with_interrupts_off
from kdive.diagnosis.rule import rule
from kdive.facts.crash import Facts, PanicChain
from kdive.facts.log import LogEvent
from kdive.facts.verdict import Finding

_UNKNOWN = "for unknown reason"  # nobody in the kernel wanted it; others are hardware's own


@rule
def check(event: LogEvent, chain: PanicChain, facts: Facts) -> Finding:
    found = finding(event, chain, facts.stacks)
    if _UNKNOWN not in event.headline:
        return found
    stuck = with_interrupts_off(busy(facts.stacks, but=event.cpu), facts.registers)
    if len(stuck) != 1:
        return found
    (cpu,) = stuck
    words = f"It is often sent because a machine hangs: CPU {cpu.stack.cpu} ran `{cpu.where}` with interrupts off."
    doubts = ["that the CPU was stuck, and not just busy for a moment, is not proven"]
    if waits(frames_of(event), ("T1.smp",)):
        words += f" CPU {event.cpu} waited for an answer from it."
        doubts = []
    return replace(
        cpu.blamed(found),
        title=f"{found.title}, while CPU {cpu.stack.cpu} was stuck in {cpu.where}",
        explanation=f"{found.explanation} {words}",
        doubts=(*found.doubts, *doubts),
    )
