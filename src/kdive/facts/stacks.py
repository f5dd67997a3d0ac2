"""Stack frames, stacks and the threads they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kdive.facts.missing import Missing
from kdive.units import Address


@dataclass(frozen=True)
class Frame:
    """One frame, from a stack in memory or from a trace in the log."""

    function: str  # "" when it has no name
    module: str = ""  # "" is the kernel itself
    pc: Address | None = None  # None in a log that prints no addresses
    offset: int | None = None  # bytes from the function's start
    size: int | None = None  # bytes, of the function
    how: str = "unwind"  # "unwind", "inline", "scan" (found by scanning the stack), "log"
    reliable: bool = True  # False: printed with "?" in the log
    context: str = ""  # "task", "irq", "softirq", "nmi", "exception"; "" when not known
    interrupted: bool = False  # the CPU was interrupted here: pc is the instruction, not a return address
    source: str = ""  # file:line, where debuginfo gives it


@dataclass(frozen=True)
class Stack:
    """The stack of one thread, innermost frame first."""

    frames: tuple[Frame, ...]
    pid: int | None = None
    comm: str = ""
    task: Address | None = None
    cpu: int | None = None  # the CPU it ran on, or last ran on
    on_cpu: bool = False
    crashed: bool = False  # the thread that crashed the machine
    state: str = ""  # as crash prints it: "RU", "UN", "IN" …
    registers: Mapping[str, int] = field(default_factory=dict)  # at the innermost frame
    notes: tuple[str, ...] = ()  # why it may be incomplete


@dataclass(frozen=True)
class Stacks:
    """A stack for every CPU and every blocked task, as far as they could be read."""

    stacks: tuple[Stack, ...]
    skipped: int = 0  # blocked tasks beyond the bound

    @property
    def crashed(self) -> Stack | None:
        return next((stack for stack in self.stacks if stack.crashed), None)


@dataclass(frozen=True)
class Registers:
    """The registers of one CPU when the machine crashed (NT_PRSTATUS)."""

    cpu: int
    registers: Mapping[str, int] | Missing
    pid: int | None = None
    by_position: bool = False  # `cpu` is the note's position: CPUs that left no note are not counted
