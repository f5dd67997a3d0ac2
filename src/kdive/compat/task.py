"""The state of a task, as two letters."""

from __future__ import annotations

# include/linux/sched.h. EXIT_ZOMBIE and EXIT_DEAD changed places in v3.15 (ad86622b478e): zombies are rare enough.
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
)
_BLOCKED_FLAGS = _UNINTERRUPTIBLE | _NOLOAD


def state_letters(state: int, exit_state: int) -> str:
    """What crash's ps shows under ST; "ID" for a kernel thread that sleeps without counting as load."""
    bits = state | exit_state
    if bits & _BLOCKED_FLAGS == _BLOCKED_FLAGS:
        return "ID"
    if not bits:
        return "RU"
    return next((letters for bit, letters in _STATES if bits & bit), "??")


def state_member(members: set[str]) -> str:
    """Name of the member of struct task_struct that holds the state."""
    # 2f064a59a11f "sched: Change task_struct::state", v5.14
    return "__state" if "__state" in members else "state"
