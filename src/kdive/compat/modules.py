"""How `struct module` says where a module lies and what its symbols are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kdive.compat.variables import Layout


@dataclass(frozen=True)
class Part:
    """A piece of a module's memory: the members of `struct module` that hold its address and its size.

    Code comes first in a piece; `text_size` is the member with its size where other things follow.
    """

    base: str
    size: str
    text_size: str = ""


def parts(layout: Layout, memory_types: int) -> Sequence[Part]:
    """All pieces, those of init code last. `memory_types` is the length of module.mem, where that exists."""
    # ac3b43283923 "module: replace module_layout with module_memory", v6.4
    if layout.has_member("struct module", "mem"):
        return [Part(f"mem[{number}].base", f"mem[{number}].size") for number in range(memory_types)]
    # 7523e4dc5057 "module: use a structure to encapsulate layout.", v4.5
    if layout.has_member("struct module", "core_layout"):
        names = ("core_layout", "init_layout")
        return [Part(f"{name}.base", f"{name}.size", f"{name}.text_size") for name in names]
    return [
        Part("module_core", "core_size", "core_text_size"),
        Part("module_init", "init_size", "init_text_size"),
    ]


def has_symbol_table_struct(layout: Layout) -> bool:
    """Whether symtab, num_symtab and strtab are members of module.kallsyms, not of the module itself."""
    # 8244062ef1e5 "modules: fix longstanding /proc/kallsyms vs module insertion race.", v4.5
    return layout.has_member("struct module", "kallsyms")
