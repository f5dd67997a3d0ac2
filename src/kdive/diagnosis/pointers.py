"""What a bad pointer's value says of how it became bad."""

from __future__ import annotations

from dataclasses import dataclass

_ALL_ONES = (1 << 64) - 1
_MAX_ERRNO = 4095  # include/linux/err.h
_NEAR = 4096  # bytes: a member's offset on top of a pointer

# include/linux/poison.h; the list poison with and without POISON_POINTER_DELTA
_LIST_POISON = {
    0xDEAD000000000100: "LIST_POISON1, the link of an entry that was taken off its list",
    0xDEAD000000000122: "LIST_POISON2, the back link of an entry that was taken off its list",
    0xDEAD000000000200: "LIST_POISON2, the back link of an entry that was taken off its list",
    0x00100100: "LIST_POISON1, the link of an entry that was taken off its list",
    0x00200200: "LIST_POISON2, the back link of an entry that was taken off its list",
}
_FILL_BYTES = {
    0x6B: "freed memory (slab poison 0x6b)",
    0x5A: "memory that was never initialised (slab poison 0x5a)",
    0xA5: "the end mark of slab poison (0xa5)",
    0xCC: "memory of init code that was freed, or a slab red zone (0xcc)",
    0xBB: "a slab red zone (0xbb)",
    0xAA: "a page that was freed (page poison 0xaa)",
}


@dataclass(frozen=True)
class Pointer:
    """A bad pointer's kind: "null-offset", "error", "list-poison", "poison", "text", "bit-flip", "user", "" and why."""

    kind: str
    words: str


@dataclass(frozen=True)
class Halves:
    """Where addresses of user space end, and where the kernel's start; what lies between are no addresses."""

    user_end: int
    kernel_start: int


X86_64 = Halves(1 << 47, 0xFFFF_8000_0000_0000)  # with 4 levels of page tables
ARM64 = Halves(1 << 48, 0xFFF0_0000_0000_0000)  # kernels may use 52 bits, whatever processes use


def explain(value: int, halves: Halves = X86_64) -> Pointer:
    """What `value` looks like; kind "" where it looks like nothing in particular."""
    if value < _NEAR:
        return Pointer("null-offset", f"NULL plus {value:#x}: a member of a structure at NULL" if value else "NULL")
    listed = _list_poison(value)
    if listed:
        return Pointer("list-poison", listed)
    if value > _ALL_ONES - _MAX_ERRNO:
        return Pointer("error", f"the error number {value - _ALL_ONES - 1} used as a pointer")
    filled = _filled(value)
    if filled:
        return Pointer("poison", filled)
    text = _text(value)
    if text:
        return Pointer("text", f'the text "{text}": the pointer was overwritten by a string')
    if halves.user_end <= value < halves.kernel_start:
        return _not_canonical(value, halves)
    if value < halves.user_end:
        return Pointer("user", "an address of user space")
    return Pointer("", "")


def _list_poison(value: int) -> str:
    """The poison that `value` lies closest behind; an offset that is no multiple of 4 is hardly a member's."""
    offsets = [(value - poison, words) for poison, words in _LIST_POISON.items() if 0 <= value - poison < _NEAR]
    if not offsets:
        return ""
    offset, words = min(offsets, key=lambda pair: (pair[0] % 4 != 0, pair[0]))
    return words + (f", plus {offset:#x}" if offset else "")


def _filled(value: int) -> str:
    """Six bytes or more of one poison; an offset changes the lowest ones."""
    high = value.to_bytes(8, "big")[:6]
    return _FILL_BYTES.get(high[0], "") if len(set(high)) == 1 else ""


def _text(value: int) -> str:
    """The eight bytes as text, in memory order of a little-endian machine, when all are printable."""
    data = value.to_bytes(8, "little").rstrip(b"\0")
    return data.decode("ascii") if len(data) >= 6 and all(32 <= byte < 127 for byte in data) else ""


def _not_canonical(value: int, halves: Halves) -> Pointer:
    flipped = next((bit for bit in range(47, 64) if value ^ (1 << bit) >= halves.kernel_start), None)
    if flipped is not None:
        words = f"a kernel address with bit {flipped} wrong: one flipped bit, as failing memory or a CPU makes it"
        return Pointer("bit-flip", words)
    return Pointer("", "no address at all (not canonical)")
