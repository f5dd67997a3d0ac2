"""What is known of the machine, read from recorded trees."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

from kdive.facts.missing import Missing
from kdive.kexec.guards import warnings
from kdive.kexec.machine import read_machine

KEYS = """\
0a1b2c3d I------     1 perm 1f0b0000     0     0 keyring   .builtin_trusted_keys: 2
1a1b2c3d I------     1 perm 1f0f0000     0     0 keyring   .platform: 4
2a1b2c3d I--Q---     3 perm 1f3f0000     0 65534 keyring   _uid.0: empty
"""


def put(root: Path, name: str, content: str | bytes) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def test_a_machine_under_secure_boot_is_told(tmp_path: Path) -> None:
    put(tmp_path, "sys/firmware/efi/efivars/SecureBoot-8be4df61", b"\x06\0\0\0\x01")
    put(tmp_path, "sys/kernel/security/lsm", "lockdown,capability,selinux\n")
    put(tmp_path, "proc/self/status", "Name:\tkdive\nCapEff:\t000001ffffffffff\n")
    put(tmp_path, "proc/self/uid_map", "         0          0 4294967295\n")
    put(tmp_path, "proc/keys", KEYS)
    put(tmp_path, "proc/meminfo", "MemTotal:        2048 kB\n")
    machine = read_machine(tmp_path)
    assert (machine.secure_boot, machine.may_boot, machine.container) == (True, True, "")
    assert machine.security_modules == ("lockdown", "capability", "selinux")
    assert machine.keyrings == (".builtin_trusted_keys", ".platform")
    assert machine.memory == 2 << 20


def test_a_caller_without_the_capability_may_not(tmp_path: Path) -> None:
    put(tmp_path, "proc/self/status", "CapEff:\t00000000a80425fb\n")  # Docker's default set
    assert read_machine(tmp_path).may_boot is False


def test_containers_are_known_by_their_marks(tmp_path: Path) -> None:
    put(tmp_path / "a", "run/systemd/container", "lxc\n")
    put(tmp_path / "b", ".dockerenv", "")
    put(tmp_path / "c", "proc/self/uid_map", "0 100000 65536\n")
    assert [read_machine(tmp_path / name).container for name in "abc"] == ["lxc", "Docker", "a user namespace"]


def test_the_kernels_configuration_is_read_wherever_it_lies(tmp_path: Path) -> None:
    text = "CONFIG_KEXEC=y\n# CONFIG_KEXEC_FILE is not set\nCONFIG_SMP=y\n"
    put(tmp_path / "a", f"boot/config-{os.uname().release}", text)
    put(tmp_path / "b", "proc/config.gz", gzip.compress(text.encode()))
    assert read_machine(tmp_path / "a").config == read_machine(tmp_path / "b").config == {"CONFIG_KEXEC": "y"}
    assert isinstance(read_machine(tmp_path / "c").config, Missing)


def test_firmware_without_secure_boot_is_missing_not_off(tmp_path: Path) -> None:
    assert read_machine(tmp_path).secure_boot == Missing("this machine was not booted by EFI")


def test_gpus_and_running_watchdogs_are_warned_of(tmp_path: Path) -> None:
    driver = tmp_path / "sys/bus/pci/drivers/nouveau"
    driver.mkdir(parents=True)
    (tmp_path / "sys/class/drm/card0/device").mkdir(parents=True)
    (tmp_path / "sys/class/drm/card0/device/driver").symlink_to(driver)
    put(tmp_path, "sys/class/watchdog/watchdog0/state", "active\n")
    put(tmp_path, "sys/class/watchdog/watchdog0/timeout", "60\n")
    put(tmp_path, "sys/class/watchdog/watchdog1/state", "inactive\n")
    gpu, dog = warnings(tmp_path)
    assert "driven by nouveau" in gpu
    assert dog == "watchdog0 is running: the new kernel must feed it within 60 s, or the machine resets"
    assert warnings(tmp_path / "empty") == ()
