"""A CPU that ran kernel code for many seconds without giving other tasks a turn."""

from __future__ import annotations

from kdive.diagnosis.findings import finding, frames_of
from kdive.diagnosis.rule import rule
from kdive.diagnosis.tiers import tiers
from kdive.facts.crash import PanicChain
from kdive.facts.log import LogEvent
from kdive.facts.missing import Missing
from kdive.facts.stacks import Stacks
from kdive.facts.verdict import Finding


@rule
def check(event: LogEvent, chain: PanicChain, stacks: Stacks | Missing) -> Finding:
    seconds = event.details.get("seconds", "")
    cpu = f"CPU {event.cpu}" if event.cpu is not None else "A CPU"
    ran = f" for {seconds} s" if seconds else " for too long"
    frames = [frame for frame in frames_of(event) if frame.reliable and frame.function]
    spins = bool(frames) and tiers().entry(frames[0].function) == "T1.lock"
    return finding(
        event,
        chain,
        stacks,
        explanation=f"{cpu} ran in the kernel{ran} without giving other tasks a turn: "
        + ("it waits for a spinlock." if spins else "a loop that does not end, or far too much work at once."),
        next_steps=["find out who holds the lock that it spins on: the stacks of the other CPUs tell"] if spins else [],
        doubts=["who holds the lock is to blame, and that is not in the log"] if spins else [],
    )
