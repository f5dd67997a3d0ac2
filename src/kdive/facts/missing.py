"""A value that could not be had, with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Missing:
    """Stands where a value would; never 0, an empty string or a dropped row."""

    reason: str

    def __bool__(self) -> Literal[False]:
        return False


NOT_READ = Missing("not read")


def known(value: T | Missing, default: T) -> T:
    """`value`, or `default` where it is Missing."""
    return default if isinstance(value, Missing) else value
