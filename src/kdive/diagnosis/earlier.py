"""What the kernel reported before it came to its end: findings of their own, after the verdict."""

from __future__ import annotations

from kdive.diagnosis.classes import classes
from kdive.diagnosis.findings import finding
from kdive.facts.crash import PanicChain
from kdive.facts.missing import Missing
from kdive.facts.stacks import Stacks
from kdive.facts.verdict import Finding

_SHOWN = 5


def findings_before(chain: PanicChain, stacks: Stacks | Missing, verdict: Finding) -> tuple[Finding, ...]:
    """The last reports before the end, in order; one that says no more than another, or the verdict, counts once."""
    told = {(verdict.class_, verdict.function, verdict.module)}
    found: list[Finding] = []
    for event in reversed(chain.preludes):
        if event.kind not in classes():
            continue
        one = finding(event, PanicChain(events=(event,), first_fault=event), stacks)
        if (one.class_, one.function, one.module) not in told:
            told.add((one.class_, one.function, one.module))
            found.append(one)
        if len(found) == _SHOWN:
            break
    return tuple(reversed(found))
