from __future__ import annotations

import struct
from pathlib import Path

import drgn
import pytest

from kdive.kernel.without_variables import cpus_with_queue
from kdive.memory.memory import Memory
from kdive.symbols.find import Symbols, find_symbols
from tests.formats.build_btf import BtfBuilder
from tests.symbols.build_functions_only import (
    CPU_MEMORY,
    INIT_TASK,
    MODULE,
    MODULES,
    OTHER_TASK,
    PER_CPU_OFFSET,
    RUNQUEUES,
    VMAP_AREA_LIST,
    functions_only,
)
from tests.symbols.build_kernel import DATA, STEXT


def _program(memory: Memory) -> drgn.Program:
    symbols: Symbols = find_symbols(memory)
    assert symbols.rung.name == "btf", symbols.rung.why
    assert symbols.program is not None
    return symbols.program


def test_variables_are_found_by_what_they_hold(tmp_path: Path) -> None:
    program = _program(functions_only(tmp_path))
    assert program["init_task"].address_ == INIT_TASK
    assert program["__per_cpu_offset"].address_ == PER_CPU_OFFSET
    assert program["runqueues"].address_ == RUNQUEUES
    assert program["modules"].address_ == MODULES
    assert program["vmap_area_list"].address_ == VMAP_AREA_LIST


def test_cpus_are_those_with_a_run_queue(tmp_path: Path) -> None:
    program = _program(functions_only(tmp_path))
    assert list(cpus_with_queue(program, online=False)) == [0, 1]


def test_cpu_that_takes_no_tasks_is_not_online(tmp_path: Path) -> None:
    offline = {CPU_MEMORY[0] + RUNQUEUES: struct.pack("<3Q", 0, INIT_TASK, INIT_TASK)}
    program = _program(functions_only(tmp_path, damage=offline))
    assert list(cpus_with_queue(program, online=False)) == [0, 1]
    assert list(cpus_with_queue(program, online=True)) == [1]


def test_modules_are_known_by_their_list(tmp_path: Path) -> None:
    program = _program(functions_only(tmp_path))
    entry = program["modules"].next.value_()
    assert entry - drgn.offsetof(program.type("struct module"), "list") == MODULE


def test_symbols_reach_as_far_as_the_last_function(tmp_path: Path) -> None:
    symbols = find_symbols(functions_only(tmp_path))
    assert symbols.functions is not None
    function = symbols.functions.at(STEXT + 0x44)
    assert function is not None
    assert function.name == "do_thing_1"
    assert symbols.functions.at(DATA) is None


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("init_task", {INIT_TASK + 32: struct.pack("<Q", OTHER_TASK)}),  # not its own parent
        ("__per_cpu_offset", {PER_CPU_OFFSET + 8: bytes(8)}),  # not the distance of the run queues
        ("__per_cpu_offset", {PER_CPU_OFFSET + 0x80: struct.pack("<2Q", *CPU_MEMORY)}),  # two that could be it
        ("runqueues", {CPU_MEMORY[0] + RUNQUEUES + 8: bytes(8), CPU_MEMORY[1] + RUNQUEUES + 8: bytes(8)}),
        ("modules", {MODULE + 24: b"\xff"}),  # no name
        ("modules", {VMAP_AREA_LIST: bytes(8)}),
    ],
)
def test_variable_that_cannot_be_told_is_not_guessed(tmp_path: Path, name: str, damage: dict[int, bytes]) -> None:
    with pytest.raises(LookupError):
        _program(functions_only(tmp_path, damage=damage))[name]


def test_lists_that_run_in_circles_end(tmp_path: Path) -> None:
    circles = {
        OTHER_TASK + 40: struct.pack("<Q", OTHER_TASK + 40),
        MODULE + 8: struct.pack("<Q", MODULE + 8),
    }
    program = _program(functions_only(tmp_path, damage=circles))
    assert program["init_task"].address_ == INIT_TASK
    with pytest.raises(LookupError):
        program["modules"]


def test_kernel_without_btf_in_its_image_says_so(tmp_path: Path) -> None:
    symbols = find_symbols(functions_only(tmp_path, btf=b"\x9f\xeb\x01\x00 is no BTF"))
    assert symbols.program is None
    assert "carries no BTF" in symbols.rung.why


def test_btf_of_another_shape_does_not_stand_for_the_kernel_s(tmp_path: Path) -> None:
    builder = BtfBuilder()
    builder.integer("int", 4)
    header_alone = builder.data()[:24]
    assert find_symbols(functions_only(tmp_path, btf=header_alone)).program is None
