"""Evidence that was read once more."""

from __future__ import annotations

from dataclasses import dataclass

from kdive.facts.verdict import Evidence

CONFIRMED, CONTRADICTED, UNREADABLE = "confirmed", "contradicted", "unreadable"


@dataclass(frozen=True)
class Rechecked:
    """A claim, what became of it, and what stands at its source now."""

    claim: Evidence
    answer: str  # CONFIRMED, CONTRADICTED, UNREADABLE
    found: str  # "" where there is nothing to show
