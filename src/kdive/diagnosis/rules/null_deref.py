"""An access below the first page is a NULL pointer plus a member's offset."""

from __future__ import annotations

from kdive.diagnosis.findings import finding
from kdive.diagnosis.rule import rule
from kdive.facts.crash import PanicChain
from kdive.facts.log import LogEvent
from kdive.facts.missing import Missing
from kdive.facts.stacks import Stacks
from kdive.facts.verdict import Evidence, Finding

_FIRST_PAGE = 4096  # bytes
_ACCESS = {"read": "read from", "write": "wrote to", "fetch": "jumped to"}


@rule
def check(event: LogEvent, chain: PanicChain, stacks: Stacks | Missing) -> Finding:
    nowhere = event.registers.get("rip", 1) < _FIRST_PAGE if event.ip is None else not event.ip.function
    called = event.access == "fetch" or (nowhere and (event.address or 0) < _FIRST_PAGE)
    evidence = []
    if event.address is not None:
        evidence.append(Evidence(f"log:{event.line}", f"{event.address:#x}", "address"))
    step = "find out which pointer it is: disassemble the function at that offset, and see who should have set it"
    return finding(
        event,
        chain,
        stacks,
        explanation=_explanation(event.address, event.access, called),
        evidence=evidence,
        next_steps=["find out which function pointer was not set, and who should have set it" if called else step],
    )


def _explanation(address: int | None, access: str, called: bool) -> str:
    if called:
        return "The kernel called a function through a pointer that was never set (NULL). The caller is named here."
    words = "The kernel used a pointer that points to nothing (NULL)."
    if address is None:
        return words
    member = f": a member {address:#x} bytes into a structure at NULL" if address else ""
    return f"{words} It {_ACCESS.get(access, 'used')} address {address:#x}{member}."
