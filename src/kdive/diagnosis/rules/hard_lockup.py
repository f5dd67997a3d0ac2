"""A CPU that did not even answer interrupts."""

from __future__ import annotations

from kdive.diagnosis.findings import finding, frames_of
from kdive.diagnosis.other_cpus import busy, waits
from kdive.diagnosis.rule import rule
from kdive.facts.crash import PanicChain
from kdive.facts.log import LogEvent
from kdive.facts.machine import Cpus
from kdive.facts.missing import Missing
from kdive.facts.stacks import Stacks
from kdive.facts.verdict import GUESS, Evidence, Finding


@rule
def check(event: LogEvent, chain: PanicChain, stacks: Stacks | Missing, cpus: Cpus | Missing) -> Finding:
    silent = () if isinstance(cpus, Missing) else cpus.silent
    cpu = f"CPU {event.cpu}" if event.cpu is not None else "A CPU"
    found = finding(
        event,
        chain,
        stacks,
        explanation=f"{cpu} did not answer interrupts for many seconds: "
        "it spins with interrupts off, or the hardware holds it.",
        evidence=[Evidence(f"cpu:{one}", "did not answer the crash NMI", "cpu") for one in silent],
        next_steps=["see what that CPU does with interrupts off; if nothing is wrong there, suspect firmware (SMI)"],
    )
    if waits(frames_of(event), ("T1.smp",)):
        others = busy(stacks, but=event.cpu)
        return others[0].blamed(found) if len(others) == 1 else found
    if found.confidence == GUESS and event.cpu is not None:
        # The CPU that noticed prints the report: what the stuck one did may be in its stack alone.
        stuck = busy(stacks, [event.cpu])
        return stuck[0].blamed(found) if stuck else found
    return found
