"""`struct pt_regs` from register values: what drgn unwinds from."""

from __future__ import annotations

from collections.abc import Mapping

import drgn

from kdive.errors import ReadError
from kdive.formats.prstatus import REGISTER_NAMES
from kdive.symbols.failures import FAILURES

_ARCHITECTURES = {drgn.Architecture.X86_64: "x86_64", drgn.Architecture.AARCH64: "aarch64"}
_WORD = 8  # bytes


def pt_regs(program: drgn.Program, registers: Mapping[str, int]) -> drgn.Object:
    """A `struct pt_regs` with these values, named as in NT_PRSTATUS; 0 for those that are not given.

    The structure starts with the registers of NT_PRSTATUS, in the same order; x86 leaves out those after ss.
    Raises ReadError where the machine's structure is not known.
    """
    platform = program.platform
    names = REGISTER_NAMES.get(_ARCHITECTURES.get(platform.arch, "") if platform else "")
    if names is None:
        raise ReadError("registers of this architecture cannot be unwound from")
    try:
        type_ = program.type("struct pt_regs")
        words = (registers.get(name, 0).to_bytes(_WORD, "little") for name in names)
        size = drgn.sizeof(type_)
        return drgn.Object.from_bytes_(program, type_, b"".join(words)[:size].ljust(size, b"\0"))
    except FAILURES as error:
        raise ReadError(f"no struct pt_regs: {error}") from None
