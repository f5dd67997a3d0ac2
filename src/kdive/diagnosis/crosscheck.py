"""Log and memory held against each other: where they disagree, the verdict is less sure, and says so."""

from __future__ import annotations

from collections.abc import Iterator

from kdive.facts.crash import Facts, PanicChain
from kdive.facts.log import LogEvent
from kdive.facts.missing import Missing
from kdive.facts.stacks import Stack

_OOPS_PANICS = ("Fatal ", "Aiee, ", "Attempted to kill")  # panics of the thread that oopsed


def doubts(facts: Facts) -> tuple[str, ...]:
    """What does not fit together, in words; empty where log and memory agree, or one of them is missing."""
    chain, stacks = facts.panic_chain, facts.stacks
    if isinstance(chain, Missing) or isinstance(stacks, Missing):
        return ()
    event, crashed = _last(chain), stacks.crashed
    if event is None or crashed is None:
        return ()
    return tuple(_differences(event, crashed))


def _last(chain: PanicChain) -> LogEvent | None:
    """The report of the thread that crashed the machine; None where the log does not say which one did.

    After an oops, panic() does not print whose it is. An oops that lets the machine hang is ended by another thread.
    """
    oops, panic = chain.last_oops, chain.panic
    if oops is None or panic is None or panic.line < oops.line:
        return oops or panic
    if panic.details.get("reason", "").startswith(_OOPS_PANICS):
        return oops
    return panic if panic.pid is not None else None


def _differences(event: LogEvent, crashed: Stack) -> Iterator[str]:
    if event.pid is not None and crashed.pid is not None and event.pid != crashed.pid:
        yield f"the log's last report is of PID {event.pid}, but PID {crashed.pid} crashed the machine"
    elif event.cpu is not None and crashed.cpu is not None and event.cpu != crashed.cpu:
        yield f"the log's last report is of CPU {event.cpu}, but CPU {crashed.cpu} crashed the machine"
    elif event.ip is not None and event.ip.function and crashed.frames:
        on_stack = {frame.function for frame in crashed.frames}
        if event.ip.function not in on_stack:
            yield f"{event.ip.function}, where the log says it happened, is not on the stack of the crashed task"
