from __future__ import annotations

from pathlib import Path
from typing import Any

import drgn
import pytest

from kdive.dumpfile.cpu_notes import cpu_registers
from kdive.dumpfile.open import open_dump
from kdive.errors import ReadError
from kdive.facts.missing import Missing
from kdive.memory.memory import Memory
from kdive.memory.open import open_memory
from kdive.symbols.find import Symbols, find_symbols
from kdive.symbols.unwind import FRAMES_LIMIT, RawFrame, Unwinder
from tests.build_dump import flatten
from tests.symbols.build_stack import (
    AFTER_CALL_OF_DATA,
    CRASH_KEXEC,
    IN_CRASH_KEXEC,
    IN_OUTER,
    IN_PANIC,
    STACK,
    crashed_kernel,
    registers,
    words,
)

JUNK = 0x1234


def _parts(symbols: Symbols) -> tuple[drgn.Program, Unwinder]:
    assert symbols.program is not None
    assert symbols.unwinder is not None
    return symbols.program, symbols.unwinder


def _told(stack: list[dict[str, Any]]) -> list[int]:
    return [int(frame["pc"], 16) for frame in stack if not frame["inline"]]


def test_stack_of_the_crashed_thread_is_that_of_debuginfo(
    sample_symbols: Symbols, sample_truth: dict[str, Any]
) -> None:
    program, unwinder = _parts(sample_symbols)
    stack = unwinder.stack(program.crashed_thread())
    assert [frame.pc for frame in stack] == _told(sample_truth["crashed_stack"])
    assert [frame.user for frame in stack] == [False] * 8 + [True]
    assert all(frame.how == "unwind" and frame.reliable for frame in stack)


def test_functions_on_the_stack_are_named_as_the_kernel_names_them(sample_symbols: Symbols) -> None:
    # The call trace in the sample's console log.
    program, unwinder = _parts(sample_symbols)
    functions = sample_symbols.functions
    assert functions is not None
    named = []
    for frame in unwinder.stack(program.crashed_thread())[:8]:
        function = functions.at(frame.pc, not frame.interrupted)
        assert function is not None
        module = f" [{function.module}]" if function.module else ""
        named.append(f"{function.name}+{frame.pc - function.start:#x}/{function.size:#x}{module}")
    assert named == [
        "zoo_bug_leaf+0x16/0x20 [crashzoo]",
        "zoo_bug+0xc/0x20 [crashzoo]",
        "zoo_init+0x50/0x1000 [crashzoo]",
        "do_one_initcall+0x44/0x1e0",
        "do_init_module+0x4c/0x250",
        "__do_sys_finit_module+0xb1/0x120",
        "do_syscall_64+0x33/0x40",
        "entry_SYSCALL_64_after_hwframe+0x67/0xd1",
    ]


def test_idle_cpu_is_followed_out_of_its_nmi(sample_symbols: Symbols, sample_truth: dict[str, Any]) -> None:
    program, unwinder = _parts(sample_symbols)
    from drgn.helpers.linux.sched import cpu_curr

    stack = unwinder.stack(cpu_curr(program, 1))
    assert [frame.pc for frame in stack] == _told(sample_truth["cpu_stacks"]["1"])


def test_stack_starts_from_the_registers_in_the_notes(
    sample_symbols: Symbols, sample_memory: Memory, sample_truth: dict[str, Any]
) -> None:
    _, unwinder = _parts(sample_symbols)
    (registers,) = (cpu.registers for cpu in cpu_registers(sample_memory.dump) if cpu.cpu == 0)
    assert not isinstance(registers, Missing)
    assert [frame.pc for frame in unwinder.stack_from(registers)] == _told(sample_truth["crashed_stack"])


def test_stack_is_the_same_through_our_own_reader(
    sample_vmcore: Path, sample_truth: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "flattened"
    path.write_bytes(flatten(sample_vmcore.read_bytes()))
    with open_dump(path) as dump:
        assert not dump.native
        program, unwinder = _parts(find_symbols(open_memory(dump)))
        stack = unwinder.stack(program.crashed_thread())
        assert [frame.pc for frame in stack] == _told(sample_truth["crashed_stack"])


def _stack(folder: Path, content: bytes, ip: int, **values: int) -> list[RawFrame]:
    program, unwinder = _parts(crashed_kernel(folder, content))
    return unwinder.stack(registers(program, ip=ip, sp=STACK, **values))


def test_caller_of_code_without_unwind_data_is_found_on_the_stack(tmp_path: Path) -> None:
    # A word that is an address in text but follows no call, and a return address of a call to something else.
    stack = words(JUNK, CRASH_KEXEC, IN_OUTER, IN_PANIC, JUNK, IN_OUTER, 0)
    frames = _stack(tmp_path, stack, IN_CRASH_KEXEC, bp=STACK + 8)
    assert [(frame.pc, frame.how) for frame in frames] == [
        (IN_CRASH_KEXEC, "unwind"),
        (IN_PANIC, "scan"),
        (IN_OUTER, "unwind"),
    ]
    assert [frame.interrupted for frame in frames] == [True, False, False]
    assert frames[1].sp == STACK + 4 * 8


def test_frames_after_a_caller_that_is_not_found_are_marked(tmp_path: Path) -> None:
    frames = _stack(tmp_path, words(JUNK, JUNK, STACK + 0x20, IN_OUTER, 0, 0), IN_CRASH_KEXEC, bp=STACK + 0x10)
    assert frames[0].reliable
    assert not any(frame.reliable for frame in frames[1:])


# drgn itself knows a call through NULL; not one through garbage.
@pytest.mark.parametrize(("target", "how"), [(0, "unwind"), (0x4141414141414141, "scan")])
def test_caller_of_code_that_is_none_is_found_on_the_stack(tmp_path: Path, target: int, how: str) -> None:
    frames = _stack(tmp_path, words(AFTER_CALL_OF_DATA, 0, 0), target)
    assert [(frame.pc, frame.how) for frame in frames] == [(target, "unwind"), (AFTER_CALL_OF_DATA, how)]


def test_stack_that_cannot_be_read_ends(tmp_path: Path) -> None:
    program, unwinder = _parts(crashed_kernel(tmp_path, b""))
    frames = unwinder.stack(registers(program, ip=IN_CRASH_KEXEC, sp=STACK + 0x100000))
    assert [frame.pc for frame in frames] == [IN_CRASH_KEXEC]


def test_stack_that_goes_round_in_circles_is_bounded(tmp_path: Path) -> None:
    frames = _stack(tmp_path, words(*[IN_PANIC] * 500), IN_CRASH_KEXEC)
    assert len(frames) <= FRAMES_LIMIT


def test_thread_that_does_not_exist_has_no_stack(sample_symbols: Symbols) -> None:
    _, unwinder = _parts(sample_symbols)
    with pytest.raises(ReadError, match="no stack"):
        unwinder.stack(4_000_000)


def test_vanished_frame_of_a_panic_is_found(more_samples: Path) -> None:
    path = more_samples / "6.1-sysrq.vmcore"
    if not path.exists():
        pytest.skip("KDIVE_SAMPLES has no 6.1-sysrq.vmcore")
    with open_dump(path) as dump:
        symbols = find_symbols(open_memory(dump))
        program, unwinder = _parts(symbols)
        frames = unwinder.stack(program.crashed_thread())
        functions = [symbols.functions.at(frame.pc, not frame.interrupted) for frame in frames if symbols.functions]
    assert [function.name for function in functions[:3] if function] == ["__crash_kexec", "panic", "sysrq_handle_crash"]
