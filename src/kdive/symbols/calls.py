"""Calls of x86-64, recognised from the bytes before the address they return to.

Source: Intel SDM volume 2, CALL (E8 rel32; FF /2) and the ModR/M and SIB tables.
"""

from __future__ import annotations

import struct

LONGEST = 8  # bytes: REX prefix, opcode, ModR/M, SIB, 4 of displacement
_DIRECT = 0xE8
_GROUP_5 = 0xFF
_CALL = 2  # the register field of ModR/M in group 5
_MASK = (1 << 64) - 1


def direct_target(before: bytes, return_address: int) -> int | None:
    """Where the call goes that ends with `before`; None where it does not end with a direct call."""
    if len(before) < 5 or before[-5] != _DIRECT:
        return None
    displacement: int = struct.unpack("<i", before[-4:])[0]
    return (return_address + displacement) & _MASK


def ends_with_indirect_call(before: bytes) -> bool:
    """Whether `before` ends with a call through a register or through memory."""
    return any(
        before[-length] == _GROUP_5 and _length(before[-length + 1 :]) == length
        for length in range(2, min(LONGEST, len(before) + 1))
    )


def _length(operands: bytes) -> int:
    """Bytes of the call whose ModR/M byte starts `operands`; 0 where that is no call."""
    mode, operation, base = operands[0] >> 6, operands[0] >> 3 & 7, operands[0] & 7
    if operation != _CALL:
        return 0
    if mode == 3:
        return 2
    has_sib = base == 4
    if has_sib and len(operands) > 1:
        base = operands[1] & 7
    if mode == 0:
        # Base 5 stands for a displacement without a register.
        return 2 + has_sib + (4 if base == 5 else 0)
    return 2 + has_sib + (1 if mode == 1 else 4)
