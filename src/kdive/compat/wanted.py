"""What is recorded of a kernel: all that readers ask of one, or will."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kdive.compat.variables import VARIABLES, Declaration

_DATA = Path(__file__).parent / "data" / "recorded.txt"
_TAGGED = ("struct", "union", "enum")
_TYPE_NAME = re.compile(r"(?:struct|union|enum) \w+|\b\w+_t\b")


@dataclass(frozen=True)
class Wanted:
    """Names, each kind of them sorted; types as "struct x", "union x", "enum x" or the name of a typedef."""

    types: tuple[str, ...]
    symbols: tuple[str, ...]
    constants: tuple[str, ...]  # enumerators of enums without a name


def wanted() -> Wanted:
    """What data/recorded.txt lists, and what `VARIABLES` mentions."""
    names: dict[str, set[str]] = {"types": set(), "symbols": set(VARIABLES), "constants": set()}
    for kind, listed in _lines(_DATA.read_text()):
        if kind in _TAGGED:
            names["types"].update(f"{kind} {name}" for name in listed)
        else:
            names["types" if kind == "typedef" else f"{kind}s"].update(listed)
    for declared in (one for declarations in VARIABLES.values() for one in declarations):
        names["types"].update(declared_types(declared), _types_in(*declared.where))
    return Wanted(**{kind: tuple(sorted(found)) for kind, found in names.items()})


def declared_types(declared: Declaration) -> Iterable[str]:
    """The types that `declared` is made of: "struct x", "union x", "enum x" or a typedef."""
    return _types_in(declared.type, *(type_ for type_, _ in declared.members))


def _types_in(*texts: str) -> list[str]:
    return [name for text in texts for name in _TYPE_NAME.findall(text)]


def _lines(text: str) -> Iterator[tuple[str, list[str]]]:
    for line in text.splitlines():
        if line and not line.startswith("#"):
            kind, _, listed = line.partition(":")
            yield kind, listed.split()
