"""Modules, their symbols and the unwinder: what both upper rungs get once names and types are there."""

from __future__ import annotations

from collections.abc import Callable

import drgn

from kdive.facts.missing import known
from kdive.formats import vmcoreinfo
from kdive.memory.memory import Memory
from kdive.symbols.arm64_links import Arm64Links
from kdive.symbols.functions import Functions
from kdive.symbols.module_names import ModuleNames
from kdive.symbols.modules import LoadedModule, add_modules, loaded_modules
from kdive.symbols.names import KernelNames
from kdive.symbols.orc_tables import OrcTables
from kdive.symbols.unwind import Unwinder


def attach_modules(
    memory: Memory,
    program: drgn.Program,
    names: KernelNames | None,
    load_debuginfo: Callable[[LoadedModule], bool] | None = None,
) -> tuple[Functions, Unwinder]:
    """Makes the loaded modules known to `program`; what then names code, and what unwinds it.

    `load_debuginfo` is called once for each module that a stack leads through.
    """
    modules = loaded_modules(program)
    add_modules(program, modules, names)
    module_names = ModuleNames(memory, modules)
    program.register_symbol_finder("modules", module_names.find, enable_index=-1)
    functions = Functions(program, names, module_names)
    links = None
    if memory.dump.arch == "aarch64":
        pac_mask = vmcoreinfo.number(known(memory.dump.vmcoreinfo, {}), "KERNELPACMASK") or 0
        links = Arm64Links(program, functions, pac_mask)
    return functions, Unwinder(program, functions, OrcTables(memory, names, module_names), load_debuginfo, links)
