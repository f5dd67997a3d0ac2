from __future__ import annotations

import struct
from pathlib import Path

import pytest

from kdive.symbols.arm64_links import link_is_live
from kdive.symbols.unwind import RawFrame
from tests.symbols.build_arm64_stack import (
    IN_ENTRY,
    IN_HANDLER,
    IN_LEAF,
    IN_MIDDLE,
    IN_OUTER,
    LEAF,
    MIDDLE,
    OUTER,
    STACK,
    STACKFRAME,
    arm64_kernel,
    saved_registers,
    signed,
)

# Instructions as gcc 12 writes them, by their encoding.
NOP, PACIASP, AUTIASP = 0xD503201F, 0xD503233F, 0xD50323BF
PUSH, SET_FRAME, POP = 0xA9BE7BFD, 0x910003FD, 0xA8C27BFD  # stp x29, x30, [sp, #-32]!; mov x29, sp; ldp …, [sp], #32
LOAD, RET, RETAA, BRANCH = 0xF9400C00, 0xD65F03C0, 0xD65F0BFF, 0x14000004
CALL, CALL_X1, CALL_X1_SIGNED = 0x94000000, 0xD63F0020, 0xD63F083F
SUB_SP, SET_HIGH_FRAME, POP_OFFSET, ADD_SP = 0xD10103FF, 0x910083FD, 0xA9427BFD, 0x910103FF
KEEP_LINK = 0xAA1E03E9  # mov x9, x30
FUNCTION = [NOP, NOP, PACIASP, PUSH, SET_FRAME, LOAD, CALL, POP, AUTIASP]


def test_leaf_has_its_caller_in_the_link_register() -> None:
    assert link_is_live([NOP, NOP])
    assert link_is_live([NOP, NOP, LOAD, PACIASP])


def test_function_that_just_started_has_its_caller_in_the_link_register() -> None:
    assert all(link_is_live(FUNCTION[:length]) for length in range(5))


def test_body_of_a_function_has_its_caller_in_the_frame_record() -> None:
    assert not any(link_is_live(FUNCTION[:length]) for length in range(5, 8))


def test_function_that_took_its_record_down_has_its_caller_in_the_link_register() -> None:
    assert link_is_live(FUNCTION[:8])
    assert link_is_live(FUNCTION[:9])


@pytest.mark.parametrize("leave", [RET, RETAA, BRANCH])
def test_what_stands_behind_the_end_belongs_to_the_body(leave: int) -> None:
    assert not link_is_live([*FUNCTION, leave])
    assert not link_is_live([*FUNCTION, leave, LOAD])


def test_what_stands_behind_an_early_end_has_no_record_yet() -> None:
    assert link_is_live([NOP, RET, LOAD])


def test_record_above_local_variables_is_seen() -> None:
    body = [SUB_SP, 0xA9027BFD, SET_HIGH_FRAME]  # stp x29, x30, [sp, #32]
    assert not link_is_live(body)
    assert link_is_live([*body, POP_OFFSET, ADD_SP])


@pytest.mark.parametrize("call", [CALL, CALL_X1, CALL_X1_SIGNED])
def test_call_without_a_record_loses_the_caller(call: int) -> None:
    assert not link_is_live([LOAD, call])


def test_call_of_the_function_tracer_loses_nothing() -> None:
    assert link_is_live([KEEP_LINK, CALL, PACIASP])


# Frame records of `middle` and `outer`, the latter being the last.
MIDDLES, OUTERS = STACK + 0x800, STACK + 0x810
RECORDS = struct.pack("<4Q", OUTERS, signed(IN_OUTER), 0, 0)


def _stack(folder: Path, below: bytes = b"", **registers: int) -> list[RawFrame]:
    """The frames from `registers`, with `below` at STACK and the frame records behind it."""
    symbols = arm64_kernel(folder, below.ljust(MIDDLES - STACK, b"\0") + RECORDS)
    assert symbols.unwinder is not None, symbols.rung.why
    return symbols.unwinder.stack_from({"pstate": 5, "sp": STACK, **registers})


