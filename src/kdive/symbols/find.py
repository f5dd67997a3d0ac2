"""`find_symbols`: the highest rung of the ladder that this dump and this machine give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from kdive.errors import KdiveError
from kdive.facts.crash import Rung
from kdive.memory.memory import Memory
from kdive.symbols.debug_files import vmlinux_candidates
from kdive.symbols.debuginfo.cache import cached_dirs
from kdive.symbols.identity import KernelIdentity, identify_kernel
from kdive.symbols.lift import lift

if TYPE_CHECKING:
    import drgn

    from kdive.symbols.functions import Functions
    from kdive.symbols.unwind import Unwinder


@dataclass(frozen=True)
class SymbolOptions:
    vmlinux: Path | None = None  # this very file
    debug_dirs: tuple[Path, ...] = ()  # look here before the system's folders
    force: bool = False  # take `vmlinux` although it does not belong to the dump
    none: bool = False  # use no debuginfo, even where it is at hand


@dataclass(frozen=True)
class Symbols:
    """Names and types of the crashed kernel; on the rung "vmcoreinfo" there is no program, nor what needs one."""

    program: drgn.Program | None
    rung: Rung
    vmlinux: Path | None = None
    functions: Functions | None = None
    unwinder: Unwinder | None = None


def find_symbols(
    memory: Memory, options: SymbolOptions | None = None, before_debuginfo: Callable[[], None] = lambda: None
) -> Symbols:
    """Raises MismatchError where the vmlinux that was asked for does not belong to the dump, and KdiveError where it
    is no vmlinux with debuginfo. `before_debuginfo` is called before any is loaded: that takes time and memory."""
    options = options or SymbolOptions()
    kernel = identify_kernel(memory)
    notes: tuple[str, ...] = ()
    if options.none:
        return _without_debuginfo(memory, kernel, notes, "debuginfo was not to be used")
    options = replace(options, debug_dirs=(*options.debug_dirs, *cached_dirs(kernel)))
    try:
        symbols, notes = _with_dwarf(memory, kernel, options, before_debuginfo)
        if symbols is not None:
            return symbols
    except KdiveError as error:
        if options.vmlinux is not None:
            raise
        notes = (error.message,)
    return _without_debuginfo(memory, kernel, notes, f"no debuginfo of {kernel.release or 'this kernel'} was found")


def _with_dwarf(
    memory: Memory, kernel: KernelIdentity, options: SymbolOptions, before_debuginfo: Callable[[], None]
) -> tuple[Symbols | None, tuple[str, ...]]:
    """The rung "dwarf", where there is a vmlinux for it; and what was passed over on the way."""
    if options.vmlinux is None:
        candidates = vmlinux_candidates(kernel.release, kernel.build_id, memory.dump.path, options.debug_dirs)
        if next(candidates, None) is None:
            return None, ()
    from kdive.symbols.dwarf_rung import given_vmlinux, load_dwarf, module_debuginfo, search_vmlinux

    if options.vmlinux is not None:
        found = given_vmlinux(options.vmlinux, kernel, options.force)
    else:
        found = search_vmlinux(memory.dump.path, kernel, options.debug_dirs)
    if found.file is None:
        return None, found.notes
    from kdive.symbols.attach import attach_modules
    from kdive.symbols.btf_rung import kernel_names

    before_debuginfo()
    program = load_dwarf(memory, found.file)
    load_module = module_debuginfo(program, memory, options.debug_dirs)
    functions, unwinder = attach_modules(memory, program, kernel_names(memory), load_module)
    rung = Rung("dwarf", notes=found.notes)
    return Symbols(program, rung, found.file.path, functions, unwinder), ()


def _without_debuginfo(memory: Memory, kernel: KernelIdentity, notes: tuple[str, ...], why: str) -> Symbols:
    from kdive.symbols.attach import attach_modules
    from kdive.symbols.btf_rung import load_btf

    try:
        program, names = load_btf(memory)
    except KdiveError as error:
        return Symbols(None, Rung("vmcoreinfo", f"{why}; {error.message}", lift(kernel), notes))
    functions, unwinder = attach_modules(memory, program, names)
    if not names.has_variables:
        notes += ("the kernel was built without KALLSYMS_ALL: variables were told by what they hold, few of them",)
    return Symbols(program, Rung("btf", why, lift(kernel), notes), None, functions, unwinder)
