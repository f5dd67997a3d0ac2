"""What the kernel's clock said when it stopped."""

from __future__ import annotations

import drgn

from kdive.kernel.context import Kernel
from kdive.units import Nanoseconds, UnixSeconds

_NS_PER_S = 1_000_000_000


def read_date(kernel: Kernel) -> UnixSeconds:
    """The time of day, in seconds."""
    return UnixSeconds(int(_timekeeper(kernel.program).member_("xtime_sec").value_()))


def read_uptime(kernel: Kernel) -> Nanoseconds:
    """Since boot, time asleep included."""
    keeper = _timekeeper(kernel.program)
    mono = _monotonic(keeper)
    offset = keeper.member_("wall_to_monotonic")
    seconds = keeper.member_("xtime_sec").value_() + offset.member_("tv_sec").value_()
    fraction = mono.member_("xtime_nsec").value_() >> mono.member_("shift").value_()
    return Nanoseconds(seconds * _NS_PER_S + offset.member_("tv_nsec").value_() + fraction + _asleep(keeper))


def _timekeeper(program: drgn.Program) -> drgn.Object:
    # 22c62b9a84b8 "timekeeping: Introduce auxiliary timekeepers", v6.17: an array, the first is the core's
    try:
        return program["timekeeper_data"][0].member_("timekeeper")
    except LookupError:
        pass
    # Since v3.17 with its sequence count around it.
    try:
        return program["tk_core"].member_("timekeeper")
    except LookupError:
        return program["timekeeper"]


def _monotonic(keeper: drgn.Object) -> drgn.Object:
    """The structure with xtime_nsec and shift."""
    # "tkr" before v4.1; d28ede83791d "timekeeping: Create struct tk_read_base and use it in struct timekeeper", v3.17
    for member in ("tkr_mono", "tkr"):
        if keeper.type_.has_member(member):
            return keeper.member_(member)
    return keeper


def _asleep(keeper: drgn.Object) -> int:
    """In ns: how far the time since boot is ahead of the monotonic clock."""
    offset = keeper.member_("offs_boot")
    # 2456e8553544 "ktime: Get rid of the union", v4.10
    if offset.type_.unaliased_kind() == drgn.TypeKind.UNION:
        offset = offset.member_("tv64")
    return int(offset.value_())
