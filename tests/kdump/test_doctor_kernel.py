"""Faults of kernel, limits and triggers: each found by its own check, and mended where that is safe."""

from __future__ import annotations

from pathlib import Path

import pytest

from kdive.kdump.doctor.examine import Checked, examine, mend
from kdive.kdump.doctor.host import Host
from tests.kdump.trees_of_hosts import RELEASE, healthy, without, write
from tests.kexec import images


def only_wrong(root: Path, id_: str, result: str) -> Checked:
    """The one check that finds something, which is `id_`."""
    found = [one for one in examine(Host(root)) if one.result in ("warn", "fail")]
    assert [(one.id, one.result) for one in found] == [(id_, result)], found
    return found[0]


def test_a_kernel_whose_file_is_gone(tmp_path: Path) -> None:
    tree = without(write(healthy(tmp_path), {"boot/vmlinuz-5.10.0-32-amd64": b""}), f"boot/vmlinuz-{RELEASE}")
    assert "the file of the running kernel is gone" in only_wrong(tree, "kernel-image", "fail").reason


def test_a_kernel_that_is_cut_short(tmp_path: Path) -> None:
    tree = write(healthy(tmp_path), {f"boot/vmlinuz-{RELEASE}": images.x86(RELEASE)[:0x210]})
    only_wrong(tree, "kernel-image", "fail")


def test_a_kernel_of_another_architecture(tmp_path: Path) -> None:
    tree = write(healthy(tmp_path), {f"boot/vmlinuz-{RELEASE}": images.arm64(RELEASE)})
    assert "a kernel for aarch64" in only_wrong(tree, "kernel-image", "fail").reason


def test_a_kernel_that_was_replaced_by_another_version(tmp_path: Path) -> None:
    tree = write(healthy(tmp_path), {f"boot/vmlinuz-{RELEASE}": images.x86("6.1.0-57-amd64")})
    assert "6.1.0-57-amd64, and 6.1.0-56-amd64 runs" in only_wrong(tree, "kernel-image", "warn").reason


def test_an_unsigned_kernel_under_lockdown(tmp_path: Path) -> None:
    tree = write(healthy(tmp_path), {"sys/kernel/security/lockdown": "none [integrity] confidentiality\n"})
    assert "is not signed" in only_wrong(tree, "signatures", "fail").reason


def test_loads_that_are_closed_after_a_capture_kernel_was_loaded(tmp_path: Path) -> None:
    tree = write(healthy(tmp_path), {"proc/sys/kernel/kexec_load_disabled": "1\n"})
    assert "before the next boot" in only_wrong(tree, "load-limits", "warn").reason


def test_loads_that_are_nearly_used_up(tmp_path: Path) -> None:
    tree = write(healthy(tmp_path), {"proc/sys/kernel/kexec_load_limit_panic": "2\n"})
    assert "only 2 more loads" in only_wrong(tree, "load-limits", "warn").reason


def test_many_loads_that_are_left_are_no_trouble(tmp_path: Path) -> None:
    tree = write(healthy(tmp_path), {"proc/sys/kernel/kexec_load_limit_panic": "9\n"})
    assert all(one.result not in ("warn", "fail") for one in examine(Host(tree)))


def test_nothing_is_loaded(tmp_path: Path) -> None:
    tree = write(healthy(tmp_path), {"sys/kernel/kexec_crash_loaded": "0\n"})
    found = only_wrong(tree, "image-loaded", "fail")
    assert found.evidence == ("/sys/kernel/kexec_crash_loaded: 0",)


@pytest.mark.parametrize("sysctl", ["panic_on_oops", "panic"])
def test_a_trigger_that_is_off_is_set_by_the_fix(sysctl: str, tmp_path: Path) -> None:
    tree = write(healthy(tmp_path), {f"proc/sys/kernel/{sysctl}": "0\n"})
    found = only_wrong(tree, "panic-triggers", "warn")
    assert found.fixable
    assert f"kernel.{sysctl} is 0" in found.reason
    mend(Host(tree), found)
    assert all(one.result not in ("warn", "fail") for one in examine(Host(tree)))
    assert f"kernel.{sysctl} = " in (tree / "etc/sysctl.d/60-kdive.conf").read_text()
    assert (tree / "proc/sys/kernel/softlockup_panic").read_text() == "0\n"


def test_nothing_follows_what_is_plugged_in(tmp_path: Path) -> None:
    tree = write(
        healthy(tmp_path),
        {
            "sys/devices/system/memory/crash_hotplug": "0\n",
            "sys/devices/system/cpu/crash_hotplug": "0\n",
            "sys/devices/system/memory/auto_online_blocks": "online\n",
            "sys/devices/system/memory/memory0/state": "online\n",
        },
    )
    only_wrong(tree, "hotplug", "warn")
    rule = 'SUBSYSTEM=="memory", ACTION=="add", RUN+="/usr/lib/udev/kdump-udev-throttler"\n'
    write(tree, {"usr/lib/udev/rules.d/98-kexec.rules": rule})
    assert all(one.result not in ("warn", "fail") for one in examine(Host(tree)))


def test_a_firmware_dump_that_is_not_registered(tmp_path: Path) -> None:
    tree = write(healthy(tmp_path), {"sys/kernel/fadump/enabled": "1\n", "sys/kernel/fadump/registered": "0\n"})
    assert only_wrong(tree, "fadump", "fail").fix == "echo 1 > /sys/kernel/fadump/registered"


def test_no_hardware_clock(tmp_path: Path) -> None:
    only_wrong(without(healthy(tmp_path), "sys/class/rtc"), "clock", "warn")


def test_a_hardware_clock_in_local_time(tmp_path: Path) -> None:
    only_wrong(write(healthy(tmp_path), {"etc/adjtime": "0.0 0 0.0\n0\nLOCAL\n"}), "clock", "warn")
