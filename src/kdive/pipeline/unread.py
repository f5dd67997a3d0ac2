"""What a report could not know, and why."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any

from kdive.facts.crash import Facts
from kdive.facts.machine import Banner
from kdive.facts.missing import NOT_READ, Missing


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


def with_reason(facts: Facts, reason: Missing) -> Facts:
    """`facts` with `reason` wherever nothing was read."""
    banner: dict[str, Any] = dict.fromkeys(_not_read(Banner, facts.banner), reason)
    rest: dict[str, Any] = dict.fromkeys(_not_read(Facts, facts), reason)
    return replace(facts, banner=replace(facts.banner, **banner), **rest)


def _not_read(type_: type[Banner] | type[Facts], value: object) -> list[str]:
    return [part.name for part in fields(type_) if getattr(value, part.name) == NOT_READ]
