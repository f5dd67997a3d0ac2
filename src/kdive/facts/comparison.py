"""Two crashes, or two states of a machine, held against each other."""

from __future__ import annotations

from dataclasses import dataclass

SAME, LIKELY_SAME, RELATED, DIFFERENT, UNKNOWN = "same", "likely-same", "related", "different", "unknown"


@dataclass(frozen=True)
class Difference:
    """One thing that is not the same: `name` in words, and what each side has ("" for nothing)."""

    name: str
    first: str
    second: str


@dataclass(frozen=True)
class Level:
    """One level of the signature. `same` is None where a side has none."""

    name: str  # "area", "function", "path"
    first: str
    second: str

    @property
    def same(self) -> bool | None:
        return self.first == self.second if self.first and self.second else None


@dataclass(frozen=True)
class Comparison:
    """Whether two crashes are the same bug, and why."""

    answer: str  # SAME … UNKNOWN
    why: tuple[str, ...]
    levels: tuple[Level, ...]
    differences: tuple[Difference, ...]
