"""Variables and constants of a kernel that has no debuginfo: addresses of kallsyms, types of BTF and of our table."""

from __future__ import annotations

import drgn
from drgn import FindObjectFlags, TypeMember

from kdive.compat.variables import Declaration, Layout, declaration
from kdive.symbols.btf_types import BtfTypes
from kdive.symbols.failures import FAILURES
from kdive.symbols.names import KernelNames


class ProgramLayout(Layout):
    """Which types and members a program has."""

    def __init__(self, program: drgn.Program) -> None:
        self._program = program

    def has_type(self, name: str) -> bool:
        try:
            return bool(self._program.type(name).is_complete())
        except FAILURES:
            return False

    def has_member(self, type_name: str, member: str) -> bool:
        try:
            return bool(self._program.type(type_name).has_member(member))
        except FAILURES:
            return False


class BtfObjects:
    """A drgn object finder."""

    def __init__(self, program: drgn.Program, types: BtfTypes, names: KernelNames) -> None:
        self._layout = ProgramLayout(program)
        self._types = types
        self._names = names
        self._variables: dict[str, drgn.Object | None] = {}

    def find(
        self, program: drgn.Program, name: str, flags: FindObjectFlags, filename: str | None
    ) -> drgn.Object | None:
        if filename:
            return None
        if flags & FindObjectFlags.VARIABLE:
            if name not in self._variables:
                self._variables[name] = self._variable(program, name)
            variable = self._variables[name]
            if variable is not None:
                return variable
        return self._types.constant(name) if flags & FindObjectFlags.CONSTANT else None

    def _variable(self, program: drgn.Program, name: str) -> drgn.Object | None:
        type_ = self._types.variable_type(name)
        if type_ is None:
            declared = declaration(name, self._layout)
            if declared is None:
                return None
            type_ = self._declared(program, declared)
        address = self._names.variable(name)
        return None if type_ is None or address is None else drgn.Object(program, type_, address=address)

    def _declared(self, program: drgn.Program, declared: Declaration) -> drgn.Type | None:
        try:
            if declared.members:
                return _anonymous_struct(program, declared)
            return program.type(declared.type)
        except FAILURES:
            return None


def _anonymous_struct(program: drgn.Program, declared: Declaration) -> drgn.Type:
    """A struct without a tag: BTF has no way to ask for it, so it is laid out as the compiler does it."""
    members = []
    end, largest = 0, 1
    for type_name, name in declared.members:
        type_ = program.type(type_name)
        alignment = drgn.alignof(type_)
        largest = max(largest, alignment)
        start = -(-end // alignment) * alignment
        members.append(TypeMember(type_, name, 8 * start))
        end = start + drgn.sizeof(type_)
    return program.struct_type(None, -(-end // largest) * largest, members)
