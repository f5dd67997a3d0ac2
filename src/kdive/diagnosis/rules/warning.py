"""A WARN() that panic_on_warn made fatal: the warning is the cause, not the panic."""

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
    place = ":".join(filter(None, (event.details.get("file", ""), event.details.get("line", ""))))
    at = f" at {place}" if place else ""
    return finding(
        event,
        chain,
        stacks,
        explanation=f"The kernel found something wrong{at} that it could have survived; panic_on_warn made it stop.",
        evidence=[Evidence(f"log:{event.line}", place, "source")] if place else [],
        next_steps=[f"read the condition at {place}: it says what went wrong"] if place else [],
    )
