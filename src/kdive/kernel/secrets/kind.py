"""A kind of secret: where kernels keep it. Each is one file of `kinds/`.

Two ways lead to a secret. `find` follows the kernel's own lists and trees; `pointers` are words by which a structure is
known wherever it lies (the address of its operations), and `at` says what is secret about such a place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from kdive import registry
from kdive.errors import KdiveError
from kdive.kernel.secrets.view import Secret, View

KINDS = "kdive.kernel.secrets.kinds"
PROFILES: dict[str, str] = {
    "basic": "programs' memory, page cache and free pages, keyrings, contexts of ciphers",
    "full": "basic, and all other kinds",
}
BASIC_LEVEL = 30  # what programs and files had in memory, and what was freed, is for nobody to see


@dataclass(frozen=True)
class Kind:
    """`symbols` tell whether the kernel has such a thing: one of them is there, else there is nothing to erase."""

    profile: Literal["basic", "full"]
    symbols: tuple[str, ...]
    find: Callable[[View], Iterator[Secret]] | None = None
    pointers: Callable[[View], Iterable[int]] | None = None
    at: Callable[[View, int, int], Iterator[Secret]] | None = None  # physical address of the word, and the word


def names() -> list[str]:
    """All kinds, sorted."""
    return [name.replace("_", "-") for name in registry.names(KINDS)]


def load(name: str) -> Kind:
    """The kind `name`."""
    kind: Kind = registry.load(KINDS, name.replace("-", "_")).KIND
    return kind


def summary(name: str) -> str:
    """What it erases, in one line."""
    text = registry.load(KINDS, name.replace("-", "_")).__doc__ or ""
    return text.strip().split("\n", 1)[0]


def chosen(profile: str) -> dict[str, Kind]:
    """The kinds of a profile, or those that a list "keyrings,tls" names.

    Raises KdiveError for a name that is neither a profile nor a kind.
    """
    kinds: dict[str, Kind] = {}
    for one in profile.split(","):
        if one in PROFILES:
            every = {name: load(name) for name in names()}
            kinds |= {name: kind for name, kind in every.items() if one == "full" or kind.profile == one}
        elif one in names():
            kinds[one] = load(one)
        else:
            raise KdiveError(
                f"{one}: no such profile, nor kind of secret",
                hint=f"profiles: {', '.join(PROFILES)}; kinds: {', '.join(names())}",
            )
    return kinds
