"""Every class that needs no more than its report in the log: title, words and steps come from the table of classes."""

from __future__ import annotations

from kdive.diagnosis.classes import crash_class
from kdive.diagnosis.findings import finding
from kdive.diagnosis.objects import heap_object
from kdive.diagnosis.rule import rule
from kdive.facts.crash import PanicChain
from kdive.facts.log import Log
from kdive.facts.missing import Missing
from kdive.facts.stacks import Stacks
from kdive.facts.verdict import CERTAIN, LIKELY, Evidence, Finding


@rule
def check(chain: PanicChain, log: Log | Missing, stacks: Stacks | Missing) -> Finding | None:
    event = chain.first_fault
    if event is not None:
        subject = heap_object(event)
        words = f"{crash_class(event.kind).meaning} {subject.words}" if subject.words else ""
        return finding(event, chain, stacks, explanation=words, evidence=subject.evidence(event.line))
    none = crash_class("none")
    notes = () if isinstance(log, Missing) else log.notes
    lost = not isinstance(log, Missing) and log.lost_records > 0
    return Finding(
        class_="none",
        title=none.title,
        confidence=LIKELY if lost or chain.events else CERTAIN,
        evidence=tuple(Evidence(f"log:{event.line}", event.headline, "prelude") for event in chain.preludes[:5]),
        explanation=none.meaning,
        doubts=(*(["older lines of the log were overwritten"] if lost else []), *notes),
        rule="by_table",
    )
