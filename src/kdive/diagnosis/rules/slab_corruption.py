"""The allocator found an object that was overwritten. Who found it is rarely who did it: the object's history tells."""

from __future__ import annotations

from dataclasses import replace

from kdive.diagnosis.classes import crash_class
from kdive.diagnosis.findings import finding
from kdive.diagnosis.objects import heap_object
from kdive.diagnosis.rule import rule
from kdive.facts.crash import PanicChain
from kdive.facts.log import LogEvent
from kdive.facts.missing import Missing
from kdive.facts.stacks import Stacks
from kdive.facts.verdict import LIKELY, Finding


@rule
def check(event: LogEvent, chain: PanicChain, stacks: Stacks | Missing) -> Finding:
    subject = heap_object(event)
    meaning = crash_class(event.kind).meaning
    words = " ".join(filter(None, (meaning, subject.words, _what(event.details.get("what", "")))))
    found = finding(event, chain, stacks, explanation=words, evidence=subject.evidence(event.line))
    # What was written behind its end was most likely written by who knows its size; what was written after it was
    # freed, by who freed it and went on.
    what = event.details.get("what", "").lower()
    if "redzone" in what or "padding" in what:
        return _blamed(found, event, "alloc", "allocated the object whose end was written over")
    if "poison" in what:
        return _blamed(found, event, "free", "freed the object that was written to afterwards")
    return found


def _what(what: str) -> str:
    if "redzone" in what.lower():
        return "Bytes beside the object were written over: an access went out of bounds."
    if "poison" in what.lower():
        return "Bytes of a free object were written over: somebody used it after it had been freed."
    return ""


def _blamed(found: Finding, event: LogEvent, name: str, did: str) -> Finding:
    """`found` with the function that allocated or freed the object, where the kernel has kept track of it."""
    function = event.details.get(f"{name}_function")
    if not function:
        return found
    module = event.details.get(f"{name}_module") or None
    where = f"{function} [{module}]" if module else function
    return replace(
        found,
        title=crash_class(found.class_).title_at(f"of {where}"),
        function=function,
        module=module,
        confidence=LIKELY,
        doubts=(*found.doubts, f"nobody saw the write: `{function}` is named because it {did}"),
        skipped=(),
    )