def test_caller_of_a_leaf_is_found_in_the_link_register(tmp_path: Path) -> None:
    frames = _stack(tmp_path, pc=IN_LEAF, x29=MIDDLES, x30=IN_MIDDLE)
    assert [frame.pc for frame in frames] == [IN_LEAF, IN_MIDDLE, IN_OUTER]
    assert [frame.interrupted for frame in frames] == [True, False, False]
    assert {frame.how for frame in frames} == {"unwind"}


def test_signed_link_register_is_understood(tmp_path: Path) -> None:
    frames = _stack(tmp_path, pc=IN_LEAF, x29=MIDDLES, x30=signed(IN_MIDDLE))
    assert [frame.pc for frame in frames] == [IN_LEAF, IN_MIDDLE, IN_OUTER]


@pytest.mark.parametrize("nowhere", [0, 0x41414141, 0xFFFF800012345670])
def test_caller_of_code_that_is_none_is_in_the_link_register(tmp_path: Path, nowhere: int) -> None:
    frames = _stack(tmp_path, pc=nowhere, x29=MIDDLES, x30=IN_MIDDLE)
    assert [frame.pc for frame in frames] == [nowhere, IN_MIDDLE, IN_OUTER]


def test_function_with_a_record_has_no_caller_beside_it(tmp_path: Path) -> None:
    frames = _stack(tmp_path, pc=IN_MIDDLE, x29=MIDDLES, x30=IN_MIDDLE)
    assert [frame.pc for frame in frames] == [IN_MIDDLE, IN_OUTER]


@pytest.mark.parametrize("link", [0, IN_MIDDLE + 4, IN_MIDDLE + 1, MIDDLE, OUTER + 4, STACK])
def test_link_that_follows_no_call_is_no_caller(tmp_path: Path, link: int) -> None:
    frames = _stack(tmp_path, pc=IN_LEAF, x29=MIDDLES, x30=link)
    assert [frame.pc for frame in frames] == [IN_LEAF, IN_OUTER]


# Since 6.13 the record of an exception is no ordinary one: it is empty, and its type stands behind.
@pytest.mark.parametrize("record", [(MIDDLES, IN_LEAF), (0, 0)])
def test_stack_goes_on_where_an_exception_came_in(tmp_path: Path, record: tuple[int, int]) -> None:
    handler, saved = STACK + 0x20, STACK + 0x100
    below = struct.pack("<2Q", saved + STACKFRAME, IN_ENTRY).rjust(0x30, b"\0").ljust(0x100, b"\0")
    below += saved_registers(pc=IN_LEAF, link=signed(IN_MIDDLE), frame=MIDDLES, record=record)
    frames = _stack(tmp_path, below, pc=IN_HANDLER, x29=handler, x30=IN_HANDLER)
    assert [frame.pc for frame in frames] == [IN_HANDLER, IN_ENTRY, IN_LEAF, IN_MIDDLE, IN_OUTER]
    assert [frame.interrupted for frame in frames] == [True, False, True, False, False]
    assert frames[1].sp == saved + STACKFRAME


def test_exception_whose_registers_make_no_sense_ends_the_stack(tmp_path: Path) -> None:
    handler, saved = STACK + 0x20, STACK + 0x100
    below = struct.pack("<2Q", saved + STACKFRAME, IN_ENTRY).rjust(0x30, b"\0").ljust(0x100, b"\0")
    below += saved_registers(pc=0x41414141, link=LEAF, frame=MIDDLES, record=(0, 0))
    frames = _stack(tmp_path, below, pc=IN_HANDLER, x29=handler, x30=IN_HANDLER)
    assert [frame.pc for frame in frames] == [IN_HANDLER, IN_ENTRY]
