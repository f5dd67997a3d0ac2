"""Variables and constants of a kernel that has no debuginfo: addresses of kallsyms, types of BTF and of our table."""

from __future__ import annotations

import drgn
from drgn import FindObjectFlags, TypeMember

from kdive.compat.variables import Declaration, declaration
from kdive.symbols.btf_types import BtfTypes
from kdive.symbols.failures import FAILURES
from kdive.symbols.found_variables import FoundVariables
from kdive.symbols.layout import ProgramLayout
from kdive.symbols.names import KernelNames


class BtfObjects:
    """A drgn object finder."""

    def __init__(
        self, program: drgn.Program, types: BtfTypes, names: KernelNames, found: FoundVariables | None = None
    ) -> None:
        """`found` has those that the kernel's own symbols leave out."""
        self._layout = ProgramLayout(program)
        self._types = types
        self._names = names
        self._found = found
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
        if address is None and self._found is not None:
            address = self._found.address(name)
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
