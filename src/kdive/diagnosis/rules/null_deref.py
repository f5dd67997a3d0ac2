"""An access below the first page is a NULL pointer plus a member's offset."""

from __future__ import annotations

from kdive.diagnosis.findings import finding
from kdive.diagnosis.rule import rule
from kdive.facts.crash import PanicChain
from kdive.facts.missing import Missing
from kdive.facts.stacks import Stacks
from kdive.facts.verdict import Evidence, Finding

_ACCESS = {"read": "read from", "write": "wrote to", "fetch": "jumped to"}


@rule
def check(chain: PanicChain, stacks: Stacks | Missing) -> Finding | None:
    event = chain.first_fault
    if event is None or event.kind != "null-deref":
        return None
    evidence = []
    explanation = "The kernel used a pointer that points to nothing (NULL)."
    if event.address is not None:
        evidence.append(Evidence(f"log:{event.line}", f"{event.address:#x}", "address"))
        explanation = _explanation(event.address, event.access)
    return finding(
        event,
        chain,
        stacks,
        explanation=explanation,
        evidence=evidence,
        next_steps=["find out which pointer it is: the code at the function's offset, and who should have set it"],
    )


def _explanation(address: int, access: str) -> str:
    if access == "fetch" and address == 0:
        return "The kernel called a function through a pointer that was never set (NULL); its caller is to blame."
    did = _ACCESS.get(access, "used")
    member = f": a member {address:#x} bytes into a structure at NULL" if address else ""
    return f"The kernel used a pointer that points to nothing (NULL). It {did} address {address:#x}{member}."
