"""What a program knows of its kernel's types, in the form that `kdive.compat` asks for."""

from __future__ import annotations

import drgn

from kdive.compat.variables import Layout
from kdive.symbols.failures import FAILURES


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
