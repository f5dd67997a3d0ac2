"""drgn types made of BTF, each when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import drgn
from drgn import Qualifiers, TypeKind, TypeMember

from kdive.errors import DumpDamagedError
from kdive.formats.btf import Btf, Kind, Member

_DEPTH_LIMIT = 64  # of a chain of pointers, arrays, typedefs; real ones stay below 10
_PER_CPU_SECTION = ".data..percpu"
_KINDS = {
    TypeKind.STRUCT: (Kind.STRUCT, Kind.FWD),
    TypeKind.UNION: (Kind.UNION, Kind.FWD),
    TypeKind.ENUM: (Kind.ENUM, Kind.ENUM64),
    TypeKind.TYPEDEF: (Kind.TYPEDEF,),
    TypeKind.INT: (Kind.INT,),
    TypeKind.BOOL: (Kind.INT,),
    TypeKind.FLOAT: (Kind.FLOAT,),
}
_QUALIFIERS = {
    Kind.CONST: Qualifiers.CONST,
    Kind.VOLATILE: Qualifiers.VOLATILE,
    Kind.RESTRICT: Qualifiers.RESTRICT,
}


class BtfTypes:
    """The types of one BTF blob in one program. All of it raises DumpDamagedError where the BTF contradicts itself."""

    def __init__(self, program: drgn.Program, btf: Btf, base: BtfTypes | None = None) -> None:
        """`base` has the types that those of a module build on."""
        self._program = program
        self._btf = btf
        self._base = base
        self._types: dict[int, drgn.Type] = {}
        self._depth = 0
        self._makers: dict[Kind, Callable[[int], drgn.Type]] = {
            Kind.INT: self._integer,
            Kind.PTR: lambda type_id: self._program.pointer_type(self._target(type_id)),
            Kind.ARRAY: self._array,
            Kind.STRUCT: self._struct,
            Kind.UNION: self._union,
            Kind.ENUM: self._enum,
            Kind.ENUM64: self._enum,
            Kind.FWD: self._declaration,
            Kind.TYPEDEF: lambda type_id: self._program.typedef_type(self._btf.name(type_id), self._target(type_id)),
            Kind.CONST: self._qualified,
            Kind.VOLATILE: self._qualified,
            Kind.RESTRICT: self._qualified,
            Kind.TYPE_TAG: self._target,
            Kind.FUNC: self._target,
            Kind.FUNC_PROTO: self._function,
            Kind.VAR: self._target,
            Kind.FLOAT: lambda type_id: self._program.float_type(self._btf.name(type_id), self._btf.size(type_id)),
        }

    def find(self, program: drgn.Program, kinds: drgn.TypeKindSet, name: str, filename: str | None) -> drgn.Type | None:
        """A drgn type finder. BTF knows no files, so a type of one file is not found."""
        if filename:
            return None
        for kind in kinds:
            type_id = self._btf.find(name, _KINDS.get(kind, ()))
            if type_id is not None:
                found = self.type(type_id)
                if found.kind == kind:
                    return found
        return None

    def constant(self, name: str) -> drgn.Object | None:
        """The enumerator `name`, of a named enum or of an anonymous one."""
        found = self._btf.constant(name)
        if found is None:
            return None
        type_id, value = found
        return drgn.Object(self._program, self.type(type_id), value=value)

    def variable_type(self, name: str) -> drgn.Type | None:
        """What the BTF itself says of a variable: kernels give it for per-CPU ones, and only some."""
        type_id = self._btf.find(name, (Kind.VAR,))
        return None if type_id is None else self.type(type_id)

    def per_cpu_offset(self, name: str) -> int | None:
        """Where the per-CPU variable `name` lies among all of them, in bytes."""
        type_id = self._btf.find(name, (Kind.VAR,))
        return None if type_id is None else self._btf.variable_offset(_PER_CPU_SECTION, type_id)

    def type(self, type_id: int) -> drgn.Type:
        if self._base is not None and type_id < self._btf.first_id:
            return self._base.type(type_id)
        found = self._types.get(type_id)
        if found is None:
            if self._depth >= _DEPTH_LIMIT:
                raise DumpDamagedError(f"type {type_id} of the BTF is made of itself, or nested too deep")
            self._depth += 1
            try:
                found = self._types[type_id] = self._make(type_id)
            finally:
                self._depth -= 1
        return found

    def _make(self, type_id: int) -> drgn.Type:
        kind = self._btf.kind(type_id)
        if kind == Kind.VOID:
            return self._program.void_type()
        maker = self._makers.get(kind)
        if maker is None:
            raise DumpDamagedError(f"the BTF uses its entry {type_id} as a type, which it is not ({kind.name})")
        try:
            return maker(type_id)
        except (ValueError, TypeError, OverflowError) as error:
            raise DumpDamagedError(f"type {type_id} of the BTF makes no sense: {error}") from error

    def _target(self, type_id: int) -> drgn.Type:
        return self.type(self._btf.target(type_id))

    def _qualified(self, type_id: int) -> drgn.Type:
        target = self._target(type_id)
        return target.qualified(target.qualifiers | _QUALIFIERS[self._btf.kind(type_id)])

    def _integer(self, type_id: int) -> drgn.Type:
        name, size = self._btf.name(type_id), self._btf.size(type_id)
        integer = self._btf.integer(type_id)
        if integer.boolean:
            return self._program.bool_type(name, size)
        return self._program.int_type(name, size, integer.signed)

    def _array(self, type_id: int) -> drgn.Type:
        element, length = self._btf.array(type_id)
        return self._program.array_type(self.type(element), length)

    def _struct(self, type_id: int) -> drgn.Type:
        members = self._members(self._btf.members(type_id))
        return self._program.struct_type(self._btf.name(type_id) or None, self._btf.size(type_id), members)

    def _union(self, type_id: int) -> drgn.Type:
        members = self._members(self._btf.members(type_id))
        return self._program.union_type(self._btf.name(type_id) or None, self._btf.size(type_id), members)

    def _members(self, members: Iterable[Member]) -> list[TypeMember]:
        return [self._member(member) for member in members]

    def _member(self, member: Member) -> TypeMember:
        type_id = member.type_id
        if member.bit_size:
            return TypeMember(lambda: self._bit_field(type_id, member.bit_size), member.name or None, member.bit_offset)
        if self._btf.kind(type_id) == Kind.INT:
            # Without kind_flag a bit field's place and size are in an integer type of its own.
            integer = self._btf.integer(type_id)
            if integer.bit_offset or integer.bit_size != 8 * self._btf.size(type_id):
                bit_offset = member.bit_offset + integer.bit_offset
                return TypeMember(lambda: self._bit_field(type_id, integer.bit_size), member.name or None, bit_offset)
        return TypeMember(lambda: self.type(type_id), member.name or None, member.bit_offset)

    def _bit_field(self, type_id: int, bit_size: int) -> drgn.Object:
        return drgn.Object(self._program, self.type(type_id), bit_field_size=bit_size)

    def _enum(self, type_id: int) -> drgn.Type:
        tag, size = self._btf.name(type_id) or None, self._btf.size(type_id)
        enumerators = [drgn.TypeEnumerator(name, value) for name, value in self._btf.enumerators(type_id)]
        if not enumerators:
            return self._program.enum_type(tag)
        signed = any(enumerator.value < 0 for enumerator in enumerators)
        name = {4: "int", 8: "long"}.get(size, "int") if signed else {4: "unsigned int", 8: "unsigned long"}.get(size)
        integer = self._program.int_type(name or "unsigned int", size, signed)
        return self._program.enum_type(tag, integer, enumerators)

    def _declaration(self, type_id: int) -> drgn.Type:
        """A forward declaration: the type itself where the BTF has it."""
        name = self._btf.name(type_id)
        is_union = self._btf.flag(type_id)
        kind = Kind.UNION if is_union else Kind.STRUCT
        for types in (self, self._base):
            complete = None if types is None else types._btf.find(name, (kind,))
            if types is not None and complete is not None:
                return types.type(complete)
        return self._program.union_type(name) if is_union else self._program.struct_type(name)

    def _function(self, type_id: int) -> drgn.Type:
        parameters = self._btf.parameters(type_id)
        is_variadic = bool(parameters) and parameters[-1] == ("", 0)
        if is_variadic:
            parameters.pop()
        return self._program.function_type(
            self._target(type_id), [self._parameter(name, target) for name, target in parameters], is_variadic
        )

    def _parameter(self, name: str, type_id: int) -> drgn.TypeParameter:
        return drgn.TypeParameter(lambda: self.type(type_id), name or None)
