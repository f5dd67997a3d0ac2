"""Each fault of a machine is found by the check that is about it, and by no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from kdive.errors import KdiveError
from kdive.kdump.doctor.examine import Checked, examine, known, worst
from kdive.kdump.doctor.host import Host
from tests.kdump.trees_of_hosts import CMDLINE, CONFIG, GRUB, RELEASE, healthy, write


def wrong(root: Path) -> dict[str, Checked]:
    """What is not well with the machine below `root`."""
    return {one.id: one for one in examine(Host(root)) if one.result in ("warn", "fail")}


def test_nothing_is_wrong_with_a_healthy_machine(tmp_path: Path) -> None:
    checked = examine(Host(healthy(tmp_path)))
    assert {one.id: one.reason for one in checked if one.result in ("warn", "fail")} == {}
    assert worst(checked) == "ok"


def test_every_check_says_what_it_is_about_and_why(tmp_path: Path) -> None:
    for one in examine(Host(healthy(tmp_path))):
        assert one.what, one.id
        assert len(one.why) > 60, one.id
        assert "_" not in one.id


def test_checks_come_in_the_order_of_the_chain() -> None:
    order = known()
    assert order.index("kernel-config") < order.index("memory-reserved")


def test_an_unknown_check_is_refused_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(KdiveError, match="there is no check memory") as error:
        examine(Host(tmp_path), ["memory"])
    assert "memory-reserved" in error.value.hint


def test_no_crashkernel_parameter(tmp_path: Path) -> None:
    word = " crashkernel=256M"
    plain = {"proc/cmdline": CMDLINE.replace(word, ""), "boot/grub/grub.cfg": GRUB.replace(word, "")}
    found = wrong(write(healthy(tmp_path), {**plain, "sys/kernel/kexec_crash_size": "0\n"}))
    assert list(found) == ["memory-reserved"]
    assert found["memory-reserved"].result == "fail"
    assert "/proc/cmdline: no crashkernel=" in found["memory-reserved"].evidence
    assert "kdive setup" in found["memory-reserved"].fix


def test_a_reservation_that_failed_is_shown_as_the_kernel_logged_it(tmp_path: Path) -> None:
    line = "[    0.012] crashkernel reservation failed - No suitable area found."
    tree = write(healthy(tmp_path), {"sys/kernel/kexec_crash_size": "0\n", "var/log/dmesg": line + "\n"})
    found = wrong(tree)
    assert list(found) == ["memory-reserved"]
    assert f"kernel log: {line}" in found["memory-reserved"].evidence


def test_crashkernel_auto_is_named_as_the_reason(tmp_path: Path) -> None:
    auto = CMDLINE.replace("256M", "auto")
    found = wrong(write(healthy(tmp_path), {"proc/cmdline": auto, "sys/kernel/kexec_crash_size": "0\n"}))
    assert "RHEL" in found["memory-reserved"].reason


def test_a_kernel_without_crash_dumps(tmp_path: Path) -> None:
    config = CONFIG.replace("CONFIG_CRASH_DUMP=y", "# CONFIG_CRASH_DUMP is not set")
    found = wrong(write(healthy(tmp_path), {f"boot/config-{RELEASE}": config}))
    assert list(found) == ["kernel-config"]
    assert "CONFIG_CRASH_DUMP" in found["kernel-config"].reason


def test_a_kernel_that_only_the_older_call_loads(tmp_path: Path) -> None:
    config = CONFIG.replace("CONFIG_KEXEC_FILE=y\n", "")
    found = wrong(write(healthy(tmp_path), {f"boot/config-{RELEASE}": config}))
    assert found["kernel-config"].result == "warn"
    assert "kexec-tools" in found["kernel-config"].fix


def test_a_crashkernel_parameter_that_waits_for_the_next_boot(tmp_path: Path) -> None:
    plain = CMDLINE.replace(" crashkernel=256M", "")
    found = wrong(write(healthy(tmp_path), {"proc/cmdline": plain, "sys/kernel/kexec_crash_size": "0\n"}))
    assert list(found) == ["memory-reserved"]
    assert found["memory-reserved"].fix == "reboot"


def test_a_next_boot_that_reserves_nothing(tmp_path: Path) -> None:
    found = wrong(write(healthy(tmp_path), {"boot/grub/grub.cfg": GRUB.replace(" crashkernel=256M", "")}))
    assert [(one.id, one.result) for one in found.values()] == [("crashkernel-words", "fail")]


def test_a_next_boot_that_reserves_another_amount(tmp_path: Path) -> None:
    found = wrong(write(healthy(tmp_path), {"boot/grub/grub.cfg": GRUB.replace("=256M", "=1G-:512M")}))
    assert [(one.id, one.result) for one in found.values()] == [("crashkernel-words", "warn")]


def test_a_reservation_at_a_fixed_address(tmp_path: Path) -> None:
    texts = {"proc/cmdline": CMDLINE, "boot/grub/grub.cfg": GRUB}
    found = wrong(write(healthy(tmp_path), {name: text.replace("=256M", "=256M@16M") for name, text in texts.items()}))
    assert list(found) == ["crashkernel-words"]
