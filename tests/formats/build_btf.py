"""BTF blobs, type by type: `blob = BtfBuilder(); blob.integer("int", 4); blob.ptr(1); blob.data()`."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from kdive.formats.btf import MAGIC, Header, Kind


class BtfBuilder:
    """Each method adds a type and gives its id. `base_types` and `base_strings` number on from another blob."""

    def __init__(self, base_types: int = 0, base_strings: int = 0) -> None:
        self._types = b""
        self._places: dict[str, int] = {}  # each string stands once, as in every BTF that was deduplicated
        self._strings = b"" if base_strings else b"\0"
        self._base_strings = base_strings
        self.next_id = base_types + 1

    def add(
        self, kind: int, name: str, third: int, words: Sequence[int] = (), vlen: int = 0, flag: bool = False
    ) -> int:
        info = flag << 31 | kind << 24 | vlen
        self._types += struct.pack(f"<{3 + len(words)}I", self.string(name), info, third, *words)
        self.next_id += 1
        return self.next_id - 1

    def string(self, text: str) -> int:
        if not text:
            return 0
        if text not in self._places:
            self._places[text] = self._base_strings + len(self._strings)
            self._strings += text.encode() + b"\0"
        return self._places[text]

    def integer(
        self, name: str, size: int, *, signed: bool = False, boolean: bool = False, bits: tuple[int, int] = (0, 0)
    ) -> int:
        offset, count = bits
        return self.add(Kind.INT, name, size, [signed << 24 | boolean << 26 | offset << 16 | (count or 8 * size)])

    def ptr(self, target: int) -> int:
        return self.add(Kind.PTR, "", target)

    def array(self, element: int, index: int, length: int) -> int:
        return self.add(Kind.ARRAY, "", 0, [element, index, length])

    def struct(
        self, name: str, size: int, members: Sequence[tuple[str, int, int]], *, flag: bool = False, union: bool = False
    ) -> int:
        """Members with name, type and bit offset; with `flag`, the size of a bit field stands above bit 24."""
        words = [word for member, type_id, offset in members for word in (self.string(member), type_id, offset)]
        return self.add(Kind.UNION if union else Kind.STRUCT, name, size, words, len(members), flag)

    def enum(self, name: str, values: Sequence[tuple[str, int]], *, signed: bool = False) -> int:
        words = [word for member, value in values for word in (self.string(member), value & 0xFFFFFFFF)]
        return self.add(Kind.ENUM, name, 4, words, len(values), signed)

    def enum64(self, name: str, values: Sequence[tuple[str, int]], *, signed: bool = False) -> int:
        words = []
        for member, value in values:
            words += [self.string(member), value & 0xFFFFFFFF, value >> 32 & 0xFFFFFFFF]
        return self.add(Kind.ENUM64, name, 8, words, len(values), signed)

    def typedef(self, name: str, target: int) -> int:
        return self.add(Kind.TYPEDEF, name, target)

    def func_proto(self, result: int, parameters: Sequence[tuple[str, int]]) -> int:
        words = [word for name, type_id in parameters for word in (self.string(name), type_id)]
        return self.add(Kind.FUNC_PROTO, "", result, words, len(parameters))

    def var(self, name: str, target: int) -> int:
        return self.add(Kind.VAR, name, target, [1])

    def data(self) -> bytes:
        header = Header(MAGIC, 1, 0, Header.size(), 0, len(self._types), len(self._types), len(self._strings))
        return header.pack("<") + self._types + self._strings
