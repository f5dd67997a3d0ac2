"""A CPU that ran kernel code for many seconds without giving other tasks a turn."""

from __future__ import annotations

from kdive.diagnosis.findings import finding, frames_of
from kdive.diagnosis.other_cpus import busy, waits
from kdive.diagnosis.rule import rule
from kdive.facts.crash import PanicChain
from kdive.facts.log import LogEvent
from kdive.facts.missing import Missing
from kdive.facts.stacks import Stacks
from kdive.facts.verdict import Finding


@rule
def check(event: LogEvent, chain: PanicChain, stacks: Stacks | Missing) -> Finding:
    seconds = event.details.get("seconds", "")
    cpu = f"CPU {event.cpu}" if event.cpu is not None else "A CPU"
    ran = f"{cpu} ran in the kernel for {f'{seconds} s' if seconds else 'too long'} without giving other tasks a turn"
    frames = frames_of(event)
    others = busy(stacks, but=event.cpu)
    if waits(frames, ("T1.smp",)):
        # stop_machine(), an IPI: whoever does not answer is to blame, never the one that waits.
        found = finding(
            event,
            chain,
            stacks,
            explanation=f"{ran}: it waits for another CPU to answer."
            + (f" CPU {others[0].stack.cpu} does not: it runs `{others[0].where}`." if len(others) == 1 else ""),
            next_steps=["see what the other CPUs do: the one that does not answer is the cause"],
            doubts=[] if len(others) == 1 else ["which CPU did not answer is not known; the function named only waits"],
        )
        return others[0].blamed(found) if len(others) == 1 else found
    spins = waits(frames, ("T1.lock",))
    return finding(
        event,
        chain,
        stacks,
        explanation=f"{ran}: "
        + ("it waits for a spinlock." if spins else "a loop that does not end, or far too much work at once."),
        evidence=[other.evidence() for other in others[:4]] if spins else [],
        next_steps=["find out who holds the lock that it spins on: the stacks of the other CPUs tell"] if spins else [],
        doubts=[_owner(others[0].where if len(others) == 1 else "")] if spins else [],
    )


def _owner(candidate: str) -> str:
    if candidate:
        return f"who holds the lock is to blame: {candidate}, on another CPU, may be the one"
    return "who holds the lock is to blame, and that is not in the log"
