"""States of tasks, as letters: against what sched.h of each generation says."""

from __future__ import annotations

import pytest

from kdive.compat.task import cpu_member, state_letters, state_member, states
from kdive.compat.variables import Layout

RHEL_7 = "RSDTtZXxKWP"  # first letters of task_state_array, fs/proc/array.c, 3.10
UBUNTU_16_04 = "RSDTtXZxKWPNn"  # 4.4 and 4.8
SINCE_4_14 = "RSDTtXZPI"


class _Kernel(Layout):
    def __init__(self, *members: str) -> None:
        self._members = members

    def has_type(self, name: str) -> bool:
        return False

    def has_member(self, type_name: str, member: str) -> bool:
        return f"{type_name}.{member}" in self._members


@pytest.mark.parametrize(
    ("array", "state", "exit_state", "letters"),
    [
        (SINCE_4_14, 0, 0, "RU"),
        (SINCE_4_14, 0x1, 0, "IN"),
        (SINCE_4_14, 0x102, 0, "UN"),  # TASK_KILLABLE
        (SINCE_4_14, 0x402, 0, "ID"),
        (SINCE_4_14, 0x2001, 0, "IN"),  # TASK_FREEZABLE
        (SINCE_4_14, 0x8000, 0, "UN"),  # TASK_FROZEN
        (SINCE_4_14, 0x40, 0, "PA"),
        (SINCE_4_14, 0x80, 0x20, "ZO"),
        (SINCE_4_14, 0x80, 0x10, "DE"),
        (SINCE_4_14, 0x108, 0, "TR"),
        (SINCE_4_14, 0x4000_0000, 0, "??"),
        ("", 0x40, 0, "PA"),
        (RHEL_7, 0, 0, "RU"),
        (RHEL_7, 0x82, 0, "UN"),  # TASK_KILLABLE
        (RHEL_7, 0x200, 0, "PA"),
        (RHEL_7, 0x100, 0, "WA"),
        (RHEL_7, 0x40, 0x10, "ZO"),
        (RHEL_7, 0x40, 0x20, "DE"),
        (UBUNTU_16_04, 0x40, 0x20, "ZO"),
        (UBUNTU_16_04, 0x402, 0, "ID"),
        (UBUNTU_16_04, 0x800, 0, "NE"),
    ],
)
def test_bits_are_the_states_of_their_generation(array: str, state: int, exit_state: int, letters: str) -> None:
    assert state_letters(state, exit_state, states(array)) == letters


def test_the_state_has_its_name_since_5_14() -> None:
    assert state_member(_Kernel("struct task_struct.__state")) == "__state"
    assert state_member(_Kernel("struct task_struct.state")) == "state"


@pytest.mark.parametrize(
    ("kernel", "member"),
    [
        pytest.param(_Kernel("struct task_struct.thread_info", "struct thread_info.cpu"), "thread_info.cpu", id="5.16"),
        pytest.param(_Kernel("struct task_struct.thread_info", "struct task_struct.cpu"), "cpu", id="4.9"),
        pytest.param(_Kernel("struct task_struct.stack", "struct thread_info.cpu"), "", id="3.10"),
    ],
)
def test_the_cpu_is_in_the_task_or_at_its_stack(kernel: Layout, member: str) -> None:
    assert cpu_member(kernel) == member
