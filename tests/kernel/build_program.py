"""A drgn program over structures that are described: kernels of which there is no dump."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import drgn

from kdive.dumpfile.open import open_dump
from kdive.facts.crash import Rung
from kdive.kernel.context import Kernel
from kdive.memory.open import open_memory
from kdive.symbols.find import Symbols
from tests.build_dump import PAGE_SIZE, build_kdump

_PLATFORM = drgn.Platform(drgn.Architecture.X86_64, drgn.PlatformFlags.IS_64_BIT | drgn.PlatformFlags.IS_LITTLE_ENDIAN)
_FIRST = 0xFFFF888000010000
_MEMORY_BYTES = 1 << 20

Members = Sequence[tuple[str, drgn.Type]]


class BuiltKernel:
    """Structures, variables and memory of a kernel; `program` reads them, and nothing beside them."""

    def __init__(self) -> None:
        self.program = drgn.Program(_PLATFORM)
        self._types: dict[str, drgn.Type] = {}
        self._variables: dict[str, drgn.Object] = {}
        self._memory = bytearray(_MEMORY_BYTES)
        self._free = _FIRST
        self.program.add_memory_segment(_FIRST, _MEMORY_BYTES, self._read)
        self.program.register_type_finder("built", self._find_type, enable_index=0)
        self.program.register_object_finder("built", self._find_object, enable_index=0)
        self.u32 = self.program.int_type("unsigned int", 4, False)
        self.int = self.program.int_type("int", 4, True)
        self.u64 = self.program.int_type("unsigned long", 8, False)
        self.s64 = self.program.int_type("long", 8, True)
        self.char = self.program.int_type("char", 1, True)
        self.void_p = self.pointer(self.program.void_type())

    def pointer(self, type_: drgn.Type) -> drgn.Type:
        return self.program.pointer_type(type_)

    def array(self, type_: drgn.Type, length: int) -> drgn.Type:
        return self.program.array_type(type_, length)

    def struct(self, tag: str, members: Members) -> drgn.Type:
        """A structure whose members follow each other without holes; alignment is nobody's business here."""
        return self._compound(self.program.struct_type, f"struct {tag}", tag, members, one_place=False)

    def union(self, tag: str, members: Members) -> drgn.Type:
        return self._compound(self.program.union_type, f"union {tag}", tag, members, one_place=True)

    def enum(self, tag: str, **values: int) -> drgn.Type:
        enumerators = [drgn.TypeEnumerator(name, value) for name, value in values.items()]
        self._types[f"enum {tag}"] = self.program.enum_type(tag, self.u32, enumerators)
        return self._types[f"enum {tag}"]

    def _compound(
        self, make: Callable[..., drgn.Type], name: str, tag: str, members: Members, one_place: bool
    ) -> drgn.Type:
        offset, made = 0, []
        for member, type_ in members:
            made.append(drgn.TypeMember(type_, member, 0 if one_place else offset * 8))
            offset = max(offset, drgn.sizeof(type_)) if one_place else offset + drgn.sizeof(type_)
        self._types[name] = make(tag, offset, made)
        return self._types[name]

    def put(self, type_: drgn.Type, value: Any = None) -> int:
        """Puts a value into memory; its address. Without one it is all zeros."""
        address = self._free
        self._free += (drgn.sizeof(type_) + 15) & ~15
        if value is not None:
            self.write(address, drgn.Object(self.program, type_, value=value).to_bytes_())
        return address

    def write(self, address: int, data: bytes) -> None:
        self._memory[address - _FIRST : address - _FIRST + len(data)] = data

    def variable(self, name: str, type_: drgn.Type, value: Any = None, address: int | None = None) -> int:
        """Defines the variable `name`; its address."""
        address = self.put(type_, value) if address is None else address
        self._variables[name] = drgn.Object(self.program, type_, address=address)
        return address

    def kernel(
        self,
        folder: Path,
        vmcoreinfo: Mapping[str, str] | None = None,
        name: str = "vmcore",
        *,
        notes: bytes = b"",
        machine: str = "x86_64",
    ) -> Kernel:
        """What readers start from. The dump below holds nothing but VMCOREINFO and `notes`."""
        lines = {"OSRELEASE": "0.0.0-built", "PAGESIZE": str(PAGE_SIZE), **(vmcoreinfo or {})}
        path = folder / name
        note = "".join(f"{key}={value}\n" for key, value in lines.items())
        path.write_bytes(build_kdump({1: bytes(PAGE_SIZE)}, vmcoreinfo=note, notes=notes, machine=machine))
        return Kernel(open_memory(open_dump(path)), Symbols(self.program, Rung("dwarf")), self.program)

    def _read(self, address: int, count: int, offset: int, physical: bool) -> bytes:
        return bytes(self._memory[offset : offset + count])

    def _find_type(self, program: drgn.Program, kinds: Any, name: str, filename: str | None) -> drgn.Type | None:
        keywords = {drgn.TypeKind.STRUCT: "struct", drgn.TypeKind.UNION: "union", drgn.TypeKind.ENUM: "enum"}
        for kind, keyword in keywords.items():
            if kind in kinds and f"{keyword} {name}" in self._types:
                return self._types[f"{keyword} {name}"]
        return None

    def _find_object(
        self, program: drgn.Program, name: str, flags: drgn.FindObjectFlags, filename: str | None
    ) -> drgn.Object | None:
        return self._variables.get(name) if flags & drgn.FindObjectFlags.VARIABLE else None
