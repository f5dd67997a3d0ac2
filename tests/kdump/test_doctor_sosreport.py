"""A sosreport has little of a machine: what is not in it is skipped, what is in it is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from kdive.kdump.doctor.examine import Checked, examine
from kdive.kdump.doctor.host import Host
from tests.kdump.trees_of_hosts import link, write

RELEASE = "5.14.0-503.11.1.el9_5.x86_64"
CMDLINE = f"BOOT_IMAGE=(hd0,gpt2)/vmlinuz-{RELEASE} root=/dev/mapper/rhel-root ro crashkernel=1G-4G:192M,4G-64G:256M"


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """What sos collects of a RHEL 9 with kdump-utils, as far as it matters here."""
    uname = f"Linux db1.example.com {RELEASE} #1 SMP PREEMPT_DYNAMIC Mon Sep 30 11:54:45 EDT 2024"
    write(
        tmp_path,
        {
            "version.txt": "sosreport: 4.8.2\n",
            "sos_logs/sos.log": "",
            "sos_commands/kernel/uname_-a": f"{uname} x86_64 x86_64 x86_64 GNU/Linux\n",
            "sos_commands/kernel/sysctl_-a": (
                "kernel.panic = 0\nkernel.panic_on_oops = 1\nkernel.kexec_load_disabled = 0\nkernel.sysrq = 16\n"
            ),
            "sos_commands/kernel/dmesg": "[    0.0] crashkernel reserved: 0x0000000063000000 - 0x000000006f000000\n",
            "sos_commands/filesys/df_-al_-x_autofs": (
                "Filesystem            1K-blocks    Used Available Use% Mounted on\n"
                "/dev/mapper/rhel-root  17756160 2211020  15545140  13% /\n"
            ),
            "proc/cmdline": CMDLINE + "\n",
            "proc/meminfo": "MemTotal: 3727092 kB\nMemFree: 2500000 kB\nCached: 600000 kB\nAnonPages: 200000 kB\n",
            "proc/self/mounts": "/dev/mapper/rhel-root / xfs rw,seclabel,relatime 0 0\n",
            f"boot/config-{RELEASE}": (
                "CONFIG_KEXEC=y\nCONFIG_KEXEC_FILE=y\nCONFIG_CRASH_DUMP=y\nCONFIG_PROC_VMCORE=y\nCONFIG_DEBUG_INFO_BTF=y\n"
            ),
            "sys/kernel/kexec_loaded": "0\n",
            "sys/kernel/kexec_crash_loaded": "1\n",
            "sys/kernel/kexec_crash_size": f"{192 << 20}\n",
            "sys/class/dmi/id/sys_vendor": "VMware, Inc.\n",
            "usr/lib/udev/rules.d/98-kexec.rules": 'SUBSYSTEM=="memory", RUN+="kdump-udev-throttler"\n',
            "var/crash/127.0.0.1-2026-01-02-03:04:05/vmcore-dmesg.txt": "[  1.0] Kernel panic - not syncing\n",
            "var/lib/systemd/random-seed": "",
        },
    )
    unit = "etc/systemd/system/multi-user.target.wants/kdump.service"
    return link(tmp_path, unit, "/usr/lib/systemd/system/kdump.service") and tmp_path


def results(root: Path) -> dict[str, Checked]:
    return {one.id: one for one in examine(Host(root))}


def test_only_what_is_wrong_is_told(report: Path) -> None:
    found = results(report)
    assert [one.id for one in found.values() if one.result in ("warn", "fail")] == ["panic-triggers"]
    for name in (
        "memory-reserved",
        "kernel-config",
        "image-loaded",
        "services",
        "target-local",
        "target-space",
        "hotplug",
    ):
        assert found[name].result == "ok", found[name]
    assert found["services"].reason == "kdump.service loads the capture kernel at each boot"
    assert found["memory-reserved"].reason == "192 MB are reserved"


def test_a_kdump_service_that_failed_is_seen_in_the_list_of_units(report: Path) -> None:
    line = "● kdump.service   loaded failed failed   Crash recovery kernel arming\n"
    write(report, {"sos_commands/systemd/systemctl_list-units": line, "sys/kernel/kexec_crash_loaded": "0\n"})
    found = results(report)
    assert (found["services"].result, found["image-loaded"].result) == ("warn", "fail")
    assert found["services"].fix == "journalctl -b -u kdump.service"
