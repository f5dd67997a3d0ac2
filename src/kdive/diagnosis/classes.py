"""The classes of crashes: what data/classes.toml says of each."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_DATA = Path(__file__).parent / "data" / "classes.toml"


@dataclass(frozen=True)
class CrashClass:
    """One row of the table."""

    id: str
    title: str
    meaning: str
    guilty: str  # "frame", "none", "hardware"
    helpers: frozenset[str]
    steps: tuple[str, ...]

    def title_at(self, where: str) -> str:
        """The title with the place filled in; "" leaves it out."""
        return " ".join(self.title.format(where=where).split())


@cache
def classes() -> dict[str, CrashClass]:
    """All classes by id, in the order of the file."""
    with _DATA.open("rb") as file:
        table = tomllib.load(file)
    return {
        id_: CrashClass(
            id_,
            row["title"],
            row["meaning"],
            row["guilty"],
            frozenset(row.get("helpers", ())),
            tuple(row.get("steps", ())),
        )
        for id_, row in table.items()
    }


def crash_class(id_: str) -> CrashClass:
    """The class with that id; "other" for one that is not in the table."""
    return classes().get(id_) or classes()["other"]
