"""A panic with a reason of its own: the function that called panic(), and its words."""

from __future__ import annotations

from kdive.diagnosis.findings import finding
from kdive.diagnosis.rule import rule
from kdive.facts.crash import PanicChain
from kdive.facts.log import LogEvent
from kdive.facts.missing import Missing
from kdive.facts.stacks import Stacks
from kdive.facts.verdict import Finding


@rule
def check(event: LogEvent, chain: PanicChain, stacks: Stacks | Missing) -> Finding:
    reason = event.details.get("reason", "")
    return finding(
        event,
        chain,
        stacks,
        class_id="panic-other",
        explanation=f'The kernel stopped itself, and says why: "{reason}".' if reason else "",
    )
