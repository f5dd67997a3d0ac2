"""A BUG() or BUG_ON(): the code found itself in a state that it says cannot happen."""

from __future__ import annotations

from kdive.diagnosis.findings import finding
from kdive.diagnosis.rule import rule
from kdive.facts.crash import PanicChain
from kdive.facts.log import LogEvent
from kdive.facts.missing import Missing
from kdive.facts.stacks import Stacks
from kdive.facts.verdict import Evidence, Finding


@rule
def check(event: LogEvent, chain: PanicChain, stacks: Stacks | Missing) -> Finding:
    file, line = event.details.get("file", ""), event.details.get("line", "")
    place = f"{file}:{line}" if file else ""
    return finding(
        event,
        chain,
        stacks,
        explanation=(
            "The kernel checked a condition that must never be false, found it false, and stopped (BUG)."
            + (f" The check stands at {place}." if place else "")
        ),
        evidence=[Evidence(f"log:{event.line}", place, "source")] if place else [],
        next_steps=[f"read the condition at {place}: it says what went wrong"] if place else [],
    )
