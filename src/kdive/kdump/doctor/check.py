"""What a check is: a function of a host, with what it looks at and why as its module's docstring.

    @check(Stage.MEMORY, needs=("kernel-config",))
    def look(host: Host) -> Outcome: ...

A check reads and never writes; it needs no root where the kernel asks for none, and says so where it does. A module
that has a function `mend(host) -> str` as well can remove what it found without harm: it says what it did.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from kdive.kdump.doctor.host import Host

Result = Literal["ok", "warn", "fail", "skip"]


class Stage(IntEnum):
    """Links of the chain, in the order in which a crash goes through them."""

    CALLER = 1
    KERNEL = 2
    MEMORY = 3
    IMAGE = 4
    TARGET = 5
    TRIGGER = 6
    PROOF = 7


@dataclass(frozen=True)
class Outcome:
    """What a check found."""

    result: Result
    reason: str
    evidence: tuple[str, ...] = ()  # where it was seen: "/proc/cmdline: …"
    fix: str = ""  # a command, or what to do; "" where there is nothing to do


@dataclass(frozen=True)
class Check:
    """A function that looks, its link of the chain, and the checks without which its answer means nothing."""

    look: Callable[[Host], Outcome]
    stage: Stage
    needs: tuple[str, ...]


def check(stage: Stage, needs: tuple[str, ...] = ()) -> Callable[[Callable[[Host], Outcome]], Check]:
    """Makes a function of a host a check."""

    def make(look: Callable[[Host], Outcome]) -> Check:
        return Check(look, stage, needs)

    return make


def ok(reason: str, *evidence: str) -> Outcome:
    """This link holds."""
    return Outcome("ok", reason, evidence)


def warn(reason: str, *evidence: str, fix: str) -> Outcome:
    """A crash may well be captured, but not for sure, or not all of it."""
    return Outcome("warn", reason, evidence, fix)


def fail(reason: str, *evidence: str, fix: str) -> Outcome:
    """A crash will not be captured."""
    return Outcome("fail", reason, evidence, fix)


def skip(reason: str, *evidence: str) -> Outcome:
    """It cannot be told, or does not matter here."""
    return Outcome("skip", reason, evidence)
