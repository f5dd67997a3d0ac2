"""What the words in a report mean."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_DATA = Path(__file__).parent / "data" / "explanations.toml"


@dataclass(frozen=True)
class Explanation:
    """`kind` and its `title` say where the name is met."""

    kind: str
    title: str
    name: str
    text: str


@cache
def explanations() -> tuple[Explanation, ...]:
    """All, in the order of the file."""
    with _DATA.open("rb") as file:
        kinds = tomllib.load(file)
    return tuple(
        Explanation(kind, table["title"], name, text)
        for kind, table in kinds.items()
        for name, text in table["of"].items()
    )
