"""What `kdive dump --verify` found, in words and as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kdive.engine.verify import Checked, Compared, PageGroup

_SCHEMA = "kdive-verify/1"
_RANGES_SHOWN = 8


def checked_lines(found: Checked) -> list[str]:
    """What was found in one dump."""
    lines = [f"{found.path}: {'whole' if found.whole else 'NOT WHOLE'}, {found.pages:,} pages read ({found.format})"]
    lines += [f"  {name}: is what its manifest says" for name in found.checksums]
    lines += _group("cannot be read", found.unreadable)
    lines += _group("were never written", found.lost)
    lines += _group("have descriptors that cannot be right", found.wrong)
    return [*lines, *(f"  {problem}" for problem in found.problems)]


def compared_lines(found: Compared) -> list[str]:
    """How two dumps differ."""
    first, second = found.paths
    lines = [f"{first} and {second}: {'the same pages' if found.same else 'NOT THE SAME'}, {found.equal:,} are equal"]
    if found.equal_zero:
        lines.append(f"  {found.equal_zero:,} of these are full of zeros, and left out by one of the two")
    lines += _group("differ", found.different)
    for path, missing, by_level in zip(found.paths, found.missing, found.missing_by_level, strict=True):
        lines += _group(f"are not in {path}", missing)
        if by_level:
            lines.append(f"    {'all' if by_level == missing.pages else f'{by_level:,}'} as its level leaves them out")
    for path, unreadable in zip(found.paths, found.unreadable, strict=True):
        lines += _group(f"cannot be read from {path}", unreadable)
    return [*lines, *(f"  {problem}" for problem in found.problems)]


def checked_json(found: Checked) -> str:
    """The same for programs."""
    return _json(found, {"whole": found.whole})


def compared_json(found: Compared) -> str:
    """The same for programs."""
    return _json(found, {"same": found.same})


def _json(found: Checked | Compared, verdict: dict[str, Any]) -> str:
    from kdive.facts.codec import to_json

    return json.dumps({"schema": _SCHEMA, **verdict, **to_json(found)}, indent=2)


def _group(what: str, group: PageGroup) -> list[str]:
    if not group.pages:
        return []
    kinds = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in group.of_kind.items())
    lines = [f"  {group.pages:,} pages {what}" + (f" ({kinds})" if kinds else "")]
    shown = [_range(first, end) for first, end in group.ranges[:_RANGES_SHOWN]]
    named = sum(end - first for first, end in group.ranges[:_RANGES_SHOWN])
    more = ["…"] if named < group.pages else []
    return [*lines, f"    pfn {', '.join([*shown, *more])}"]


def _range(first: int, end: int) -> str:
    return f"{first:#x}" if end == first + 1 else f"{first:#x}-{end - 1:#x}"
