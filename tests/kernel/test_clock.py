"""The clock of kernels of all generations, built: the timekeeper moved and its members changed names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import drgn
import pytest

from kdive.kernel.clock import read_date, read_uptime
from tests.kernel.build_program import BuiltKernel

DATE = 1_700_000_000
BOOTED = 1_699_996_400  # an hour before, of which the machine slept 60 s
ASLEEP_NS = 60 * 10**9
SHIFT = 8
UPTIME_NS = 3600 * 10**9 + 250_000_000


def timekeeper(kernel: BuiltKernel, base: str, ktime_union: bool) -> tuple[drgn.Type, dict[str, Any]]:
    """struct timekeeper with its values; `base` is the member that holds xtime_nsec and shift, "" for none."""
    timespec = kernel.struct("timespec64", [("tv_sec", kernel.s64), ("tv_nsec", kernel.s64)])
    ktime = kernel.union("ktime", [("tv64", kernel.s64)]) if ktime_union else kernel.s64
    fraction = [("xtime_nsec", kernel.u64), ("shift", kernel.u32)]
    values: dict[str, Any] = {"xtime_nsec": 500_000_000 << SHIFT, "shift": SHIFT}
    if base:
        fraction, values = [(base, kernel.struct("tk_read_base", fraction))], {base: values}
    type_ = kernel.struct(
        "timekeeper", [*fraction, ("xtime_sec", kernel.u64), ("wall_to_monotonic", timespec), ("offs_boot", ktime)]
    )
    values |= {
        "xtime_sec": DATE,
        "wall_to_monotonic": {"tv_sec": -BOOTED - 61, "tv_nsec": 750_000_000},
        "offs_boot": {"tv64": ASLEEP_NS} if ktime_union else ASLEEP_NS,
    }
    return type_, values


@pytest.mark.parametrize(
    ("variable", "base", "ktime_union"),
    [
        pytest.param("timekeeper", "", True, id="3.10"),
        pytest.param("tk_core", "tkr", True, id="3.17"),
        pytest.param("tk_core", "tkr_mono", False, id="4.10"),
        pytest.param("timekeeper_data", "tkr_mono", False, id="6.17"),
    ],
)
def test_date_and_uptime_are_read_wherever_the_timekeeper_is(
    variable: str, base: str, ktime_union: bool, tmp_path: Path
) -> None:
    kernel = BuiltKernel()
    type_, values = timekeeper(kernel, base, ktime_union)
    if variable == "timekeeper":
        kernel.variable(variable, type_, values)
    else:
        holder = kernel.struct("tk_data", [("seq", kernel.u32), ("timekeeper", type_)])
        held = {"seq": 0, "timekeeper": values}
        if variable == "tk_core":
            kernel.variable(variable, holder, held)
        else:
            kernel.variable(variable, kernel.array(holder, 2), [held, {}])
    built = kernel.kernel(tmp_path)
    assert read_date(built) == DATE
    assert read_uptime(built) == UPTIME_NS
