from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdive.symbols.calls import direct_target, ends_with_indirect_call


@pytest.mark.parametrize(
    ("code", "assembly"),
    [
        ("ffd0", "call *%rax"),
        ("41ffd3", "call *%r11"),
        ("ff5018", "call *0x18(%rax)"),
        ("ff9080000000", "call *0x80(%rax)"),
        ("ff15f0debc0a", "call *0xabcdef0(%rip)"),
        ("ff14c500a0e081", "call *-0x7e1f6000(,%rax,8)"),
        ("ff542418", "call *0x18(%rsp)"),
        ("41ff942488000000", "call *0x88(%r12)"),
        ("ff10", "call *(%rax)"),
    ],
)
def test_indirect_calls_are_recognised(code: str, assembly: str) -> None:
    assert ends_with_indirect_call(bytes.fromhex("90" * 4 + code)), assembly


@pytest.mark.parametrize(
    ("code", "assembly"),
    [
        ("ffe0", "jmp *%rax"),
        ("ff7018", "push 0x18(%rax)"),
        ("e800000000", "call +0"),
        ("48ffc0", "inc %rax"),
        ("0f1f440000", "nop"),
        ("c3", "ret"),
    ],
)
def test_other_instructions_are_no_indirect_calls(code: str, assembly: str) -> None:
    assert not ends_with_indirect_call(bytes.fromhex("90" * 7 + code)), assembly


def test_direct_call_tells_its_target_backwards_too() -> None:
    assert direct_target(bytes.fromhex("90e8fb000000"), 0x1005) == 0x1100
    assert direct_target(bytes.fromhex("e8fbfeffff"), 0xFFFFFFFF81000105) == 0xFFFFFFFF81000000
    assert direct_target(bytes.fromhex("e900000000"), 0x1005) is None
    assert direct_target(b"\xe8", 0x1005) is None


@given(st.binary(max_size=12), st.integers(0, (1 << 64) - 1))
def test_any_bytes_are_judged(before: bytes, address: int) -> None:
    target = direct_target(before, address)
    assert target is None or 0 <= target < 1 << 64
    assert ends_with_indirect_call(before) in (True, False)
