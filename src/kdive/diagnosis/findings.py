"""What most rules need: the guilty frame of a report, and a finding made of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kdive.diagnosis.classes import CrashClass, crash_class
from kdive.diagnosis.guilty import Guilty, guilty_frame, is_machinery
from kdive.diagnosis.signature import family
from kdive.facts.crash import PanicChain
from kdive.facts.log import LogEvent
from kdive.facts.missing import Missing
from kdive.facts.stacks import Frame, Stack, Stacks
from kdive.facts.verdict import CERTAIN, GUESS, LIKELY, Evidence, Finding

_SUSPECTS_AMONG = 5  # innermost frames whose out-of-tree modules are named
_OUT_OF_TREE = "O"


@dataclass(frozen=True)
class Blame:
    """The guilty frame and where it was found: "log", "stack:crashed", "stack:PID"; `guilty` None where none was."""

    guilty: Guilty | None
    frames: Sequence[Frame]
    source: str

    @property
    def where(self) -> str:
        """ "in FUNCTION [MODULE]", or ""."""
        if self.guilty is None:
            return ""
        frame = self.guilty.frame
        return f"in {frame.function} [{frame.module}]" if frame.module else f"in {frame.function}"


def frames_of(event: LogEvent) -> tuple[Frame, ...]:
    """Where it happened, then its callers, as the log prints them.

    The first is sure even where the trace has a "?": a stall interrupts a function that has not called anybody. So is
    its caller where the CPU jumped to what is no code, whatever name that has: the kernel's unwinder does not trust
    anything behind that.
    """
    if event.ip is None:
        return event.frames
    if event.access != "fetch" and event.ip.function:
        return (replace(event.ip, reliable=True), *event.frames)
    nowhere = replace(event.ip, function="", module="")
    for index, frame in enumerate(event.frames):
        if (frame.function, frame.module) != (event.ip.function, event.ip.module) and not is_machinery(frame):
            return (nowhere, *event.frames[:index], replace(frame, reliable=True), *event.frames[index + 1 :])
    return (nowhere, *event.frames)


def stack_of(event: LogEvent, stacks: Stacks | Missing) -> Stack | None:
    """The stack in memory of the task that a report is about; None where it is not known."""
    if isinstance(stacks, Missing):
        return None
    if event.pid is None:
        return stacks.crashed
    return next((stack for stack in stacks.stacks if stack.pid == event.pid and (event.pid or stack.crashed)), None)


def blame(class_: CrashClass, event: LogEvent, stacks: Stacks | Missing) -> Blame:
    """The guilty frame by the log's trace, else by the crashed task's stack in memory."""
    frames: Sequence[Frame] = frames_of(event)
    guilty = guilty_frame(frames, class_.helpers)
    stack = stack_of(event, stacks)
    if (guilty is None or guilty.weak) and stack is not None:
        in_memory = _guilty_in_memory(class_, stack)
        if in_memory is not None and (guilty is None or not in_memory.weak):
            return Blame(in_memory, stack.frames, _source(stack))
    return Blame(guilty, frames, "log")


def _guilty_in_memory(class_: CrashClass, stack: Stack) -> Guilty | None:
    """The guilty frame of a stack in memory. What a stalled CPU was doing lies below the interrupt that found it."""
    start = 0
    if family(class_.id) == "stall":
        start = next((index for index, frame in enumerate(stack.frames) if frame.interrupted), 0)
    guilty = guilty_frame(stack.frames[start:], class_.helpers)
    return None if guilty is None else replace(guilty, index=guilty.index + start)


def finding(
    event: LogEvent,
    chain: PanicChain,
    stacks: Stacks | Missing,
    *,
    class_id: str = "",
    title: str = "",
    explanation: str = "",
    evidence: Sequence[Evidence] = (),
    next_steps: Sequence[str] = (),
    doubts: Sequence[str] = (),
) -> Finding:
    """A finding on `event`, in the words of its class where a rule has no better ones."""
    class_ = crash_class(class_id or event.kind)
    blamed = blame(class_, event, stacks) if class_.guilty == "frame" else Blame(None, (), "")
    guilty = blamed.guilty
    frame = guilty.frame if guilty else None
    return Finding(
        class_=class_.id,
        title=title or class_.title_at(blamed.where),
        confidence=_confidence(class_, event, blamed, stacks),
        evidence=(headline(event), *_place(event, blamed, stacks), *evidence, *_ending(event, chain)),
        function=frame.function if frame else None,
        module=frame.module or None if frame else None,
        explanation=" ".join(filter(None, (explanation or class_.meaning, _whose(event)))),
        next_steps=(*next_steps, *class_.steps, *_steps(event, blamed)),
        doubts=(*doubts, *_weakness(class_, blamed), *_suspects(event, blamed)),
        skipped=guilty.skipped if guilty else (),
        panic_reason=_panic_reason(event, chain),
    )


def headline(event: LogEvent) -> Evidence:
    """The line that began the report."""
    return Evidence(f"log:{event.line}", event.headline, "headline")


def _place(event: LogEvent, blamed: Blame, stacks: Stacks | Missing) -> list[Evidence]:
    """The guilty frame where the log has it, and where memory has it."""
    if blamed.guilty is None:
        return []
    frame, index = blamed.guilty.frame, blamed.guilty.index
    if blamed.source != "log":
        return [Evidence(f"{blamed.source}#{index}", _named(frame), "frame")]
    in_log = Evidence(f"log:{event.line}", _named(frame), "ip" if event.ip is not None and index == 0 else "frame")
    stack = stack_of(event, stacks)
    found = None if stack is None else _on_stack(stack, frame)
    if stack is None or found is None:
        return [in_log]
    return [in_log, Evidence(f"{_source(stack)}#{found}", _named(stack.frames[found]), "frame")]


def _on_stack(stack: Stack, frame: Frame) -> int | None:
    """Index of the function in a stack in memory; None where it is not on it."""
    return next((index for index, one in enumerate(stack.frames) if one.function == frame.function), None)


def _source(stack: Stack) -> str:
    return "stack:crashed" if stack.crashed else f"stack:{stack.pid}"


def _named(frame: Frame) -> str:
    name = f"{frame.function}+{frame.offset:#x}" if frame.offset is not None else frame.function
    return f"{name} [{frame.module}]" if frame.module else name


def _ending(event: LogEvent, chain: PanicChain) -> list[Evidence]:
    panic = chain.panic
    if panic is None or panic.line == event.line:
        return []
    return [Evidence(f"log:{panic.line}", panic.headline, "panic")]


def _panic_reason(event: LogEvent, chain: PanicChain) -> str:
    """What ended the machine, where that is not the report itself."""
    panic = chain.panic
    if panic is None or panic.line == event.line:
        return event.details.get("reason", "") if event.kind not in ("panic", "sysrq") else ""
    return "sysrq" if panic.kind == "sysrq" else panic.headline


def _confidence(class_: CrashClass, event: LogEvent, blamed: Blame, stacks: Stacks | Missing) -> str:
    if class_.guilty != "frame":
        return CERTAIN
    if blamed.guilty is None or blamed.guilty.weak:
        return GUESS
    direct = event.ip is not None and blamed.source == "log" and blamed.guilty.index == 0
    stack = stack_of(event, stacks)
    confirmed = stack is not None and _on_stack(stack, blamed.guilty.frame) is not None
    return CERTAIN if direct and confirmed else LIKELY


def _weakness(class_: CrashClass, blamed: Blame) -> list[str]:
    if class_.guilty != "frame":
        return []
    if blamed.guilty is None:
        return ["no function can be named: the report has no usable stack"]
    if blamed.guilty.weak:
        return [f"{blamed.guilty.frame.function} is only the best that is left of the stack"]
    return []


def _suspects(event: LogEvent, blamed: Blame) -> list[str]:
    """Modules near the top of the stack, where the kernel says that some come from outside of it."""
    if _OUT_OF_TREE not in event.taint and "P" not in event.taint:
        return []
    guilty_module = blamed.guilty.frame.module if blamed.guilty else ""
    names = {frame.module for frame in blamed.frames[:_SUSPECTS_AMONG] if frame.module} - {guilty_module}
    return [f"module {name} is near the top of the stack as well" for name in sorted(names)]


def _whose(event: LogEvent) -> str:
    if not event.comm:
        return ""
    pid = f" (PID {event.pid})" if event.pid is not None else ""
    cpu = f" on CPU {event.cpu}" if event.cpu is not None else ""
    return f"It happened while `{event.comm}`{pid} ran{cpu}."


def _steps(event: LogEvent, blamed: Blame) -> list[str]:
    if blamed.guilty is None:
        return []
    frame = blamed.guilty.frame
    if frame.module and (_OUT_OF_TREE in event.taint or "P" in event.taint):
        return [
            f"module {frame.module} may come from outside of the kernel (taint {event.taint.replace(' ', '')}): "
            f"`modinfo {frame.module}` says whose it is; report this to them, or run without it"
        ]
    return [f"look for `{frame.function}` in your distribution's bug tracker and in the changelog of newer kernels"]
