"""Loaded modules, with what taints the kernel."""

from __future__ import annotations

from collections.abc import Iterator

import drgn

from kdive.compat import taint
from kdive.facts.machine import Module, Modules
from kdive.facts.missing import Missing
from kdive.kernel import guard
from kdive.kernel.context import Kernel
from kdive.kernel.lists import ListWalk
from kdive.units import Address, ByteCount

MODULE_LIMIT = 10_000
_STATES = ("live", "loading", "unloading", "being formed")  # enum module_state


def read_modules(kernel: Kernel) -> Modules:
    """Modules in the order of the kernel's list: the newest first."""
    program = kernel.program
    type_ = program.type("struct module")
    head = program["modules"].address_
    walk = ListWalk(program, MODULE_LIMIT)
    modules: list[Module] = []
    damage = ""
    for address in walk.entries(head, drgn.offsetof(type_, "list")):
        module = guard.read(_module, drgn.Object(program, type_, address=address))
        if isinstance(module, Missing):
            damage = f"a module could not be read: {module.reason}"
        else:
            modules.append(module)
    mask = guard.read(kernel.number, "tainted_mask")
    taints = mask if isinstance(mask, Missing) else taint.kernel_letters(mask)
    return Modules(tuple(modules), taints, truncated=walk.damage or damage)


def _module(module: drgn.Object) -> Module:
    spans = list(_spans(module))
    state = int(module.member_("state").value_())
    return Module(
        name=module.member_("name").string_().decode("utf-8", "replace"),
        base=Address(spans[0][0]),
        size=ByteCount(sum(size for _, size in spans)),
        taints=taint.letters(int(module.member_("taints").value_())),
        state=_STATES[state] if 0 <= state < len(_STATES) else f"state {state}",
    )


def _spans(module: drgn.Object) -> Iterator[tuple[int, int]]:
    """Address and size of each part, the text first; without the parts that are freed after loading."""
    type_ = module.type_
    if type_.has_member("mem"):  # ac3b43283923 "module: replace module_layout with module_memory", v6.4
        for number, memory in enumerate(module.member_("mem")):
            if not _is_init(module.prog_, number):
                yield memory.member_("base").value_(), memory.member_("size").value_()
    elif type_.has_member("core_layout"):  # 7523e4dc5057 "module: use a structure to encapsulate layout.", v4.5
        layout = module.member_("core_layout")
        yield layout.member_("base").value_(), layout.member_("size").value_()
    else:
        yield module.member_("module_core").value_(), module.member_("core_size").value_()


def _is_init(program: drgn.Program, number: int) -> bool:
    return number >= int(program.constant("MOD_INIT_TEXT").value_())
