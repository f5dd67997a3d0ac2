"""A copy to or from user space that would have left its object."""

from __future__ import annotations

from kdive.diagnosis.findings import finding
from kdive.diagnosis.rule import rule
from kdive.facts.crash import PanicChain
from kdive.facts.log import LogEvent
from kdive.facts.missing import Missing
from kdive.facts.stacks import Stacks
from kdive.facts.verdict import Evidence, Finding

_DIRECTIONS = {
    "exposure": "Kernel memory beyond an object would have been shown to a program",
    "overwrite": "A program's data would have overwritten memory beyond an object",
}


@rule
def check(event: LogEvent, chain: PanicChain, stacks: Stacks | Missing) -> Finding:
    words = next((words for tell, words in _DIRECTIONS.items() if tell in event.headline), "A copy left its object")
    cache = event.details.get("cache", "")
    return finding(
        event,
        chain,
        stacks,
        explanation=f"{words}: the kernel stopped the copy. The size is wrong, or somebody attacks.",
        evidence=[Evidence(f"log:{event.line}", f"object of {cache}", "cache")] if cache else [],
        next_steps=["check the length that the function copies, and where it comes from"],
    )
