"""What the readers get out of the sample with no debuginfo, against what its debuginfo says (samples/truth.json)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kdive.dumpfile.open import open_dump
from kdive.facts.machine import Banner, Cpus, MemoryTotals, Modules, Tasks
from kdive.facts.stacks import Frame, Registers, Stacks
from kdive.kernel.collect import collect
from kdive.memory.open import open_memory
from kdive.symbols.find import SymbolOptions, find_symbols

# drgn's state letters and crash's, which kdive shows
LETTERS = {"R (running)": "RU", "S (sleeping)": "IN", "D (disk sleep)": "UN", "I (idle)": "ID", "P (parked)": "PA"}


@pytest.fixture(scope="module")
def truth(sample_vmcore: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((sample_vmcore.parent / "truth.json").read_text())
    return data


@pytest.fixture(scope="module")
def facts(sample_vmcore: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    # Alone in a folder: no vmlinux or module of the sample's lies beside it.
    alone = tmp_path_factory.mktemp("alone") / "vmcore"
    alone.symlink_to(sample_vmcore.resolve())
    with open_dump(alone) as dump:
        memory = open_memory(dump)
        symbols = find_symbols(memory, SymbolOptions())
        assert symbols.rung.name == "btf"
        yield dict(collect(memory, symbols))


def returns(frames: tuple[Frame, ...]) -> list[str]:
    return [f"{frame.pc:#x}" for frame in frames]


def outlined(frames: list[dict[str, Any]]) -> list[str]:
    """The addresses of the frames that are no inlined ones; user space left out."""
    return [frame["pc"] for frame in frames if not frame["inline"] and int(frame["pc"], 16) >> 63]


def test_the_banner_has_what_debuginfo_says(facts: dict[str, Any], truth: dict[str, Any]) -> None:
    banner: Banner = facts["banner"]
    said = truth["banner"]
    assert isinstance(banner.load_average, tuple)
    assert isinstance(banner.uptime, int)
    assert [round(value, 2) for value in banner.load_average] == said["load_average"]
    assert banner.uptime // 10**9 == said["uptime_s"]
    assert (banner.tasks, banner.cpus, banner.cpus_offline) == (said["tasks"], said["cpus"], 0)
    assert (banner.pid, banner.command, banner.cpu) == (said["pid"], said["command"], said["cpu"])
    assert (banner.cpu_khz, banner.task) == (said["cpu_khz"], int(said["task"], 16))
    assert banner.thread_info == banner.task, "on x86-64 since 4.9 thread_info is the task's first member"
    assert banner.state == "TASK_RUNNING"
    assert banner.command_line == "console=ttyS0 crashkernel=144M oops=panic panic=1 loglevel=8 zoo.kind=bug"
    assert banner.memory == 98171 * 4096, "crash prints 383.5 MB"


def test_every_task_is_found_with_its_state(facts: dict[str, Any], truth: dict[str, Any]) -> None:
    tasks: Tasks = facts["tasks"]
    assert tasks.truncated == ""
    found = sorted((task.pid, task.comm, task.state) for task in tasks.tasks)
    assert found == sorted((pid, comm, LETTERS[state]) for pid, comm, state in truth["tasks"])


def test_the_crashed_stack_is_that_of_debuginfo_minus_inlined_frames(
    facts: dict[str, Any], truth: dict[str, Any]
) -> None:
    stacks: Stacks = facts["stacks"]
    crashed = stacks.crashed
    assert crashed is not None
    assert (crashed.pid, crashed.comm, crashed.cpu) == (104, "insmod", 0)
    assert returns(crashed.frames) == outlined(truth["crashed_stack"])
    assert [(frame.function, frame.module) for frame in crashed.frames[:4]] == [
        ("zoo_bug_leaf", "crashzoo"),
        ("zoo_bug", "crashzoo"),
        ("zoo_init", "crashzoo"),
        ("do_one_initcall", ""),
    ]
    assert [frame.interrupted for frame in crashed.frames[:2]] == [True, False]
    assert {frame.context for frame in crashed.frames} == {"task"}


def test_every_cpu_has_its_stack(facts: dict[str, Any], truth: dict[str, Any]) -> None:
    stacks: Stacks = facts["stacks"]
    by_cpu = {str(stack.cpu): returns(stack.frames) for stack in stacks.stacks if stack.on_cpu}
    assert by_cpu == {cpu: outlined(frames) for cpu, frames in truth["cpu_stacks"].items()}


def test_modules_come_with_their_taints(facts: dict[str, Any], truth: dict[str, Any]) -> None:
    modules: Modules = facts["modules"]
    assert [[module.name, module.taints] for module in modules.modules] == truth["modules"]
    assert modules.taints == truth["banner"]["taints"]
    assert modules.modules[0].state == "loading", "it crashed in its own init function"


def test_all_cpus_answered_the_crash_nmi(facts: dict[str, Any]) -> None:
    cpus: Cpus = facts["cpus"]
    assert [(cpu.number, cpu.online, cpu.answered_nmi, cpu.comm) for cpu in cpus.cpus] == [
        (0, True, True, "insmod"),
        (1, True, True, "swapper/1"),
    ]
    assert cpus.silent == ()
    registers: tuple[Registers, ...] = facts["registers"]
    assert [(one.cpu, one.pid) for one in registers] == [(0, 104), (1, 0)]


def test_memory_totals_are_those_of_debuginfo(facts: dict[str, Any], truth: dict[str, Any]) -> None:
    memory: MemoryTotals = facts["memory"]
    assert {"total": memory.total, "free": memory.free} == truth["memory"]
    assert (memory.swap_total, memory.swap_free) == (0, 0), "the guest had no swap"
