"""What the CPUs were doing, by their stacks in memory: for stalls whose cause runs on another CPU."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from kdive.diagnosis.classes import crash_class
from kdive.diagnosis.guilty import Guilty, guilty_frame
from kdive.diagnosis.tiers import tiers
from kdive.facts.missing import Missing
from kdive.facts.stacks import Frame, Registers, Stack, Stacks
from kdive.facts.verdict import LIKELY, Evidence, Finding

_INTERRUPTS_ON = 1 << 9  # RFLAGS.IF


@dataclass(frozen=True)
class Busy:
    """A CPU that ran kernel code of its own: it neither idled nor waited for others."""

    stack: Stack
    guilty: Guilty

    @property
    def where(self) -> str:
        frame = self.guilty.frame
        return f"{frame.function} [{frame.module}]" if frame.module else frame.function

    def evidence(self) -> Evidence:
        """Its frame, as the reports name one."""
        name = "crashed" if self.stack.crashed else str(self.stack.pid)
        return Evidence(f"stack:{name}#{self.guilty.index}", f"CPU {self.stack.cpu} runs {self.where}", "frame")

    def blamed(self, finding: Finding) -> Finding:
        """`finding` with this CPU's function as the guilty one."""
        frame = self.guilty.frame
        return replace(
            finding,
            title=crash_class(finding.class_).title_at(f"in {self.where}"),
            function=frame.function,
            module=frame.module or None,
            confidence=LIKELY,
            evidence=(*finding.evidence, self.evidence()),
            skipped=self.guilty.skipped,
        )


def waits(frames: Sequence[Frame], entries: Collection[str]) -> bool:
    """Whether the innermost function, below what caught the CPU, is one of these primitives: "T1.lock", "T1.smp"."""
    for frame in frames:
        if not frame.reliable or not frame.function:
            continue
        entry = "" if frame.module else tiers().entry(frame.function)
        if not entry.startswith("T0"):
            return entry in entries
    return False


def busy(stacks: Stacks | Missing, cpus: Collection[int] | None = None, but: int | None = None) -> list[Busy]:
    """The CPUs, among `cpus` or all but one, that ran kernel code of their own."""
    if isinstance(stacks, Missing):
        return []
    found = []
    for stack in stacks.stacks:
        wanted = stack.cpu != but if cpus is None else stack.cpu in cpus
        if not stack.on_cpu or stack.cpu is None or not wanted:
            continue
        start = _below_machinery(stack.frames)
        frames = stack.frames[start:]
        guilty = guilty_frame(frames)
        if guilty is None or guilty.weak or waits(frames, ("T1.lock", "T1.smp")):
            continue
        found.append(Busy(stack, Guilty(guilty.frame, guilty.index + start, guilty.skipped)))
    return found


def with_interrupts_off(cpus: Sequence[Busy], registers: Sequence[Registers] | Missing) -> list[Busy]:
    """Those that could not be interrupted, and were not in an interrupt either."""
    if isinstance(registers, Missing):
        return []
    flags = {
        one.cpu: one.registers.get("eflags", one.registers.get("rflags"))
        for one in registers
        if not isinstance(one.registers, Missing) and not one.by_position
    }
    off = []
    for one in cpus:
        value = None if one.stack.cpu is None else flags.get(one.stack.cpu)
        if value is not None and not value & _INTERRUPTS_ON and one.guilty.frame.context in ("", "task"):
            off.append(one)
    return off


def _below_machinery(frames: Sequence[Frame]) -> int:
    """Index of what the CPU was doing when it was interrupted to report, to panic, or to stop."""
    start = 0
    for index, frame in enumerate(frames):
        if frame.interrupted:
            start = index
        elif frame.module or not tiers().entry(frame.function).startswith(("T0", "T2.interrupt")):
            break
    return start
