"""An access to an address where nothing is mapped, or that may not be used so."""

from __future__ import annotations

from kdive.diagnosis.bad_access import bad_access
from kdive.diagnosis.rule import rule
from kdive.facts.crash import PanicChain
from kdive.facts.log import LogEvent
from kdive.facts.missing import Missing
from kdive.facts.stacks import Stacks
from kdive.facts.verdict import Finding

_WORDS = {
    "read": "The kernel read from an address where it has no memory.",
    "write": "The kernel wrote to an address where it has no memory, or that is write-protected.",
    "fetch": "The kernel jumped to an address that is no code.",
}


@rule
def check(event: LogEvent, chain: PanicChain, stacks: Stacks | Missing) -> Finding:
    return bad_access(event, chain, stacks, _WORDS.get(event.access, "The kernel used an address that is no good."))
