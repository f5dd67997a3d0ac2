"""Whether bytes are an expanded AES key. Source: FIPS 197, 5.2."""

from __future__ import annotations

from functools import cache

_WORD = 4


def schedule_bytes(key_words: int) -> int:
    """Bytes of the schedule that a key of 4, 6 or 8 words expands to."""
    return _WORD * 4 * (key_words + 7)


def is_schedule(data: bytes, key_words: int) -> bool:
    """Whether `data` is the whole schedule of its own first words, in the byte order of either kind of machine."""
    if len(data) < schedule_bytes(key_words):
        return False
    key = data[: _WORD * key_words]
    if expand(key) == data[: schedule_bytes(key_words)]:
        return True
    swapped = _swapped(data[: schedule_bytes(key_words)])
    return expand(swapped[: _WORD * key_words]) == swapped


def expand(key: bytes) -> bytes:
    """The schedule of a key of 16, 24 or 32 bytes."""
    count = len(key) // _WORD
    words = [int.from_bytes(key[at : at + _WORD], "big") for at in range(0, len(key), _WORD)]
    constant = 1
    while len(words) < 4 * (count + 7):
        word = words[-1]
        if len(words) % count == 0:
            word = _substituted((word << 8 | word >> 24) & 0xFFFFFFFF) ^ constant << 24
            constant = _doubled(constant)
        elif count > 6 and len(words) % count == 4:
            word = _substituted(word)
        words.append(words[-count] ^ word)
    return b"".join(word.to_bytes(_WORD, "big") for word in words)


def _swapped(data: bytes) -> bytes:
    return b"".join(data[at : at + _WORD][::-1] for at in range(0, len(data), _WORD))


def _substituted(word: int) -> int:
    return int.from_bytes(word.to_bytes(_WORD, "big").translate(_s_box()), "big")


def _doubled(value: int) -> int:
    """Times x in GF(2^8)."""
    return value << 1 ^ (0x11B if value & 0x80 else 0)


@cache
def _s_box() -> bytes:
    """The inverse in GF(2^8) of each byte, and the affine map of FIPS 197, 5.1.1."""
    powers, value = [], 1
    for _ in range(255):
        powers.append(value)
        value ^= _doubled(value)  # times 3, which generates all
    table = bytearray(256)
    table[0] = 0x63
    for exponent, power in enumerate(powers):
        inverse = powers[-exponent % 255]
        turns = (inverse << shift | inverse >> 8 - shift for shift in range(5))
        result = 0x63
        for turn in turns:
            result ^= turn & 0xFF
        table[power] = result
    return bytes(table)
