from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdive.dumpfile.open import open_dump
from kdive.errors import KdiveError, ReadError
from kdive.facts.missing import Missing
from kdive.memory.open import open_memory
from kdive.symbols.kallsyms_tables import read_kallsyms
from kdive.symbols.names import KernelNames
from tests.symbols.build_kernel import DATA, END, RODATA, STEXT, build_memory, kernel_symbols


def test_tables_of_the_sample_are_found_although_vmcoreinfo_does_not_name_them(sample_vmcore: Path) -> None:
    # `nm` of the sample's vmlinux, and its KASLR offset 0xa200000.
    with open_dump(sample_vmcore) as dump:
        kallsyms = read_kallsyms(open_memory(dump))
    assert len(kallsyms) == 96_995
    assert {name: kallsyms.address(kallsyms.find(name) or 0) for name in ("_text", "init_uts_ns", "__stop_BTF")} == {
        "_text": 0xFFFFFFFF8B200000,
        "init_uts_ns": 0xFFFFFFFF8C813700,
        "__stop_BTF": 0xFFFFFFFF8C6D75E6,
    }


@pytest.mark.parametrize(
    "layout",
    [
        {"form": "absolute_percpu"},
        {"form": "absolute_percpu", "marker_width": 8},  # 4.18, RHEL 8
        {"form": "base_relative", "symbols": kernel_symbols()[3:]},  # arm64
        {"form": "base_relative", "marker_width": 8, "symbols": kernel_symbols()[3:]},
        {"form": "absolute"},
        {"form": "absolute", "marker_width": 8},
        {"form": "absolute_percpu", "symbols": kernel_symbols(200)},
        {"form": "absolute_percpu", "sequence": True},  # 6.1 stable, 6.2
        {"form": "absolute_percpu", "reordered": True},  # 6.4, without its VMCOREINFO
    ],
)
def test_tables_are_found_by_their_shape(tmp_path: Path, layout: dict[str, object]) -> None:
    symbols = layout.get("symbols") or kernel_symbols()
    kallsyms = read_kallsyms(build_memory(tmp_path, **layout))  # type: ignore[arg-type]
    found = [(kallsyms.type(i), kallsyms.name(i), kallsyms.address(i)) for i in range(len(kallsyms))]
    assert found == symbols


@pytest.mark.parametrize("form", ["absolute_percpu", "base_relative", "place_relative"])
def test_tables_that_vmcoreinfo_names_are_read_in_every_form(tmp_path: Path, form: str) -> None:
    symbols = kernel_symbols() if form == "absolute_percpu" else kernel_symbols()[3:]
    kallsyms = read_kallsyms(build_memory(tmp_path, symbols=symbols, named=True, reordered=True, form=form))
    assert [(kallsyms.type(i), kallsyms.name(i), kallsyms.address(i)) for i in range(len(kallsyms))] == symbols


def test_tables_are_searched_for_where_vmcoreinfo_names_them_wrongly(tmp_path: Path) -> None:
    memory = build_memory(tmp_path, named=True, reordered=True)
    assert not isinstance(memory.dump.vmcoreinfo, Missing)
    memory.dump.vmcoreinfo = {**memory.dump.vmcoreinfo, "SYMBOL(kallsyms_num_syms)": f"{STEXT:x}"}
    assert len(read_kallsyms(memory)) == len(kernel_symbols())


def test_tables_of_another_kernel_are_refused(tmp_path: Path) -> None:
    symbols = [(letter, name, address + 0x1000 * (address >= STEXT)) for letter, name, address in kernel_symbols()]
    with pytest.raises(ReadError, match="_stext"):
        read_kallsyms(build_memory(tmp_path, symbols=symbols, named=True))
    with pytest.raises(ReadError, match="not found"):
        read_kallsyms(build_memory(tmp_path, symbols=symbols))


@pytest.mark.parametrize("count", [0, 5, 0x7FFFFFFF, 0xFFFFFFFF])
def test_number_of_symbols_that_lies_is_refused(tmp_path: Path, count: int) -> None:
    memory = build_memory(tmp_path, named=True, reordered=True, damage={RODATA + 0x1230: struct.pack("<I", count)})
    with pytest.raises(KdiveError):
        read_kallsyms(memory)


def test_page_of_names_that_is_missing_is_an_error_not_another_name(tmp_path: Path) -> None:
    memory = build_memory(tmp_path, damage={RODATA + 0x1230 + 0xA00: bytes(64)})
    with pytest.raises(ReadError):
        read_kallsyms(memory)


def test_per_cpu_symbols_name_no_address(tmp_path: Path) -> None:
    names = KernelNames(read_kallsyms(build_memory(tmp_path)))
    assert names.address("runqueues") == 0x1000
    assert [names.symbol_at(address) for address in (0, 0x1000, 0x2000, 0x47B7A0, STEXT - 1)] == [None] * 5
    symbol = names.symbol_at(STEXT + 0x7F)
    assert symbol is not None
    assert (symbol.name, symbol.address, symbol.size) == ("do_thing_1", STEXT + 0x40, 0x40)


def test_variables_that_are_called_text_are_told_by_where_they_lie(tmp_path: Path) -> None:
    data = [("T", "_sdata", DATA), ("T", "init_task", DATA + 8), ("T", "_edata", DATA + 0x100), ("B", "_end", END)]
    symbols = [symbol for symbol in kernel_symbols() if symbol[1] not in ("init_task", "_end")]
    names = KernelNames(read_kallsyms(build_memory(tmp_path, symbols=[*symbols, *data])))
    assert names.variable("init_task") == DATA + 8
    assert names.variable("do_thing_1") is None


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_tables_that_lie_anywhere_give_symbols_or_an_error(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    named = data.draw(st.booleans())
    places = data.draw(st.lists(st.integers(0, 0x4000), min_size=1, max_size=5))
    damage = {RODATA + 0x1230 + place: data.draw(st.binary(min_size=1, max_size=8)) for place in places}
    memory = build_memory(tmp_path_factory.mktemp("lies"), named=named, damage=damage)
    try:
        names = KernelNames(read_kallsyms(memory))
    except KdiveError:
        return
    assert names.address("_stext") == STEXT
    names.symbol_at(STEXT + 0x1000)
