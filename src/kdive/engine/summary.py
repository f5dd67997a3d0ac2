"""What a selection of pages found, in numbers and words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kdive.engine.kinds import PageKind


@dataclass(frozen=True)
class Summary:
    """How many pages were of which kind, what looks wrong with that, and what was kept for want of knowledge."""

    pages: Mapping[PageKind, int]
    warnings: tuple[str, ...]
    reasons: tuple[str, ...]
