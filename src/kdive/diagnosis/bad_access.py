"""Findings of accesses to bad addresses: the address explained, and which register held it."""

from __future__ import annotations

import re

from kdive.diagnosis.findings import finding
from kdive.diagnosis.pointers import ARM64, X86_64, Halves, Pointer, explain
from kdive.facts.crash import PanicChain
from kdive.facts.log import LogEvent
from kdive.facts.missing import Missing
from kdive.facts.stacks import Stacks
from kdive.facts.verdict import Evidence, Finding

_HINTS = {
    "poison": "something used memory after it was freed: look for who freed the object (slub_debug=FZPU tells)",
    "list-poison": "an entry was used, or removed from its list, after it had been removed: look for a missing lock",
    "text": "find out whose string it is: what overflowed into this structure",
    "bit-flip": "test the machine's memory (memtest86+) and read its hardware log before you look at the code",
    "error": "a function gave back an error, and its caller took it for a pointer: check with IS_ERR()",
    "user": "a user space address was used without copy_from_user(), or the pointer was overwritten with one",
}
_NO_POINTERS = frozenset(
    ("rip", "rflags", "eflags", "cs", "ss", "ds", "es", "fs", "gs", "cr0", "cr2", "cr3", "cr4", "pc", "pstate")
)
_NON_CANONICAL = re.compile(r"non-canonical address (0x[0-9a-f]+)")


def bad_access(event: LogEvent, chain: PanicChain, stacks: Stacks | Missing, explanation: str) -> Finding:
    """A finding on an access through a pointer that was no good."""
    match = _NON_CANONICAL.search(event.headline)
    address: int | None = int(match[1], 16) if event.address is None and match else event.address
    evidence: list[Evidence] = []
    words, hints = [explanation], list[str]()
    if address is not None:
        pointer = explain(address, _halves(event))
        value = f"{address:#x}" + (f": {pointer.words}" if pointer.words else "")
        evidence.append(Evidence(f"log:{event.line}", value, "address"))
        _add(pointer, f"The address {address:#x} is", words, hints)
    if not hints:
        for name, pointer in _telling_registers(event):
            value = f"{name} = {event.registers[name]:#x}: {pointer.words}"
            evidence.append(Evidence(f"log:{event.line}", value, "register"))
            _add(pointer, f"Register {name} held", words, hints)
            break
    return finding(event, chain, stacks, explanation=" ".join(words), evidence=evidence, next_steps=hints)


def _add(pointer: Pointer, subject: str, words: list[str], hints: list[str]) -> None:
    if pointer.words:
        words.append(f"{subject} {pointer.words}.")
    if pointer.kind in _HINTS:
        hints.append(_HINTS[pointer.kind])


def _telling_registers(event: LogEvent) -> list[tuple[str, Pointer]]:
    """Registers whose values tell of damage; ordinary small numbers and user addresses do not."""
    pairs = [
        (name, explain(value, _halves(event))) for name, value in event.registers.items() if name not in _NO_POINTERS
    ]
    return [(name, pointer) for name, pointer in pairs if pointer.kind in ("poison", "list-poison", "bit-flip")]


def _halves(event: LogEvent) -> Halves:
    return ARM64 if "x29" in event.registers else X86_64
