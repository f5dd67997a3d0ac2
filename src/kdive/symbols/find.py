"""`find_symbols`: the highest rung of the ladder that this dump and this machine give."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kdive.errors import KdiveError
from kdive.facts.crash import Rung
from kdive.memory.memory import Memory

if TYPE_CHECKING:
    import drgn

    from kdive.symbols.functions import Functions
    from kdive.symbols.unwind import Unwinder


@dataclass(frozen=True)
class SymbolOptions:
    vmlinux: Path | None = None  # this very file
    debug_dirs: tuple[Path, ...] = ()  # look here first
    force: bool = False  # take `vmlinux` although it does not belong to the dump


@dataclass(frozen=True)
class Symbols:
    """Names and types of the crashed kernel; on the rung "vmcoreinfo" there is no program, nor what needs one."""

    program: drgn.Program | None
    rung: Rung
    vmlinux: Path | None = None
    functions: Functions | None = None
    unwinder: Unwinder | None = None


def find_symbols(memory: Memory, options: SymbolOptions | None = None) -> Symbols:
    """Raises MismatchError where the vmlinux that was asked for does not belong to the dump."""
    from kdive.symbols.attach import attach_modules
    from kdive.symbols.btf_rung import load_btf

    try:
        program, names = load_btf(memory)
    except KdiveError as error:
        return Symbols(None, Rung("vmcoreinfo", why=error.message))
    functions, unwinder = attach_modules(memory, program, names)
    return Symbols(program, Rung("btf"), functions=functions, unwinder=unwinder)
