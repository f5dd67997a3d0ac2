"""What frame records leave out on arm64: the caller of a function that made none, and where an exception came in.

A function that calls nothing makes no frame record: its caller is in the link register x30 alone. Where a CPU was
interrupted, the exception's entry code keeps all registers, and among them a record as if it had been called.
Source: Procedure Call Standard for the Arm 64-bit Architecture; arch/arm64/kernel/entry.S; Arm ARM, C6 (encodings).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Sequence
from typing import Protocol

import drgn

from kdive.symbols.failures import FAILURES
from kdive.symbols.functions import Functions
from kdive.symbols.registers import pt_regs

_INSTRUCTION = 4  # bytes
_FUNCTION_LIMIT = 1 << 16  # bytes of a function that are looked at
# Since v5.14 with the stack pointer in the name; before: el1_sync, el1_irq, el1_error.
_ENTRY = re.compile(r"el1(?:[ht]_64)?_(?:sync|irq|fiq|error)|__bad_stack")

# Instructions as (bits that tell, their value); what is left out are registers and immediates that do not matter.
_SET_FRAME = (0xFF8003FF, 0x910003FD)  # add x29, sp, #…; mov x29, sp is the one with 0
_RESTORE_FRAME = (0xFE407FFF, 0xA8407BFD)  # ldp x29, x30, [sp], with all forms of offset
_CALL = (0xFC000000, 0x94000000)  # bl
_CALL_REGISTER = (0xFEFFF000, 0xD63F0000)  # blr, blraa …
_JUMP = (0xFC000000, 0x14000000)  # b
_LEAVE = (0xFEBFF000, 0xD61F0000)  # ret, br, retaa, braa …
_KEEP_LINK = 0xAA1E03E9  # mov x9, x30: the call that follows is ftrace's, which puts x30 back


class KnownFrame(Protocol):
    """What is needed of a frame that was unwound."""

    @property
    def pc(self) -> int: ...
    @property
    def interrupted(self) -> bool: ...
    @property
    def frame(self) -> drgn.StackFrame: ...


class Arm64Links:
    def __init__(self, program: drgn.Program, functions: Functions, pac_mask: int) -> None:
        """`pac_mask` are the bits of a pointer that authenticate it (KERNELPACMASK), 0 where the CPU does not."""
        self._program = program
        self._functions = functions
        self._pac_mask = pac_mask

    def interrupted(self, frame: KnownFrame) -> drgn.Object | None:
        """The registers that the entry code of an exception saved, where `frame` is in such code."""
        function = None if frame.interrupted else self._functions.at(frame.pc, is_return_address=True)
        if function is None or function.module or not _ENTRY.fullmatch(function.name):
            return None
        try:
            type_ = self._program.type("struct pt_regs")
            # The frame record has been a part of it since v4.14.
            address = frame.frame.register("x29") - drgn.offsetof(type_, "stackframe")
            registers = drgn.Object(self._program, type_, address=address).read_()
            pc = int(registers.pc.value_())
        except FAILURES:
            return None
        return registers if self._functions.is_code(pc) or self._is_return(int(registers.regs[30].value_())) else None

    def caller(self, frame: KnownFrame) -> drgn.Object | None:
        """The registers of the caller of the function that was interrupted at `frame`, where only x30 tells it.

        The pc in them is one less than the return address, so that it lies in the call.
        """
        if not frame.interrupted:
            return None
        try:
            known = frame.frame.registers()
            link = known["x30"] | self._pac_mask
            if not self._has_no_record(frame.pc) or not self._is_return(link):
                return None
            values = {name: known[name] for name in ("x29", "sp", "pstate") if name in known}
            return pt_regs(self._program, {**values, "pc": link - 1})
        except FAILURES:
            return None

    def _has_no_record(self, pc: int) -> bool:
        """Whether the function at `pc` has not made its frame record yet, or has none any more."""
        if not self._functions.is_code(pc):
            return True  # a call into data, or through NULL
        function = self._functions.at(pc)
        if function is None or not 0 <= pc - function.start <= _FUNCTION_LIMIT:
            return False
        size = (pc - function.start) & -_INSTRUCTION
        code = self._program.read(function.start, size)
        return link_is_live(struct.unpack(f"<{size // _INSTRUCTION}I", code))

    def _is_return(self, address: int) -> bool:
        """Whether `address` follows a call."""
        if address % _INSTRUCTION or not self._functions.is_code(address - _INSTRUCTION):
            return False
        before: int = struct.unpack("<I", self._program.read(address - _INSTRUCTION, _INSTRUCTION))[0]
        return _is(before, _CALL, _CALL_REGISTER)


def link_is_live(instructions: Iterable[int]) -> bool:
    """Whether x30 holds the caller, and x29 still its record, after `instructions`, a function's from its start on.

    They are followed in a straight line. What stands behind a return belongs to the body again.
    """
    live = live_in_body = True
    for before, instruction in _pairs(list(instructions)):
        if _is(instruction, _SET_FRAME):
            live = live_in_body = False
        elif _is(instruction, _RESTORE_FRAME):
            live = True
        elif _is(instruction, _CALL, _CALL_REGISTER):
            live = live and before == _KEEP_LINK
        elif _is(instruction, _JUMP, _LEAVE):
            live = live_in_body
    return live


def _pairs(instructions: Sequence[int]) -> Iterable[tuple[int, int]]:
    """Each instruction with the one before it."""
    return zip([0, *instructions], instructions, strict=False)


def _is(instruction: int, *patterns: tuple[int, int]) -> bool:
    return any(instruction & mask == value for mask, value in patterns)
