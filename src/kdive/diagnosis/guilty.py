"""The guilty frame of a stack: the innermost one that is neither machinery nor a primitive."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from kdive.diagnosis.tiers import base_name, tiers
from kdive.facts.stacks import Frame
from kdive.facts.verdict import SkippedFrame

_IN_MODULES = "T0.assert"  # the one entry whose functions modules define too
_NEVER = frozenset(("T1.wait", "T1.thunk"))  # primitives that are not even the best of a bad stack


@dataclass(frozen=True)
class Guilty:
    """A frame with its place in the stack, and those that were passed over before it."""

    frame: Frame
    index: int
    skipped: tuple[SkippedFrame, ...]
    weak: bool = False  # nothing better was left: a primitive, a guess of the unwinder, or a dispatch point


def guilty_frame(frames: Sequence[Frame], helpers: Collection[str] = ()) -> Guilty | None:
    """The frame to blame, innermost first; `helpers` are further functions that only report on their caller.

    None when there is no frame with a name that could be guilty.
    """
    sure = [(index, frame) for index, frame in enumerate(frames) if frame.reliable and frame.function]
    return _search(sure, helpers) or _search(
        [(index, frame) for index, frame in enumerate(frames) if frame.function], helpers, guess=True
    )


def entry_frame(frames: Sequence[Frame]) -> Guilty | None:
    """The outermost function before a dispatch point: where a CPU that stalls entered what it does not leave.

    Where exactly it was caught is chance, so this, and not the guilty frame, tells one stall from another. A system
    call's own functions count only where nothing is inside of them: too many stalls come through the same.
    """
    last: Guilty | None = None
    door: Guilty | None = None
    for index, frame in enumerate(frames):
        if not frame.reliable or not frame.function:
            continue
        entry = _entry(frame, ())
        if entry.startswith("T2") and (last or door):
            break
        if entry.startswith("T3"):
            door = Guilty(frame, index, ())
        elif not entry.startswith(("T0", "T2")) and entry not in _NEVER:
            last = Guilty(frame, index, ())
    return last or door


def is_machinery(frame: Frame) -> bool:
    """Whether the frame belongs to how the kernel reports, and not to what it reports on."""
    return _entry(frame, ()).startswith("T0")


def _entry(frame: Frame, helpers: Collection[str]) -> str:
    """What passes over `frame`; "" where nothing does. The tiers mean the kernel's own functions, not a module's."""
    if base_name(frame.function) in helpers:
        return "class.helper"
    entry = tiers().entry(frame.function)
    return "" if frame.module and entry != _IN_MODULES else entry


def _search(frames: Sequence[tuple[int, Frame]], helpers: Collection[str], guess: bool = False) -> Guilty | None:
    skipped: list[SkippedFrame] = []
    primitive: Guilty | None = None
    for index, frame in frames:
        entry = _entry(frame, helpers)
        if not entry or entry.startswith("T3"):
            return Guilty(frame, index, tuple(skipped), weak=guess)
        if entry.startswith("T2"):
            if not skipped and primitive is None:
                primitive = Guilty(frame, index, (), weak=True)
            break
        if entry.startswith("T1") and entry not in _NEVER and primitive is None:
            primitive = Guilty(frame, index, tuple(skipped), weak=True)
        skipped.append(SkippedFrame(frame.function, frame.module, entry))
    return primitive
