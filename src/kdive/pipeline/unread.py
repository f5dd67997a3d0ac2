"""What a report could not know: every Missing in the facts, by its place."""

from __future__ import annotations

from dataclasses import fields, is_dataclass

from kdive.facts.crash import Facts
from kdive.facts.missing import Missing


def unread(facts: Facts) -> tuple[str, ...]:
    """One "place: reason" for each value that could not be read, in the order of the facts."""
    found: list[str] = []
    for part in fields(facts):
        value = getattr(facts, part.name)
        if isinstance(value, Missing):
            found.append(f"{part.name}: {value.reason}")
        elif is_dataclass(value):
            found += [
                f"{part.name}.{member.name}: {inner.reason}"
                for member in fields(value)
                if isinstance(inner := getattr(value, member.name), Missing)
            ]
    return tuple(found)
