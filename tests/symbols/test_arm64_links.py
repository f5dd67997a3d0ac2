from __future__ import annotations

import pytest

from kdive.symbols.arm64_links import link_is_live

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
