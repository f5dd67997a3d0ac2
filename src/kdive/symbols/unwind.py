"""Stacks: drgn's unwinder, and a search of the stack where the kernel left no unwind data.

The registers of the CPU that panicked are taken in `__crash_kexec`, which has no ORC entry. drgn then follows the frame
pointer and jumps over the caller, which is on the stack right above. So from a frame without unwind data the stack is
searched for the first return address that follows a call to this very function, and unwinding goes on from there.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import drgn

from kdive.errors import ReadError
from kdive.formats.orc import Unwindable
from kdive.symbols.arm64_links import Arm64Links
from kdive.symbols.calls import LONGEST, direct_target, ends_with_indirect_call
from kdive.symbols.failures import FAILURES
from kdive.symbols.functions import Functions
from kdive.symbols.modules import LoadedModule
from kdive.symbols.orc_tables import OrcTables
from kdive.symbols.registers import pt_regs

FRAMES_LIMIT = 512
_SEARCHES_LIMIT = 16  # of one stack
_SEARCHED_BYTES = 8192  # half of a task's stack
_DATA_CALL_BYTES = 512  # code that is none has not pushed much
# x86: the privilege level in the code segment selector is 3. arm64: the exception level in the saved state is 0.
_USER_MARKS = (("cs", 3, 3), ("pstate", 15, 0))
_KERNEL_CS, _KERNEL_SS = 0x10, 0x18
_CALLEE_SAVED = ("rbx", "rbp", "r12", "r13", "r14", "r15")  # psABI of x86-64


@dataclass(frozen=True)
class RawFrame:
    """One frame. `pc` is a return address unless the CPU was interrupted there."""

    pc: int
    sp: int | None
    how: str  # "unwind", "inline" (into the next frame that is not), "scan"
    interrupted: bool
    user: bool  # code of the process, not of the kernel
    frame: drgn.StackFrame  # for source(), locals() and registers()
    reliable: bool = True


class Unwinder:
    """Stacks of one crashed kernel."""

    def __init__(
        self,
        program: drgn.Program,
        functions: Functions,
        orc: OrcTables,
        load_debuginfo: Callable[[LoadedModule], bool] | None = None,
        links: Arm64Links | None = None,
    ) -> None:
        """`links` tells what frame records do not, on arm64."""
        self._program = program
        self._functions = functions
        self._orc = orc
        self._load_debuginfo = load_debuginfo
        self._links = links
        self._asked_for: set[str] = set()

    def stack(self, thread: drgn.Thread | drgn.Object | int) -> list[RawFrame]:
        """Frames of a thread, a `struct task_struct *`, a `struct pt_regs` or a thread id, innermost first.

        Raises ReadError when not even the first one can be had.
        """
        try:
            trace = self._trace(thread)
            while self._load_modules(trace):
                trace = self._trace(thread)
        except FAILURES as error:
            raise ReadError(f"no stack: {error}") from None
        return self._followed_by_links(trace) if self._links else self._searched(trace)

    def _searched(self, trace: drgn.StackTrace) -> list[RawFrame]:
        """The frames of `trace`, and those behind a frame that has no unwind data, found on the stack."""
        frames: list[RawFrame] = []
        scanned = False
        for _ in range(_SEARCHES_LIMIT):
            found = _frames(trace, "scan" if scanned else "")
            sure, complete = self._until_lost(found)
            frames += sure
            if complete or not frames or len(frames) >= FRAMES_LIMIT:
                break
            from_caller = self._trace_from_caller(frames[-1])
            if from_caller is None:
                frames += [replace(frame, reliable=False) for frame in found[len(sure) :]]
                break
            trace, scanned = from_caller, True
        return frames[:FRAMES_LIMIT]

    def _followed_by_links(self, trace: drgn.StackTrace) -> list[RawFrame]:
        """The frames of `trace`, with those that only the link register tells."""
        frames: list[RawFrame] = []
        called = ""
        for _ in range(_SEARCHES_LIMIT):
            found = _frames(trace, called)
            number, registers, called = self._first_link(found)
            frames += found[:number]
            if registers is None or len(frames) >= FRAMES_LIMIT:
                break
            try:
                trace = self._program.stack_trace(registers)
            except FAILURES:
                frames += found[number:]
                break
        return frames[:FRAMES_LIMIT]

    def _first_link(self, frames: Sequence[RawFrame]) -> tuple[int, drgn.Object | None, str]:
        """How many frames hold, the registers to go on from, and how the first frame of those was found ("": the CPU
        was interrupted there)."""
        for index, frame in enumerate(frames):
            if self._links is None or frame.user or frame.how == "inline":
                continue
            later = next((one for one in frames[index + 1 :] if one.how != "inline"), None)
            registers = self._links.caller(frame)
            # Debuginfo tells the caller too, where there is any.
            if registers is not None and (later is None or later.pc != registers.pc.value_() + 1):
                return index + 1, registers, "unwind"
            if (later is None or not later.interrupted) and (registers := self._links.interrupted(frame)) is not None:
                return index + 1, registers, ""
        return len(frames), None, ""

    def stack_from(self, registers: Mapping[str, int]) -> list[RawFrame]:
        """Frames from the registers that a CPU saved, named as in NT_PRSTATUS: for CPUs of which drgn finds none.

        Raises ReadError as `stack` does.
        """
        return self.stack(pt_regs(self._program, registers))

    def _trace(self, thread: drgn.Thread | drgn.Object | int) -> drgn.StackTrace:
        return thread.stack_trace() if isinstance(thread, drgn.Thread) else self._program.stack_trace(thread)

    def _load_modules(self, trace: drgn.StackTrace) -> bool:
        """Loads debuginfo of the modules in `trace` that was not asked for before; whether there was any."""
        loaded = False
        if self._load_debuginfo is not None:
            for frame in _frames(trace, ""):
                module = self._functions.module_at(_place(frame))
                if module is not None and module.name not in self._asked_for:
                    self._asked_for.add(module.name)
                    loaded |= self._load_debuginfo(module)
        return loaded

    def _until_lost(self, frames: Sequence[RawFrame]) -> tuple[list[RawFrame], bool]:
        """The frames up to the first one whose caller drgn can only guess; and whether there is none."""
        for index, frame in enumerate(frames):
            if frame.user or frame.how == "inline":
                continue
            is_last = index == len(frames) - 1
            if not self._functions.is_code(frame.pc - (not frame.interrupted)):
                if is_last:
                    return list(frames), False
                continue
            state = None if self._has_debuginfo(frame.pc) else self._orc.unwindable(_place(frame))
            if state == Unwindable.UNDEFINED or (is_last and state == Unwindable.YES):
                return list(frames[: index + 1]), False
        return list(frames), True

    def _has_debuginfo(self, pc: int) -> bool:
        """drgn prefers DWARF's unwind data, which has no such gap."""
        try:
            return bool(self._program.module(pc).debug_file_status == drgn.ModuleFileStatus.HAVE)
        except LookupError:
            return False

    def _trace_from_caller(self, frame: RawFrame) -> drgn.StackTrace | None:
        """What drgn finds from the caller of `frame` on, where that is found on the stack."""
        try:
            registers = self._caller(frame)
            return None if registers is None else self._program.stack_trace(registers)
        except FAILURES:
            return None

    def _caller(self, frame: RawFrame) -> drgn.Object | None:
        """The registers of the function that called the one of `frame`, found on the stack."""
        if frame.sp is None or self._program.platform is None:
            return None
        if self._program.platform.arch != drgn.Architecture.X86_64:
            return None
        function = self._functions.at(frame.pc, not frame.interrupted)
        limit = _SEARCHED_BYTES if function else _DATA_CALL_BYTES
        starts = self._starts(function.start, function.name) if function else set()
        for place, word in self._words(frame.sp, limit):
            if not self._functions.is_code(word - 1):
                continue
            try:
                before = self._program.read(word - LONGEST, LONGEST)
            except drgn.FaultError:
                continue
            if self._calls(before, word, starts):
                return self._registers(frame, word, place + 8)
        return None

    def _starts(self, start: int, name: str) -> set[int]:
        """Where a call to the function may go; parts split off from it have no caller of their own."""
        starts = {start}
        whole, dot, _ = name.partition(".cold")
        if dot:
            with suppress(LookupError):
                starts.add(self._program.symbol(whole).address)
        return starts

    def _calls(self, before: bytes, return_address: int, starts: set[int]) -> bool:
        target = direct_target(before, return_address)
        if starts:
            return target in starts
        if ends_with_indirect_call(before):
            return True
        function = None if target is None else self._functions.at(target)
        return function is not None and function.name.startswith(("__x86_indirect_", "__x86_retpoline_", "__SCT__"))

    def _words(self, start: int, size: int) -> list[tuple[int, int]]:
        """Addresses and values of the words from `start` on, up to the first page that cannot be read."""
        start = (start + 7) & ~7
        data = b""
        while len(data) < size:
            address = start + len(data)
            try:
                data += self._program.read(address, min(size - len(data), 4096 - address % 4096))
            except (drgn.FaultError, OverflowError):
                break
        values = struct.unpack_from(f"<{len(data) // 8}Q", data)
        return [(start + 8 * number, value) for number, value in enumerate(values)]

    def _registers(self, frame: RawFrame, return_address: int, sp: int) -> drgn.Object:
        known = frame.frame.registers()
        # drgn takes the ip of pt_regs for an interrupted instruction. That of the call lies before the return
        # address; after a call that never returns, the latter belongs to another function.
        values = {name: known[name] for name in _CALLEE_SAVED if name in known}
        values |= {"rip": return_address - 1, "rsp": sp, "cs": _KERNEL_CS, "ss": _KERNEL_SS}
        return pt_regs(self._program, values)


