"""ORC: the kernel's own unwind data of x86-64, as far as it tells which code has none.

Entries changed four times since v4.14; in all of them an entry that is all zeros says that the code is not to be
unwound, and one that names no stack pointer register but is not all zeros ends the stack.

Source: arch/x86/include/asm/orc_types.h; arch/x86/kernel/unwind_orc.c.
"""

from __future__ import annotations

from enum import Enum

from kdive.formats.record import S32, U16, Record

ENTRY_SIZE = 6
IP_SIZE = 4
_SP_REG = 0xF  # in `flags`: the register that the caller's stack pointer is counted from; 0 is none


class OrcIp(Record, source="arch/x86/kernel/unwind_orc.c, orc_ip()"):
    offset: S32  # of the code, from this very entry


class OrcEntry(Record, source="arch/x86/include/asm/orc_types.h, struct orc_entry"):
    sp_offset: U16  # signed
    bp_offset: U16  # signed
    flags: U16


class Unwindable(Enum):
    YES = "yes"
    UNDEFINED = "undefined"
    END = "end"


def unwindable(entry: OrcEntry) -> Unwindable:
    """What the entry says of code that it covers."""
    if entry.flags & _SP_REG:
        return Unwindable.YES
    return Unwindable.END if entry.flags or entry.sp_offset or entry.bp_offset else Unwindable.UNDEFINED
