"""Everything that is known about one crash: what readers fill in and rules read."""

from __future__ import annotations

from dataclasses import dataclass

from kdive.facts.log import Log, LogEvent
from kdive.facts.machine import Banner, Container, Cpus, MemoryTotals, Modules, Tasks
from kdive.facts.missing import NOT_READ, Missing
from kdive.facts.stacks import Registers, Stacks
from kdive.facts.waits import Waits

FACTS_SCHEMA = "kdive-facts/1"


@dataclass(frozen=True)
class PanicChain:
    """The kernel's own reports in the last boot, in order, with the ones that matter kept apart."""

    events: tuple[LogEvent, ...]
    first_fault: LogEvent | None = None  # the first report that can explain the end; not a wrapper, not a prelude
    last_oops: LogEvent | None = None  # the last fault before the end
    panic: LogEvent | None = None  # "Kernel panic - not syncing: …", or the sysrq that crashed it
    preludes: tuple[LogEvent, ...] = ()  # reports before that which did not end the machine


@dataclass(frozen=True)
class Rung:
    """How much is known about the kernel, why not more, and what would lift it."""

    name: str  # "dwarf", "btf", "vmcoreinfo", "log"
    why: str = ""  # why no higher rung was reached
    lift: str = ""  # one line: what to install or pass
    notes: tuple[str, ...] = ()  # what was tried and given up on the way


@dataclass(frozen=True)
class Facts:
    """The narrow waist between readers and rules. Each value, or Missing with the reason."""

    container: Container
    rung: Rung
    banner: Banner
    log: Log | Missing
    panic_chain: PanicChain | Missing
    registers: tuple[Registers, ...] | Missing = NOT_READ
    stacks: Stacks | Missing = NOT_READ
    cpus: Cpus | Missing = NOT_READ
    tasks: Tasks | Missing = NOT_READ
    modules: Modules | Missing = NOT_READ
    memory: MemoryTotals | Missing = NOT_READ
    waits: Waits | Missing = NOT_READ
    schema: str = FACTS_SCHEMA
