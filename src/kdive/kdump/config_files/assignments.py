"""Files of shell assignments, as in /etc/default and /etc/sysconfig: read, never run."""

from __future__ import annotations

import re
import shlex

_ASSIGNMENT = re.compile(r"\s*(?:export\s+)?([A-Za-z_]\w*)=(.*)")
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?::-([^}]*))?\})")


def assignments(text: str) -> dict[str, str]:
    """Name → value; variables of the same file are filled in. What is no assignment, or cannot be read, is left out."""
    values: dict[str, str] = {}
    for line in re.sub(r"\\\n", "", text).splitlines():
        found = _ASSIGNMENT.fullmatch(line)
        if found is None:
            continue
        raw = found[2].lstrip()
        literal = raw.startswith("'")
        try:
            words = shlex.split(raw, comments=True)
        except ValueError:
            continue  # a quote that does not end
        value = words[0] if words else ""
        values[found[1]] = value if literal else _VARIABLE.sub(lambda name: _value(name, values), value)
    return values


def _value(found: re.Match[str], values: dict[str, str]) -> str:
    return values.get(found[1] or found[2], "") or found[3] or ""
