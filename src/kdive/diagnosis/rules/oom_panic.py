"""No memory left, and the kernel stopped. No function is to blame: whoever holds the memory is."""

from __future__ import annotations

from kdive.diagnosis.findings import finding
from kdive.diagnosis.rule import rule
from kdive.facts.crash import PanicChain
from kdive.facts.log import LogEvent
from kdive.facts.machine import MemoryTotals
from kdive.facts.missing import Missing
from kdive.facts.stacks import Stacks
from kdive.facts.verdict import Evidence, Finding


@rule
def check(event: LogEvent, chain: PanicChain, stacks: Stacks | Missing, memory: MemoryTotals | Missing) -> Finding:
    evidence = []
    words = "No memory was left, and the kernel was told to stop rather than to kill, or had nothing left to kill."
    if not isinstance(memory, Missing):
        parts = {"free": memory.free, "programs": memory.anonymous, "files": memory.file, "slab": memory.slab}
        known = {name: size for name, size in parts.items() if not isinstance(size, Missing)}
        evidence = [Evidence("memory", f"{name}: {size >> 20} MB", "memory") for name, size in known.items()]
        largest = max((name for name in known if name != "free"), key=lambda name: known[name], default="")
        if largest:
            words += f" Most of what is accounted for is held by {largest} ({known[largest] >> 20} MB)."
    return finding(event, chain, stacks, explanation=words, evidence=evidence)
