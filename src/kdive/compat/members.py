"""Structures whose layout only the dump knows: some members, read in one call."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from operator import itemgetter
from typing import Any

from kdive.errors import DumpDamagedError
from kdive.formats.record import ByteOrder

_SIZE_LIMIT = 4096  # bytes; a structure that is read here has about a hundred


class Members:
    """Members of a structure by their offset and their code of `struct`: {"seq": (0, "Q"), …}.

    Raises DumpDamagedError when they overlap or do not fit into its `size`: what tells the layout is damaged.
    """

    def __init__(self, name: str, size: int, members: Mapping[str, tuple[int, str]], order: ByteOrder) -> None:
        if not 0 < size <= _SIZE_LIMIT:
            raise DumpDamagedError(f"struct {name} cannot have {size} bytes: VMCOREINFO is damaged")
        position, format_ = 0, str(order)
        by_offset = sorted(members, key=lambda member: members[member][0])
        for member in by_offset:
            offset, code = members[member]
            if offset < position:
                raise DumpDamagedError(f"{name}.{member} overlaps another member: VMCOREINFO is damaged")
            format_ += f"{offset - position}x{code}" if offset > position else code
            position = offset + struct.calcsize(order + code)
        if position > size:
            raise DumpDamagedError(f"{name}.{by_offset[-1]} is not inside of {size} bytes: VMCOREINFO is damaged")
        self.size = size
        self._layout = struct.Struct(f"{format_}{size - position}x")
        places = [by_offset.index(member) for member in members]
        self._reorder = itemgetter(*places) if places != sorted(places) else None

    def read(self, data: bytes | bytearray | memoryview, offset: int = 0) -> tuple[Any, ...]:
        """The values at `offset`, in the order in which the members were given."""
        values = self._layout.unpack_from(data, offset)
        return self._reorder(values) if self._reorder else values
