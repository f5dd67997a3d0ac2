"""A general protection fault: most often a pointer whose value cannot be an address."""

from __future__ import annotations

from kdive.diagnosis.bad_access import bad_access
from kdive.diagnosis.rule import rule
from kdive.facts.crash import PanicChain
from kdive.facts.log import LogEvent
from kdive.facts.missing import Missing
from kdive.facts.stacks import Stacks
from kdive.facts.verdict import Finding


@rule
def check(event: LogEvent, chain: PanicChain, stacks: Stacks | Missing) -> Finding:
    words = "The kernel used a pointer that cannot be an address: it was overwritten, freed, or never set."
    return bad_access(event, chain, stacks, words)