def _place(frame: RawFrame) -> int:
    return frame.pc if frame.interrupted else frame.pc - 1


def _frames(trace: drgn.StackTrace, called: str) -> list[RawFrame]:
    """What drgn found; `called` says how the first function of a trace from registers of our own was found, which lie
    in its call: pc is one less than the return address."""
    found = []
    for frame in trace:
        try:
            pc = frame.pc
        except LookupError:
            continue
        how = "inline" if frame.is_inline else called or "unwind"
        interrupted = frame.interrupted
        if called:
            pc, interrupted = pc + 1, False
            called = called if frame.is_inline else ""
        found.append(RawFrame(pc, _sp(frame), how, interrupted, _is_user(frame), frame))
        if len(found) >= FRAMES_LIMIT:
            break
    return found


def _sp(frame: drgn.StackFrame) -> int | None:
    """The stack pointer; on arm64 where only frame records lead, the address of the function's own."""
    for register in ("sp", "x29"):
        with suppress(LookupError, ValueError):
            return int(frame.sp if register == "sp" else frame.register(register))
    return None


def _is_user(frame: drgn.StackFrame) -> bool:
    for register, mask, user in _USER_MARKS:
        with suppress(LookupError, ValueError):
            return int(frame.register(register)) & mask == user
    return False
