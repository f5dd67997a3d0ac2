"""An access to an address where nothing is mapped, or that may not be used so."""

from __future__ import annotations

from kdive.diagnosis.bad_access import bad_access
from kdive.diagnosis.rule import rule
from kdive.facts.crash import PanicChain
from kdive.facts.log import LogEvent
from kdive.facts.missing import Missing
from kdive.facts.stacks import Stacks
from kdive.facts.verdict import Finding

_WORDS = {
    "read": "The kernel read from an address where it has no memory.",
    "write": "The kernel wrote to an address where it has no memory, or that is write-protected.",
    "fetch": "The kernel jumped to an address that is no code.",
}
# x86's error code of a page fault: arch/x86/include/asm/trap_pf.h
_PROTECTION, _RESERVED = 1, 8
_PROTECTED = {
    "read": "The kernel read memory that it may not read.",
    "write": "The kernel wrote to memory that is write-protected: to constants, to code, or through a wrong pointer.",
}


@rule
def check(event: LogEvent, chain: PanicChain, stacks: Stacks | Missing) -> Finding:
    code = _error_code(event)
    words = _WORDS.get(event.access, "The kernel used an address that is no good.")
    if code & _RESERVED:
        words = "The page table for the address holds bits that must not be set: it was overwritten, or memory is bad."
    elif code & _PROTECTION:
        words = _PROTECTED.get(event.access, words)
    return bad_access(event, chain, stacks, words)


def _error_code(event: LogEvent) -> int:
    """The error code of a page fault on x86; 0 where there is none."""
    digits = event.details.get("error_code", "")
    return int(digits, 16) if len(digits) == 4 and "eflags" in event.registers else 0
