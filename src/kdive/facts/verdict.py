"""What is concluded: evidence, findings, the diagnosis, and the report that carries them."""

from __future__ import annotations

from dataclasses import dataclass, field

from kdive.facts.crash import Facts
from kdive.facts.stacks import Frame

REPORT_SCHEMA = "kdive-report/1"

CERTAIN, LIKELY, GUESS = "certain", "likely", "guess"
CONFIDENCES = (CERTAIN, LIKELY, GUESS)  # strongest first


@dataclass(frozen=True)
class Evidence:
    """A value and where it was read, so that anyone can look again."""

    source: str  # "log:412" (line index), "stack:crashed#3", "cpu:1", "task:117", "vmcoreinfo:CRASHTIME", "module:x"
    value: str  # the line or the value itself
    kind: str  # "headline", "ip", "frame", "register", "address", "note", "task", "module" …
    id: str = ""  # "E1" …, given by the engine


@dataclass(frozen=True)
class SkippedFrame:
    """A frame that was passed over on the way to the guilty one, and the entry of the tier files that said so."""

    function: str
    module: str
    tier: str  # "T0.panic", "T1.lock" …


@dataclass(frozen=True)
class Finding:
    """What one rule concluded. `function` and `module` are None when nothing is guilty; module None: vmlinux."""

    class_: str = field(metadata={"json": "class"})
    title: str  # one line for a list of crashes
    confidence: str
    evidence: tuple[Evidence, ...]
    function: str | None = None
    module: str | None = None
    explanation: str = ""  # plain words for an administrator
    next_steps: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    skipped: tuple[SkippedFrame, ...] = ()
    panic_reason: str = ""  # the wrapper that ended the machine, where it is not the cause
    rule: str = ""  # file name of the rule, given by the engine


@dataclass(frozen=True)
class Signature:
    """`text` is for people and lists, `key` is the bucket (L1). Both empty where there is none."""

    text: str
    key: str


@dataclass(frozen=True)
class UncheckedRule:
    rule: str
    reason: str


@dataclass(frozen=True)
class Diagnosis:
    verdict: Finding | None
    signature: Signature
    findings: tuple[Finding, ...] = ()  # the verdict first, then what else rules found
    unchecked: tuple[UncheckedRule, ...] = ()  # rules whose facts are missing


@dataclass(frozen=True)
class Report:
    """All that a renderer needs."""

    facts: Facts
    diagnosis: Diagnosis
    stack: tuple[Frame, ...]  # of the crashed thread: from memory, else from the log
    stack_source: str  # "memory", "log" or ""
    missing: tuple[str, ...] = ()  # "field: reason", what could not be read
    schema: str = REPORT_SCHEMA
