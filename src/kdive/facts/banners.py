"""A banner out of several sources."""

from __future__ import annotations

from dataclasses import fields, replace

from kdive.facts.machine import Banner
from kdive.facts.missing import Missing


def filled(first: Banner, second: Banner) -> Banner:
    """`first`, with `second`'s value wherever `first` has none."""
    changes = {
        part.name: getattr(second, part.name)
        for part in fields(Banner)
        if isinstance(getattr(first, part.name), Missing) and not isinstance(getattr(second, part.name), Missing)
    }
    return replace(
        first, partial=first.partial or second.partial, incomplete=first.incomplete or second.incomplete, **changes
    )


def with_ending(banner: Banner) -> Banner:
    """The state with what ended it, as crash says it: the old "SysRq : Trigger a crash" is told apart."""
    if isinstance(banner.state, Missing):
        return banner
    asked_for = not isinstance(banner.panic, Missing) and banner.panic.startswith("SysRq")
    return replace(banner, state=banner.state + (" (SYSRQ)" if asked_for else " (PANIC)"))
