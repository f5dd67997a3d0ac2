"""A CPU that did not even answer interrupts."""

from __future__ import annotations

from kdive.diagnosis.findings import finding
from kdive.diagnosis.rule import rule
from kdive.facts.crash import PanicChain
from kdive.facts.log import LogEvent
from kdive.facts.machine import Cpus
from kdive.facts.missing import Missing
from kdive.facts.stacks import Stacks
from kdive.facts.verdict import Evidence, Finding


@rule
def check(event: LogEvent, chain: PanicChain, stacks: Stacks | Missing, cpus: Cpus | Missing) -> Finding:
    silent = () if isinstance(cpus, Missing) else cpus.silent
    cpu = f"CPU {event.cpu}" if event.cpu is not None else "A CPU"
    return finding(
        event,
        chain,
        stacks,
        explanation=f"{cpu} did not answer interrupts for many seconds: "
        "it spins with interrupts off, or the hardware holds it.",
        evidence=[Evidence(f"cpu:{one}", "did not answer the crash NMI", "cpu") for one in silent],
        next_steps=["see what that CPU does with interrupts off; if nothing is wrong there, suspect firmware (SMI)"],
    )
