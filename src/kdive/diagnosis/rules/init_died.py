"""The first process ended; the exit code says of what."""

from __future__ import annotations

import re

from kdive.diagnosis.findings import finding
from kdive.diagnosis.rule import rule
from kdive.facts.crash import PanicChain
from kdive.facts.log import LogEvent
from kdive.facts.missing import Missing
from kdive.facts.stacks import Stacks
from kdive.facts.verdict import Evidence, Finding

_EXIT_CODE = re.compile(r"exitcode=0x([0-9a-f]{1,8})")
_SIGNALS = {4: "SIGILL", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE", 9: "SIGKILL", 11: "SIGSEGV", 15: "SIGTERM"}


@rule
def check(event: LogEvent, chain: PanicChain, stacks: Stacks | Missing) -> Finding:
    words = "The first process (init, systemd) ended, and without it the system cannot run. The cause is in user space"
    match = _EXIT_CODE.search(event.headline)
    ending = _ending(int(match[1], 16)) if match else ""
    return finding(
        event,
        chain,
        stacks,
        explanation=f"{words}: it {ending}." if ending else f"{words}.",
        evidence=[Evidence(f"log:{event.line}", f"init {ending}", "exit-code")] if ending else [],
    )


def _ending(code: int) -> str:
    """wait(2)'s status in words."""
    signal = code & 0x7F
    if signal:
        return f"was killed by signal {signal}" + (f" ({_SIGNALS[signal]})" if signal in _SIGNALS else "")
    return f"exited by itself with status {code >> 8 & 0xFF}"
