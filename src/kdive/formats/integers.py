"""Tables of equal integers, read in one go."""

from __future__ import annotations

import sys
from array import array
from typing import Literal

from kdive.formats.record import ByteOrder

Code = Literal["H", "I", "i", "Q", "q"]

_HOST_ORDER: ByteOrder = "<" if sys.byteorder == "little" else ">"


def integers(code: Code, data: bytes | bytearray | memoryview, order: ByteOrder) -> array[int]:
    """The whole integers in `data`; `code` as in struct."""
    size = {"H": 2, "I": 4, "i": 4, "Q": 8, "q": 8}[code]
    found = array(code)
    found.frombytes(memoryview(data)[: len(data) - len(data) % size])
    if order != _HOST_ORDER:
        found.byteswap()
    return found
