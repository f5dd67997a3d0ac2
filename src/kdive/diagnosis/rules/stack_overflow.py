"""A kernel stack that was used up: by a function that calls itself, or by calls that went too deep."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from kdive.diagnosis.findings import finding, frames_of
from kdive.diagnosis.rule import rule
from kdive.facts.crash import PanicChain
from kdive.facts.log import LogEvent
from kdive.facts.missing import Missing
from kdive.facts.stacks import Frame, Stacks
from kdive.facts.verdict import LIKELY, Evidence, Finding

_RECURSION = 3  # times a function must be on the stack


@rule
def check(event: LogEvent, chain: PanicChain, stacks: Stacks | Missing) -> Finding:
    frames = [*frames_of(event)]
    if not isinstance(stacks, Missing) and stacks.crashed is not None and len(stacks.crashed.frames) > len(frames):
        frames = [*stacks.crashed.frames]
    repeated = _repeated(frames)
    if repeated is None:
        return finding(event, chain, stacks, explanation="A thread used up its kernel stack: the calls went too deep.")
    frame, count = repeated
    found = finding(
        event,
        chain,
        stacks,
        title=f"kernel stack overflow: {frame.function} calls itself",
        explanation=f"A thread used up its kernel stack: `{frame.function}` is on it at least {count} times.",
        evidence=[Evidence(f"log:{event.line}", f"{frame.function} is on the stack {count} times", "frame")],
    )
    return replace(found, function=frame.function, module=frame.module or None, confidence=LIKELY)


def _repeated(frames: list[Frame]) -> tuple[Frame, int] | None:
    """The function that is on the stack most often, the innermost of equals."""
    counts = Counter((frame.function, frame.module) for frame in frames if frame.function)
    if not counts:
        return None
    (function, module), count = counts.most_common(1)[0]
    return (Frame(function, module), count) if count >= _RECURSION else None
