"""All that `kdive.compat` knows, over the layouts of real kernels."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from kdive.compat import modules, printk, task
from kdive.compat.recorded import RecordedLayout, load, to_text
from kdive.compat.variables import VARIABLES, declaration
from kdive.compat.wanted import declared_types, wanted
from kdive.errors import KdiveError

LAYOUTS = Path(__file__).parent.parent / "data" / "layouts"


@dataclass(frozen=True)
class Known:
    """What the sources of that release say."""

    state: str
    cpu: str
    module_parts: tuple[str, ...]  # the members with the first and the last address
    tk_core_starts_with: str  # "" where its type has a name
    ring_size: int
    state_size: int = 4
    irqs: str = "irq_desc_tree"  # "sparse_irqs" since v6.5


SINCE_6_4 = ("mem[0].base", "mem[6].base")
BEFORE = ("core_layout.base", "init_layout.base")
NEW_SEQCOUNT = "seqcount_raw_spinlock_t"
KNOWN = {
    "debian-5.10.0-32-x86_64": Known("state", "cpu", BEFORE, NEW_SEQCOUNT, 80, state_size=8),
    "debian-6.1.0-56-x86_64": Known("__state", "thread_info.cpu", BEFORE, NEW_SEQCOUNT, 88),
    "debian-6.1.0-56-aarch64": Known("__state", "thread_info.cpu", BEFORE, NEW_SEQCOUNT, 88),
    "debian-6.12.117-x86_64": Known("__state", "thread_info.cpu", SINCE_6_4, NEW_SEQCOUNT, 88, irqs="sparse_irqs"),
    "debian-7.2.13-x86_64": Known("__state", "thread_info.cpu", SINCE_6_4, "", 88, irqs="sparse_irqs"),
    "debian-6.12.117-aarch64": Known("__state", "thread_info.cpu", SINCE_6_4, NEW_SEQCOUNT, 88, irqs="sparse_irqs"),
}
NAMES = sorted(path.stem for path in LAYOUTS.glob("*.json"))
every_kernel = pytest.mark.parametrize("name", NAMES)


def recorded(name: str) -> RecordedLayout:
    return load(LAYOUTS / f"{name}.json")


def test_of_each_recorded_kernel_the_truth_is_known() -> None:
    assert sorted(KNOWN) == NAMES


@every_kernel
def test_the_state_of_a_task_is_found(name: str) -> None:
    layout = recorded(name)
    member = task.state_member(layout)
    assert member == KNOWN[name].state
    assert layout.size("struct task_struct", member) == KNOWN[name].state_size


@every_kernel
def test_the_cpu_of_a_task_is_found(name: str) -> None:
    layout = recorded(name)
    path = task.cpu_member(layout)
    assert path == KNOWN[name].cpu
    outer, _, inner = path.partition(".")
    assert layout.has_member("struct task_struct", outer)
    assert layout.size(*(("struct thread_info", inner) if inner else ("struct task_struct", outer))) == 4


@every_kernel
def test_the_memory_of_a_module_is_found(name: str) -> None:
    layout = recorded(name)
    types = layout.constant("MOD_MEM_NUM_TYPES") if layout.has_type("enum mod_mem_type") else 0
    parts = modules.parts(layout, types)
    assert (parts[0].base, parts[-1].base) == KNOWN[name].module_parts
    holder = "struct module_memory" if types else "struct module_layout"
    for part in parts:
        for path in filter(None, (part.base, part.size, part.text_size)):
            outer, _, inner = path.partition(".")
            assert layout.has_member("struct module", outer.partition("[")[0])
            assert layout.size(holder, inner) == (8 if inner == "base" else 4)
    assert modules.has_symbol_table_struct(layout)
    assert layout.has_member("struct mod_kallsyms", "num_symtab")


@every_kernel
def test_each_variable_of_the_kernel_is_declared_with_types_that_it_has(name: str) -> None:
    layout = recorded(name)
    for variable in filter(layout.has_symbol, VARIABLES):
        declared = declaration(variable, layout)
        assert declared is not None, variable
        assert all(map(layout.has_type, declared_types(declared))), variable


@every_kernel
def test_variables_that_changed_have_the_type_of_their_generation(name: str) -> None:
    layout = recorded(name)
    tk_core = declaration("tk_core", layout)
    assert tk_core is not None
    starts_with = KNOWN[name].tk_core_starts_with
    if starts_with:
        assert tk_core.members[0][0] == starts_with
    else:
        assert (tk_core.type, tk_core.members) == ("struct tk_data", ())
    irqs = declaration("irq_desc_tree", layout)
    assert irqs is not None and irqs.type == "struct xarray"
    if layout.has_symbol("init_task"):
        assert layout.has_symbol(KNOWN[name].irqs)
    processor = declaration("boot_cpu_data", layout)
    assert processor is not None
    assert processor.type == {"x86_64": "struct cpuinfo_x86", "aarch64": "struct cpuinfo_arm64"}[layout.arch]


@every_kernel
def test_the_log_is_laid_out_as_the_types_say(name: str) -> None:
    layout = recorded(name)
    found = printk.ring_layout(layout.vmcoreinfo, layout.order, layout.word_size)
    assert found is not None
    assert found.ring.size == layout.size("struct printk_ringbuffer") == KNOWN[name].ring_size
    assert found.desc.size == layout.size("struct prb_desc")
    assert found.info.size == layout.size("struct printk_info")
    # Not in VMCOREINFO: where compat/printk.py takes them to be.
    text_len = layout.offset("struct printk_info", "text_len")
    assert layout.offset("struct printk_info", "facility") == text_len + 2
    assert layout.offset("struct printk_info", "flags") == text_len + 3
    assert layout.offset("struct printk_info", "level") == text_len + 3


@every_kernel
def test_vmcoreinfo_and_types_agree(name: str) -> None:
    layout = recorded(name)
    for key, value in layout.vmcoreinfo.items():
        kind, _, rest = key.partition("(")
        type_name, dot, member = rest.rstrip(")").partition(".")
        type_name = f"struct {type_name}" if f"struct {type_name}" in layout.types else type_name
        if kind == "SIZE" and type_name in layout.types:
            assert layout.size(type_name) == int(value), key
        if kind == "OFFSET" and dot and type_name in layout.types:
            assert layout.offset(type_name, member) == int(value), key


@every_kernel
def test_all_that_is_wanted_is_recorded(name: str) -> None:
    layout, names = recorded(name), wanted()
    again = "record it again: kdive lab layout"
    assert sorted(layout.types) == list(names.types), again
    assert sorted(layout.symbols) == list(names.symbols), again
    assert sorted(layout.constants) == list(names.constants), again


@every_kernel
def test_reading_and_writing_give_the_same_file(name: str) -> None:
    text = (LAYOUTS / f"{name}.json").read_text()
    assert to_text(recorded(name)) == text
    assert len(text) <= 64 << 10


@every_kernel
def test_no_address_is_among_types_and_symbols(name: str) -> None:
    data = json.loads((LAYOUTS / f"{name}.json").read_text())
    del data["vmcoreinfo"]
    assert "ffff" not in json.dumps(data)


def test_members_of_structures_without_a_name_are_found() -> None:
    layout = recorded("debian-5.10.0-32-x86_64")
    # pahole over the debuginfo of that kernel
    assert layout.offset("struct page", "compound_head") == 8
    assert layout.offset("struct page", "slab_cache") == 24
    assert layout.offset("struct task_struct", "sched_reset_on_fork") == 17312 // 8
    assert layout.size("struct task_struct") == 9344
    assert layout.offset("struct cfs_rq", "removed.nr") == layout.offset("struct cfs_rq", "removed.lock") + 4 == 196


def test_a_kernel_without_all_symbols_says_so() -> None:
    """6.1 for arm64 has no KALLSYMS_ALL."""
    layout = recorded("debian-6.1.0-56-aarch64")
    assert not layout.has_symbol("init_task")
    assert layout.has_symbol("panic")
    assert recorded("debian-6.12.117-aarch64").has_symbol("init_task")


def test_what_nobody_recorded_is_not_taken_for_absent() -> None:
    layout = recorded("debian-6.12.117-x86_64")
    assert not layout.has_type("struct module_layout")
    assert not layout.has_member("struct module_layout", "base")
    for name in ("struct of_nobody", "struct module_layout"):
        with pytest.raises(LookupError):
            layout.size(name)
        with pytest.raises(LookupError):
            layout.offset(name, "base")
    for question in (layout.has_type, layout.has_symbol, layout.constant):
        with pytest.raises(LookupError):
            question("of_nobody")
    with pytest.raises(LookupError):
        layout.has_member("struct of_nobody", "member")


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"schema": "other/1"}', '{"schema": "kdive-layout/1", "kernel": {"arch": 1}}']
)
def test_a_file_that_is_no_layout_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "layout.json"
    path.write_text(text)
    with pytest.raises(KdiveError, match="no recorded layout"):
        load(path)
