from __future__ import annotations

from pathlib import Path

import pytest

from kdive.errors import KdiveError
from kdive.kdump.config import KdumpConfig, LocalTarget, RawTarget, SshTarget
from kdive.kdump.image.target_needs import Disk, chain_of, disk_of, targets_of

MOUNTS = """\
/dev/vda1 / ext4 rw,relatime 0 0
proc /proc proc rw 0 0
/dev/vdb1 /var/crash xfs rw 0 0
"""


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """vda1 is the root, vdb1 holds /var/crash, vdc is mounted nowhere."""
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/mounts").write_text(MOUNTS)
    for number, name in enumerate(("vda1", "vdb1", "vdc")):
        device = tmp_path / "sys/devices/virtual/block" / name
        device.mkdir(parents=True)
        (device / "dev").write_text(f"254:{number}\n")
        for link in (tmp_path / "sys/class/block" / name, tmp_path / f"sys/dev/block/254:{number}"):
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(device)
    (tmp_path / "dev/disk/by-uuid").mkdir(parents=True)
    (tmp_path / "dev/vdc").write_text("")
    (tmp_path / "dev/disk/by-uuid/01-23").symlink_to("../../vdc")
    return tmp_path


def test_without_a_target_the_disk_is_that_of_the_folder(machine: Path) -> None:
    assert disk_of(LocalTarget(), "/var/crash", machine) == Disk("/dev/vdb1", "254:1", "xfs", "/var/crash")
    assert disk_of(LocalTarget(), "/var/other", machine) == Disk("/dev/vda1", "254:0", "ext4", "/")


def test_a_target_is_found_by_its_uuid_although_it_is_not_mounted(machine: Path) -> None:
    disk = disk_of(LocalTarget("UUID=01-23", "ext3"), "/var/crash", machine)
    assert disk == Disk("/dev/vdc", "254:2", "ext3", "")
    assert list(chain_of(disk, machine).modules) == ["ext4"]


def test_a_raw_partition_has_no_file_system(machine: Path) -> None:
    assert disk_of(RawTarget("/dev/vdc"), "", machine).fstype == ""


def test_a_device_that_is_not_there_is_an_error(machine: Path) -> None:
    with pytest.raises(KdiveError, match="UUID=99: there is no such block device"):
        disk_of(LocalTarget("UUID=99"), "/var/crash", machine)


def test_the_root_file_system_is_the_last_target() -> None:
    ssh = SshTarget("root@there")
    assert targets_of(KdumpConfig()) == [LocalTarget()]
    assert targets_of(KdumpConfig(target=ssh)) == [ssh, LocalTarget()]
    assert targets_of(KdumpConfig(target=ssh, second_target=LocalTarget("/dev/vdb1"))) == [
        ssh, LocalTarget("/dev/vdb1"), LocalTarget(),
    ]  # fmt: skip
