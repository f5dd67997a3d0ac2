"""An instruction that the CPU refused."""

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
    trap = event.details.get("trap", "")
    return finding(
        event,
        chain,
        stacks,
        explanation=f"The CPU refused an instruction{f' ({trap})' if trap else ''}: "
        "the code was overwritten, was never code, or needs a CPU that this is not.",
        evidence=[Evidence(f"log:{event.line}", event.code, "code")] if event.code else [],
        next_steps=["compare the Code: line with the kernel's image: where they differ, memory was damaged"],
    )
