"""The state of a task, as two letters; where the members lie that moved."""

from __future__ import annotations

from collections.abc import Sequence

from kdive.compat.variables import Layout

# include/linux/sched.h, since v4.14; those of exit_state first
_UNINTERRUPTIBLE = 0x2
_NOLOAD = 0x400  # 80ed87c8a9ca "sched/wait: Introduce TASK_NOLOAD and TASK_IDLE", v4.2
_STATES = (
    (0x0010, "DE"),
    (0x0020, "ZO"),
    (0x0001, "IN"),
    (_UNINTERRUPTIBLE, "UN"),
    (0x0004, "ST"),
    (0x0008, "TR"),
    (0x0040, "PA"),
    (0x0080, "DE"),
    (0x0100, "WK"),
    (0x0200, "WA"),
    (0x0800, "NE"),
    (0x1000, "UN"),  # TASK_RTLOCK_WAIT: waits for a lock that is none without PREEMPT_RT
    (0x8000, "UN"),  # TASK_FROZEN
)
_BLOCKED_FLAGS = _UNINTERRUPTIBLE | _NOLOAD
_EXIT_STATES = (0x10, 0x20)
_OLD_LETTERS = {
    "S": "IN",
    "D": "UN",
    "T": "ST",
    "t": "TR",
    "Z": "ZO",
    "X": "DE",
    "x": "DE",
    "K": "WK",
    "W": "WA",
    "P": "PA",
    "N": "ID",
    "n": "NE",
}

States = Sequence[tuple[int, str]]


def states(task_state_array: str) -> States:
    """Which bit is which state. `task_state_array` has the first letter of each of its strings, "" where unknown.

    Kernels before 4.14 list all states there, TASK_DEAD ("x") too; several have other bits than later ones. In v3.15
    EXIT_ZOMBIE and EXIT_DEAD changed places (ad86622b478e).
    """
    if "x" not in task_state_array:
        return _STATES
    listed = [(1 << number, _OLD_LETTERS.get(letter, "??")) for number, letter in enumerate(task_state_array[1:])]
    return sorted(listed, key=lambda state: state[0] not in _EXIT_STATES)


def state_letters(state: int, exit_state: int, known: States = _STATES) -> str:
    """What crash's ps shows under ST; "ID" for a kernel thread that sleeps without counting as load."""
    bits = state | exit_state
    if bits & _BLOCKED_FLAGS == _BLOCKED_FLAGS:
        return "ID"
    if not bits:
        return "RU"
    return next((letters for bit, letters in known if bits & bit), "??")


def state_member(layout: Layout) -> str:
    """Name of the member of struct task_struct that holds the state."""
    # 2f064a59a11f "sched: Change task_struct::state", v5.14
    return "__state" if layout.has_member("struct task_struct", "__state") else "state"


def cpu_member(layout: Layout) -> str:
    """The member of struct task_struct that holds the CPU; "" where thread_info does, at the start of the stack."""
    # bcf9033e5449 "sched: move CPU field back into thread_info if THREAD_INFO_IN_TASK=y", v5.16
    if layout.has_member("struct task_struct", "thread_info") and layout.has_member("struct thread_info", "cpu"):
        return "thread_info.cpu"
    # c65eacbe290b "sched/core: Allow putting thread_info into task_struct", v4.9
    return "cpu" if layout.has_member("struct task_struct", "cpu") else ""
