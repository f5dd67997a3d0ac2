from __future__ import annotations

import pytest

from kdive.compat.modules import Part, has_symbol_table_struct, parts
from kdive.compat.variables import Layout, declaration


class _Names(Layout):
    """A kernel that has these types ("struct x") and members ("struct x.member")."""

    def __init__(self, *names: str) -> None:
        self._names = names

    def has_type(self, name: str) -> bool:
        return name in self._names

    def has_member(self, type_name: str, member: str) -> bool:
        return f"{type_name}.{member}" in self._names


@pytest.mark.parametrize(
    ("name", "layout", "type_"),
    [
        ("tk_core", _Names("struct tk_data", "seqcount_raw_spinlock_t"), "struct tk_data"),
        ("tk_core", _Names("seqcount_raw_spinlock_t"), "struct"),
        ("irq_desc_tree", _Names("struct xarray"), "struct xarray"),
        ("irq_desc_tree", _Names("struct radix_tree_root"), "struct radix_tree_root"),
        ("vm_stat", _Names(), "atomic_long_t []"),
        ("vm_node_stat", _Names("enum node_stat_item"), "atomic_long_t []"),
        ("init_task", _Names(), "struct task_struct"),
    ],
)
def test_type_follows_from_what_the_kernel_has(name: str, layout: Layout, type_: str) -> None:
    found = declaration(name, layout)
    assert found is not None
    assert found.type == type_


@pytest.mark.parametrize(
    ("name", "layout"),
    [
        ("vm_stat", _Names("enum node_stat_item")),
        ("vm_node_stat", _Names()),
        ("irq_desc_tree", _Names()),
        ("some_variable", _Names()),
    ],
)
def test_type_that_is_not_known_to_hold_is_not_given(name: str, layout: Layout) -> None:
    assert declaration(name, layout) is None


def test_struct_without_a_tag_starts_with_the_seqcount_of_its_kernel() -> None:
    old, new = (declaration("tk_core", layout) for layout in (_Names(), _Names("seqcount_raw_spinlock_t")))
    assert old is not None and old.members[0] == ("seqcount_t", "seq")
    assert new is not None and new.members[0] == ("seqcount_raw_spinlock_t", "seq")


def test_memory_of_a_module_in_three_generations() -> None:
    assert parts(_Names("struct module.mem", "struct module.core_layout"), 2)[1] == Part("mem[1].base", "mem[1].size")
    layouts = parts(_Names("struct module.core_layout"), 0)
    assert layouts[1] == Part("init_layout.base", "init_layout.size", "init_layout.text_size")
    assert parts(_Names(), 0)[0].base == "module_core"


def test_symbols_of_a_module_moved_into_a_struct() -> None:
    assert has_symbol_table_struct(_Names("struct module.kallsyms"))
    assert not has_symbol_table_struct(_Names())
