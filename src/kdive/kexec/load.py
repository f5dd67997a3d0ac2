"""Loads and unloads: the calls, what to do when they fail, and what is kept for that."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from kdive.errors import KdiveError
from kdive.facts.missing import Missing
from kdive.kexec import explain, files, tool
from kdive.kexec.calls import NO_FD, Calls, FileFlag, SegmentsFlag
from kdive.kexec.klog import KernelLog
from kdive.kexec.machine import Machine, read_machine
from kdive.kexec.plan import NO_FLAGS, OPTIONAL, LoadError, LoadPlan, Method, Request, counted, flag_names, make_plan
from kdive.kexec.remember import Loaded, LoadedFile, forget, identity, recall, remember
from kdive.kexec.state import State, read_state
from kdive.units import UnixSeconds

_BUSY_PAUSES_S = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)  # CPU or memory hotplug holds the lock for as long as it takes


@dataclass(frozen=True)
class Host:
    """The machine that loads; tests have one of their own."""

    calls: Calls
    root: Path = Path("/")
    sleep: Callable[[float], None] = time.sleep
    tool_folders: str | None = None  # to look for kexec(8) in, instead of the usual ones


@dataclass(frozen=True)
class Answer:
    """What a load came to."""

    error: int
    flags: FileFlag  # that the kernel took
    said: str = ""  # by kexec(8), where it was that


def prepare(request: Request, host: Host) -> LoadPlan:
    """The plan for `request` on this machine. Raises KdiveError for what is bound to fail."""
    image = files.read_image(request.kernel)
    size = files.initrd_bytes(request.initrds)
    return make_plan(request, image, size, running_cmdline(host), read_machine(host.root), read_state(host.root))


def running_cmdline(host: Host) -> str:
    """The command line of the kernel that runs, "" where it is not told."""
    try:
        return (host.root / "proc/cmdline").read_text(errors="surrogateescape").strip()
    except OSError:
        return ""


def load(plan: LoadPlan, host: Host) -> LoadPlan:
    """Loads it; the plan as it was carried out, with notes on what had to be left out.

    Raises LoadError with the cause. Where the kernel has dropped its capture kernel meanwhile, the one before is loaded
    again first.
    """
    before, machine = read_state(host.root), read_machine(host.root)
    with KernelLog(host.root / "dev/kmsg") as log:
        answer = _attempt(plan, host, before)
        lines = log.lines()
    if answer.error or answer.said:
        raise _failed(plan, answer, before, machine, lines, host)
    left_out = flag_names(plan.flags & ~answer.flags)
    notes = (*plan.notes, f"this kernel does not know {', '.join(left_out)}") if left_out else plan.notes
    done = replace(plan, flags=answer.flags, notes=notes)
    with suppress(KdiveError):  # what is loaded is loaded
        remember(_loaded(done), host.root)
    return done


def unload(crash: bool, host: Host) -> None:
    """Drops what is loaded for a crash, or for a reboot. Raises LoadError with the cause."""
    before = read_state(host.root)
    with KernelLog(host.root / "dev/kmsg") as log:
        error = _patiently(lambda: _unload(crash, host.calls), host, before, crash)
        lines = log.lines()
    if error:
        raise explain.refused_unload(explain.Refusal(error, crash, before, read_machine(host.root), log=lines))
    forget(crash, host.root)


def _unload(crash: bool, calls: Calls) -> int:
    flags = FileFlag.UNLOAD | (FileFlag.ON_CRASH if crash else NO_FLAGS)
    error = calls.file_load(NO_FD, NO_FD, "", flags)
    if error == errno.ENOSYS:
        return calls.segments_unload(SegmentsFlag.ON_CRASH if crash else SegmentsFlag(0))
    return error


def _attempt(plan: LoadPlan, host: Host, before: State) -> Answer:
    with files.opened(plan) as (kernel, initrd):
        if plan.method != Method.SEGMENTS:
            answer = _by_file(plan, kernel, initrd, host, before)
            if answer.error != errno.ENOSYS or plan.method == Method.FILE:
                return answer
        return _by_tool(plan, kernel, initrd, host)


def _by_file(plan: LoadPlan, kernel: int, initrd: int, host: Host, before: State) -> Answer:
    """kexec_file_load, again without each flag that the kernel may not know."""
    fixed = (FileFlag.ON_CRASH if plan.crash else NO_FLAGS) | (FileFlag.NO_INITRAMFS if initrd == NO_FD else NO_FLAGS)
    optional = plan.flags
    while True:
        call = partial(host.calls.file_load, kernel, initrd, plan.cmdline, fixed | optional)
        error = _patiently(call, host, before, plan.crash)
        if error != errno.EINVAL or not optional:
            return Answer(error, optional)
        optional &= ~next(flag for flag in OPTIONAL if flag & optional)


def _by_tool(plan: LoadPlan, kernel: int, initrd: int, host: Host) -> Answer:
    program = tool.find(host.tool_folders)
    paths = [f"/proc/self/fd/{fd}" if fd != NO_FD else "" for fd in (kernel, initrd)]
    said = tool.run(tool.load_argv(program, plan, *paths), [fd for fd in (kernel, initrd) if fd != NO_FD])
    return Answer(0, plan.flags & FileFlag.DEBUG, said)


def _patiently(call: Callable[[], int], host: Host, before: State, crash: bool) -> int:
    """What `call` returns, once nobody else holds the lock; not again where each call is counted."""
    error = call()
    for pause_s in () if counted(before, crash) else _BUSY_PAUSES_S:
        if error != errno.EBUSY:
            break
        host.sleep(pause_s)
        error = call()
    return error


def _failed(
    plan: LoadPlan, answer: Answer, before: State, machine: Machine, lines: tuple[str, ...], host: Host
) -> LoadError:
    """The error to raise, after the capture kernel that was there is there again."""
    refusal = explain.Refusal(answer.error, plan.crash, before, machine, plan, files.initrd_bytes(plan.initrds), lines)
    error = explain.tool_failed(refusal, answer.said) if answer.said else explain.refused(refusal)
    lost = plan.crash and before.crash_loaded and read_state(host.root).crash_loaded is False
    if not lost:
        return error
    return LoadError(f"{error.message}. {_restore(host)}", hint=error.hint)


def _restore(host: Host) -> str:
    """Loads the capture kernel that the failed load has dropped; a sentence on what came of it."""
    previous = recall(True, host.root)
    if isinstance(previous, Missing):
        return f"The capture kernel that was loaded before is gone, and cannot be loaded again: {previous.reason}."
    try:
        plan = _again(previous, host)
        answer = _attempt(plan, host, read_state(host.root))
    except (KdiveError, ValueError) as error:
        return f"The capture kernel that was loaded before is gone: {error}."
    if answer.error or answer.said:
        return f"The capture kernel that was loaded before is gone: {answer.said or explain.name_of(answer.error)}."
    changed = previous.changed()
    return f"The capture kernel that was loaded before, {previous.kernel.path}, is loaded again" + (
        f", although {', '.join(changed)} has changed since." if changed else "."
    )


def _again(previous: Loaded, host: Host) -> LoadPlan:
    """The plan that loaded `previous`."""
    return LoadPlan(
        kernel=Path(previous.kernel.path),
        image=files.read_image(Path(previous.kernel.path)),
        initrds=tuple(Path(one.path) for one in previous.initrds),
        cmdline=previous.cmdline,
        crash=previous.crash,
        flags=NO_FLAGS,
        method=Method(previous.method),
    )


def _loaded(plan: LoadPlan) -> Loaded:
    return Loaded(
        kernel=_identity(plan.kernel),
        initrds=tuple(_identity(path) for path in plan.initrds),
        cmdline=plan.cmdline,
        crash=plan.crash,
        flags=int(plan.flags),
        method=plan.method.value,
        version=plan.image.version,
        at=UnixSeconds(int(time.time())),
    )


def _identity(path: Path) -> LoadedFile:
    found = identity(path)
    if found is None:
        raise KdiveError(f"{path}: it went away while it was loaded", hint="load it again")
    return found
