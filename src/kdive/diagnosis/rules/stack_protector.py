"""A function that wrote past the end of an array on its own stack; the kernel names it."""

from __future__ import annotations

from dataclasses import replace

from kdive.diagnosis.findings import finding, frames_of
from kdive.diagnosis.rule import rule
from kdive.facts.crash import PanicChain
from kdive.facts.log import LogEvent
from kdive.facts.missing import Missing
from kdive.facts.stacks import Stacks
from kdive.facts.verdict import CERTAIN, Finding


@rule
def check(event: LogEvent, chain: PanicChain, stacks: Stacks | Missing) -> Finding:
    function = event.details.get("function", "")
    found = finding(
        event,
        chain,
        stacks,
        title=f"overwritten stack in {function}" if function else "",
        explanation="A function wrote past the end of an array on its stack; the check on its return noticed.",
        next_steps=[f"look at the arrays on the stack of `{function}`, and at what it passes them to"]
        if function
        else [],
    )
    if not function:
        return found
    frame = next((frame for frame in frames_of(event) if frame.function == function), None)
    module = event.details.get("module") or (frame.module if frame else "")
    return replace(found, function=function, module=module or None, confidence=CERTAIN)
