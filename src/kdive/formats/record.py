"""Binary structures, declared field by field and read in one call.

    class ElfNote(Record, source="elf(5), Elf64_Nhdr"):
        n_namesz: U32  # bytes, without padding
        n_descsz: U32
        n_type: U32

    note = ElfNote.read(data, offset, "<")

Fields lie one after the other without padding; a hole is a field of its own.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, Self, dataclass_transform, get_type_hints

from kdive.errors import DumpDamagedError

ByteOrder = Literal["<", ">"]

U8 = Annotated[int, "B"]
U16 = Annotated[int, "H"]
U32 = Annotated[int, "I"]
U64 = Annotated[int, "Q"]
S32 = Annotated[int, "i"]
S64 = Annotated[int, "q"]


@dataclass_transform(frozen_default=True)
class Record:
    """Base of all declared structures. `source` says where the layout is written down."""

    source: ClassVar[str]
    _layouts: ClassVar[dict[ByteOrder, struct.Struct]]

    def __init_subclass__(cls, *, source: str) -> None:
        cls.source = source
        cls._layouts = {}
        dataclass(frozen=True)(cls)

    @classmethod
    def read(cls, data: bytes | memoryview, offset: int, order: ByteOrder) -> Self:
        """The record at `offset`. Raises DumpDamagedError when `data` ends before it does."""
        layout = cls._layout(order)
        if offset < 0 or offset + layout.size > len(data):
            raise DumpDamagedError(f"{cls.__name__} at offset {offset:#x} reaches past the end of its data")
        return cls(*layout.unpack_from(data, offset))

    def pack(self, order: ByteOrder) -> bytes:
        """The bytes that `read` reads back as this record."""
        return self._layout(order).pack(*vars(self).values())

    @classmethod
    def size(cls) -> int:
        """Bytes the record takes in a file."""
        return cls._layout("<").size

    @classmethod
    def _layout(cls, order: ByteOrder) -> struct.Struct:
        layout = cls._layouts.get(order)
        if layout is None:
            hints = get_type_hints(cls, include_extras=True)
            codes = [_code(hint) for hint in hints.values() if hasattr(hint, "__metadata__")]
            layout = cls._layouts[order] = struct.Struct(order + "".join(codes))
        return layout


def _code(hint: Any) -> str:
    code: str = hint.__metadata__[0]
    return code
