"""Reports whose trace was only printed with the panic that they were turned into.

Until 5.9 a kernel with panic_on_warn panics after a warning's first line: the warning's registers and stack are in the
panic's trace, below the frames of the trap. With panic_on_taint a report on a slab object ends before its trace.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from kdive.facts.log import LogEvent
from kdive.facts.stacks import Frame

_TURNED_INTO = frozenset(("warning", "atomic-context"))
_DISTANCE = 100  # lines from the warning's first line to the panic
_OBJECT_DISTANCE = 600  # the bytes of an object and its red zones lie between


def with_traces_of_panics(events: Sequence[LogEvent]) -> tuple[LogEvent, ...]:
    """`events`, those without a trace of their own with that of the panic that followed."""
    completed = [
        _completed(event, panic) if _shows_nothing(event) and _is_end_of(event, panic) else event
        for event, panic in pairwise(events)
    ]
    return (*completed, *events[-1:])


def _shows_nothing(event: LogEvent) -> bool:
    return not event.frames and not event.registers and event.kind not in ("panic", "sysrq")


def _is_end_of(event: LogEvent, panic: LogEvent) -> bool:
    if panic.kind != "panic" or event.cpu not in (None, panic.cpu):
        return False
    if event.kind == "slab-corruption" and "panic_on_taint" in panic.details.get("reason", ""):
        return panic.line - event.line <= _OBJECT_DISTANCE
    return panic.details.get("implies") in _TURNED_INTO and panic.line - event.line <= _DISTANCE


def _completed(event: LogEvent, panic: LogEvent) -> LogEvent:
    ip, frames = _below_the_trap(event, panic.frames)
    return replace(
        event,
        ip=ip,
        frames=frames,
        cpu=panic.cpu if event.cpu is None else event.cpu,
        pid=panic.pid if event.pid is None else event.pid,
        comm=event.comm or panic.comm,
        taint=event.taint or panic.taint,
        registers=panic.registers,
        code=panic.code,
    )


def _below_the_trap(event: LogEvent, frames: Sequence[Frame]) -> tuple[Frame | None, tuple[Frame, ...]]:
    """The warning's own frame, and the rest of the stack after it."""
    named = event.ip.function if event.ip else ""
    at = next((n for n, frame in enumerate(frames) if frame.interrupted), None)
    if at is None:
        same = [n for n, frame in enumerate(frames) if frame.function == named]
        at = next((n for n in same if frames[n].reliable), same[-1] if same else None)
    if at is None:
        return event.ip, tuple(frames)
    return frames[at], tuple(frames[at + 1 :])
