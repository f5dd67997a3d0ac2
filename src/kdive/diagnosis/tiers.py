"""Frames that are passed over on the way to the guilty one: the tiers of data/tiers.txt."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

_DATA = Path(__file__).parent / "data" / "tiers.txt"
_CLONES = (".isra.", ".constprop.", ".part.", ".cold", ".llvm.", ".lto_priv.")


@dataclass(frozen=True)
class Tiers:
    """The entries of the tier file: names as they are, and patterns with a `*` at either end, or both."""

    names: dict[str, str]
    prefixes: tuple[tuple[str, str], ...]
    suffixes: tuple[tuple[str, str], ...]
    parts: tuple[tuple[str, str], ...]

    def entry(self, function: str) -> str:
        """Id of the entry that covers `function`, "T1.lock" say; "" for a function that may be guilty."""
        name = base_name(function)
        found = self.names.get(name)
        if found:
            return found
        for prefix, entry in self.prefixes:
            if name.startswith(prefix):
                return entry
        for suffix, entry in self.suffixes:
            if name.endswith(suffix):
                return entry
        for part, entry in self.parts:
            if part in name:
                return entry
        return ""


@cache
def tiers() -> Tiers:
    """The table, read once. Its format stands at its top."""
    names: dict[str, str] = {}
    prefixes: list[tuple[str, str]] = []
    suffixes: list[tuple[str, str]] = []
    parts: list[tuple[str, str]] = []
    entry = ""
    for line in _DATA.read_text(encoding="ascii").split("\n"):
        if not line or line.startswith("#"):
            continue
        if not line.startswith(" "):
            entry = line
            continue
        for word in line.split():
            if word.startswith("*") and word.endswith("*"):
                parts.append((word[1:-1], entry))
            elif word.endswith("*"):
                prefixes.append((word[:-1], entry))
            elif word.startswith("*"):
                suffixes.append((word[1:], entry))
            else:
                names[word] = entry
    return Tiers(names, tuple(prefixes), tuple(suffixes), tuple(parts))


def base_name(function: str) -> str:
    """The function's name in the source: without what the compiler adds to its clones."""
    for clone in _CLONES:
        function = function.partition(clone)[0]
    return function
