"""What a rule is: a function of facts, which it names by the types of its parameters.

    @rule
    def check(event: LogEvent, chain: PanicChain, stacks: Stacks | Missing) -> Finding | None: ...

A LogEvent is the report that explains the end of the machine: a rule runs on those of the class that it is named
after; Facts is all there is. A fact that may be missing is annotated so; where another one is, the rule is not run
and the report says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from kdive.facts.crash import Facts
from kdive.facts.log import LogEvent
from kdive.facts.missing import Missing
from kdive.facts.verdict import Finding

_NO_REPORT = Missing("the log holds no report of a crash")


@dataclass(frozen=True)
class Unchecked:
    """Why a rule could not be run."""

    reason: str


@dataclass(frozen=True)
class Rule:
    """A check, ready to be run on facts."""

    function: Callable[..., Finding | None]

    def __call__(self, facts: Facts) -> Finding | Unchecked | None:
        """The finding, None when the rule finds nothing, or why it could not be checked."""
        arguments: dict[str, Any] = {}
        for name, hint in get_type_hints(self.function).items():
            if name == "return":
                continue
            wanted = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
            value = _fact(facts, wanted)
            if isinstance(value, Missing) and Missing not in wanted:
                return Unchecked(value.reason)
            arguments[name] = value
        return self.function(**arguments)


def rule(function: Callable[..., Finding | None]) -> Rule:
    """Makes a function of facts a rule."""
    return Rule(function)


def _fact(facts: Facts, wanted: tuple[Any, ...]) -> object:
    """The fact of one of the types `wanted`, or the Missing that stands in its place."""
    if Facts in wanted:
        return facts
    if LogEvent in wanted:
        chain = facts.panic_chain
        return chain if isinstance(chain, Missing) else chain.first_fault or _NO_REPORT
    names = {kind.__name__ for kind in wanted}
    hints = {part.name: str(part.type) for part in fields(Facts)}
    for name, hint in hints.items():
        if names & {word.strip() for word in hint.split("|")} - {"Missing"}:
            return getattr(facts, name)
    raise TypeError(f"no fact is a {' or '.join(sorted(names))}")
