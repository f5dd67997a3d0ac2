"""A linked list whose links do not agree; the check's caller is where it was noticed."""

from __future__ import annotations

from kdive.diagnosis.findings import finding
from kdive.diagnosis.rule import rule
from kdive.facts.crash import PanicChain
from kdive.facts.log import LogEvent
from kdive.facts.missing import Missing
from kdive.facts.stacks import Stacks
from kdive.facts.verdict import Evidence, Finding

_NOTICED = "the code that damaged the list or its entry may be another: this is where it was noticed"


@rule
def check(event: LogEvent, chain: PanicChain, stacks: Stacks | Missing) -> Finding:
    poisoned = "dead00000000" in event.headline or "LIST_POISON" in event.headline
    words = "A linked list's links did not agree: an entry was freed or overwritten while listed, or handled twice."
    if poisoned:
        words = "An entry was removed from a linked list twice: its links already held the mark of a removed one."
    return finding(
        event,
        chain,
        stacks,
        explanation=words,
        evidence=[Evidence(f"log:{event.line}", "the links hold list poison", "poison")] if poisoned else [],
        doubts=[] if poisoned else [_NOTICED],
    )
