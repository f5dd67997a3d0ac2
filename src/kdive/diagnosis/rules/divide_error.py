"""A division by zero, or one whose quotient does not fit."""

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
    zero = [name for name in ("rcx", "rsi", "rdi", "rbx", "r8") if event.registers.get(name) == 0]
    return finding(
        event,
        chain,
        stacks,
        explanation="The kernel divided by zero, or the quotient did not fit its register.",
        evidence=[Evidence(f"log:{event.line}", f"zero in {', '.join(zero)}", "register")] if zero else [],
        next_steps=["find the divisor in the function named, and where its value comes from"],
    )
