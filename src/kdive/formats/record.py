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
from typing import Annotated, Any, ClassVar, Literal, Self, dataclass_transform, get_type_hints

from kdive.errors import DumpDamagedError

ByteOrder = Literal["<", ">"]

U8 = Annotated[int, "B"]
U16 = Annotated[int, "H"]
U32 = Annotated[int, "I"]
U64 = Annotated[int, "Q"]
S32 = Annotated[int, "i"]
S64 = Annotated[int, "q"]
Bytes8 = Annotated[bytes, "8s"]
Bytes16 = Annotated[bytes, "16s"]
Bytes65 = Annotated[bytes, "65s"]
Hole2 = Annotated[bytes, "2s"]
Hole4 = Annotated[bytes, "4s"]


@dataclass_transform(frozen_default=True)
class Record:
    """Base of all declared structures. `source` says where the layout is written down.

    Records behave as frozen dataclasses, but are not made by `dataclass`: it compiles code for each class, which
    takes longer than reading a dump's headers.
    """

    source: ClassVar[str]
    _names: ClassVar[tuple[str, ...]]
    _layouts: ClassVar[dict[ByteOrder, struct.Struct]]

    def __init_subclass__(cls, *, source: str) -> None:
        cls.source = source
        cls._layouts = {}
        cls._names = tuple(name for name in cls.__annotations__ if not hasattr(cls, name))
        if len(cls._names) != len(cls.__annotations__):
            raise TypeError(f"{cls.__name__} has a field named like something that every Record has")

    def __init__(self, *values: Any, **named: Any) -> None:
        fields = dict(zip(self._names, values, strict=False), **named)
        if len(values) + len(named) != len(self._names) or fields.keys() != set(self._names):
            raise TypeError(f"{type(self).__name__} takes the fields {', '.join(self._names)}")
        vars(self).update((name, fields[name]) for name in self._names)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __eq__(self, other: object) -> bool:
        return vars(self) == vars(other) if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash((type(self), *vars(self).values()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"

    @classmethod
    def read(cls, data: bytes | memoryview, offset: int, order: ByteOrder) -> Self:
        """The record at `offset`. Raises DumpDamagedError when `data` ends before it does."""
        layout = cls._layout(order)
        if offset < 0 or offset + layout.size > len(data):
            raise DumpDamagedError(f"{cls.__name__} at offset {offset:#x} reaches past the end of its data")
        record = object.__new__(cls)
        vars(record).update(zip(cls._names, layout.unpack_from(data, offset), strict=True))
        return record

    @classmethod
    def rows(cls, data: bytes | memoryview, order: ByteOrder) -> list[tuple[Any, ...]]:
        """All whole records of a table as plain tuples in field order: for tables too long for objects."""
        layout = cls._layout(order)
        return list(layout.iter_unpack(memoryview(data)[: len(data) - len(data) % layout.size]))

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
