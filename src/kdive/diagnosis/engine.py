"""`diagnose`: facts → what happened, who is guilty, how sure that is, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kdive import registry
from kdive.diagnosis.classes import crash_class
from kdive.diagnosis.crosscheck import doubts
from kdive.diagnosis.earlier import findings_before
from kdive.diagnosis.findings import frames_of
from kdive.diagnosis.guilty import entry_frame, guilty_frame
from kdive.diagnosis.locate import located
from kdive.diagnosis.rule import Rule, Unchecked
from kdive.diagnosis.signature import family, signature
from kdive.facts.crash import Facts, PanicChain
from kdive.facts.missing import Missing
from kdive.facts.verdict import CONFIDENCES, GUESS, Diagnosis, Evidence, Finding, Signature, UncheckedRule

_RULES = "kdive.diagnosis.rules"
_BY_TABLE = "by_table"  # for every class that has no file of its own
_NO_LOG = "no_log"  # where the log could not be read
_CLASS_OF = {"panic": "panic-other", "oops": "other"}  # kinds of reports that are no class
_MEMORY_DECIDES = frozenset((
    "hung-task", "io-hang", "soft-lockup", "hard-lockup", "rcu-stall", "workqueue-lockup", "panic-other", "other",
    "none", "stack-overflow", "double-fault", "nmi",
))  # fmt: skip


def diagnose(facts: Facts) -> Diagnosis:
    """The verdict first, then what else was found. No verdict only where neither log nor stacks could be read."""
    chain = facts.panic_chain
    name = _NO_LOG if isinstance(chain, Missing) else _rule_for(chain)
    outcome = _load(name)(facts)
    if isinstance(outcome, Unchecked):
        return Diagnosis(None, Signature("", ""), unchecked=(UncheckedRule(name, outcome.reason),))
    if outcome is None:
        return Diagnosis(None, Signature("", ""))
    verdict = _checked(replace(outcome, rule=name), facts)
    earlier = () if isinstance(chain, Missing) else findings_before(chain, facts.stacks, verdict)
    findings = _numbered([_worded(one) for one in located([verdict, *earlier], facts.log)])
    return Diagnosis(findings[0], _signature(verdict.class_, chain), findings=tuple(findings))


def settled_by_log(facts: Facts) -> bool:
    """Whether nothing in memory could still change class, function or module of the verdict.

    A guess is not settled: where the log has no stack that is good for anything, the one in memory may be.
    """
    verdict = diagnose(facts).verdict
    return verdict is not None and verdict.class_ not in _MEMORY_DECIDES and verdict.confidence != GUESS


def _rule_for(chain: PanicChain) -> str:
    """A rule has its class's name; the table stands in for classes without a file."""
    event = chain.first_fault
    if event is None:
        return _BY_TABLE
    name = _CLASS_OF.get(event.kind, event.kind).replace("-", "_")
    return name if name in registry.names(_RULES) else _BY_TABLE


def _load(name: str) -> Rule:
    check = registry.load(_RULES, name).check
    assert isinstance(check, Rule), f"{_RULES}.{name}.check is not a rule"
    return check


def _checked(verdict: Finding, facts: Facts) -> Finding:
    """The verdict after log and memory were held against each other."""
    found = doubts(facts)
    if not found:
        return verdict
    weaker = CONFIDENCES[min(CONFIDENCES.index(verdict.confidence) + 1, len(CONFIDENCES) - 1)]
    return replace(verdict, confidence=weaker, doubts=(*verdict.doubts, *found))


def _worded(verdict: Finding) -> Finding:
    """Steps and doubts as sentences that begin with a capital; names of functions and commands stay as they are."""
    return replace(
        verdict,
        next_steps=tuple(_capital(step) for step in verdict.next_steps),
        doubts=tuple(_capital(doubt) for doubt in verdict.doubts),
    )


def _capital(sentence: str) -> str:
    first, _, rest = sentence.partition(" ")
    return f"{first.capitalize()} {rest}" if first.isalpha() and first.islower() else sentence


def _numbered(findings: Sequence[Finding]) -> list[Finding]:
    """Evidence gets ids E1, E2 … over all findings."""
    count = 0
    result = []
    for finding in findings:
        evidence: list[Evidence] = []
        for piece in finding.evidence:
            count += 1
            evidence.append(replace(piece, id=f"E{count}"))
        result.append(replace(finding, evidence=tuple(evidence)))
    return result


def _signature(class_: str, chain: PanicChain | Missing) -> Signature:
    """From the log's report alone, so that a dump and its console agree."""
    event = None if isinstance(chain, Missing) else chain.first_fault
    if event is None or crash_class(class_).guilty != "frame":
        return signature(class_, None, None)
    if family(class_) == "stall":
        guilty = entry_frame(frames_of(event))
    else:
        guilty = guilty_frame(frames_of(event), crash_class(class_).helpers)
    if guilty is None or guilty.weak:
        return signature(class_, None, None)
    return signature(class_, guilty.frame.function, guilty.frame.module)
