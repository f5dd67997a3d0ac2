"""A reference count that was used after it had reached zero, or overflowed."""

from __future__ import annotations

from kdive.diagnosis.findings import finding
from kdive.diagnosis.rule import rule
from kdive.facts.crash import PanicChain
from kdive.facts.log import LogEvent
from kdive.facts.missing import Missing
from kdive.facts.stacks import Stacks
from kdive.facts.verdict import Evidence, Finding

_WORDS = {
    "use-after-free": "an object was used after its last reference was given back",
    "underflow": "a reference was given back once too often",
    "saturated": "references were taken without end, or the object was overwritten",
    "leak": "references were taken that nobody gives back",
}


@rule
def check(event: LogEvent, chain: PanicChain, stacks: Stacks | Missing) -> Finding:
    told = [words for tell, words in _WORDS.items() if tell in event.headline.lower()]
    return finding(
        event,
        chain,
        stacks,
        explanation="A reference count is wrong" + (f": {'; '.join(told)}." if told else "."),
        evidence=[Evidence(f"log:{event.line}", words, "count") for words in told],
        next_steps=["pair every get with its put around this object: one error path too few or too many"],
    )
