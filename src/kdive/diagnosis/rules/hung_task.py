"""A task that waited for minutes. It is the victim: what it waits for is to blame."""

from __future__ import annotations

from dataclasses import replace

from kdive.diagnosis.findings import finding
from kdive.diagnosis.rule import rule
from kdive.diagnosis.wait_chain import WaitGraph
from kdive.facts.crash import PanicChain
from kdive.facts.log import LogEvent
from kdive.facts.machine import Tasks
from kdive.facts.missing import Missing
from kdive.facts.stacks import Stacks
from kdive.facts.verdict import GUESS, LIKELY, Evidence, Finding
from kdive.facts.waits import Waits

_SHOWN = 5


@rule
def check(
    event: LogEvent, chain: PanicChain, stacks: Stacks | Missing, tasks: Tasks | Missing, waits: Waits | Missing
) -> Finding:
    blocked = [] if isinstance(tasks, Missing) else [task for task in tasks.tasks if task.state == "UN"]
    evidence = [
        Evidence(f"task:{task.pid}", f"{task.comm} is blocked" + _since(task.uninterruptible_ns), "task")
        for task in blocked[:_SHOWN]
    ]
    blocker, what = event.details.get("blocker", ""), event.details.get("waits", "")
    if blocker:
        evidence.insert(0, Evidence(f"log:{event.line}", f"waits for a {what} held by {blocker}", "owner"))
    seconds = event.details.get("seconds", "")
    found = finding(
        event,
        chain,
        stacks,
        explanation=f"`{event.comm}` (PID {event.pid}) waited for more than {seconds or 'many'} seconds. "
        "It is the victim: what it waits for, a lock, a disk or a server, is to blame. "
        "The function named is where it waits.",
        evidence=evidence,
        next_steps=[f"look at what {blocker} was doing: it holds what the others wait for"] if blocker else [],
    )
    explained = WaitGraph(waits, stacks, tasks).explain(found, event.pid)
    if explained is not None:
        return explained
    if not blocker:
        found = replace(found, doubts=(*found.doubts, "who holds what it waits for is not known"))
    return replace(found, confidence=LIKELY if blocker and found.confidence != GUESS else GUESS)


def _since(nanoseconds: int | None) -> str:
    return "" if nanoseconds is None else f" for {nanoseconds // 10**9} s"
