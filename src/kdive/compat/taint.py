"""Taint flags as letters."""

from __future__ import annotations

# kernel/panic.c, taint_flags[]; the letter at the bit's place. Bit 0 shows "G" when it is not set.
_LETTERS = "PFSRMBUDAWCIOELKXTNJ"


def letters(mask: int) -> str:
    """The letters of the flags in `mask`, "OE" for an out-of-tree module without signature; "" for none."""
    return "".join(letter for bit, letter in enumerate(_LETTERS) if mask >> bit & 1)


def kernel_letters(mask: int) -> str:
    """As after "Tainted:" in an oops, without the blanks: "GOE"; "" for a kernel that is not tainted."""
    if not mask:
        return ""
    return letters(mask) if mask & 1 else "G" + letters(mask)
