"""Trees as /sys shows them, with the links that matter."""

from __future__ import annotations

from pathlib import Path

import pytest

from kdive.errors import KdiveError
from kdive.kdump.image.device_chain import block_chain, net_chain, watchdogs


def link(path: Path, target: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    target.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


def text(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def virtio_disk(root: Path) -> Path:
    """vda with a partition; virtio_pci is built in."""
    pci = root / "sys/devices/pci0000:00/0000:00:03.0"
    link(pci / "driver", root / "sys/bus/pci/drivers/virtio-pci")
    text(pci / "modalias", "pci:v00001AF4d00001001sv00001AF4sd00000002bc01sc00i00\n")
    virtio = pci / "virtio0"
    link(virtio / "driver", root / "sys/bus/virtio/drivers/virtio_blk")
    link(root / "sys/bus/virtio/drivers/virtio_blk/module", root / "sys/module/virtio_blk")
    text(virtio / "modalias", "virtio:d00000002v00001AF4\n")
    disk = virtio / "block/vda"
    link(disk / "device", virtio)
    text(disk / "vda1/partition", "1\n")
    link(root / "sys/dev/block/254:1", disk / "vda1")
    return disk


def test_a_partition_of_a_virtio_disk(tmp_path: Path) -> None:
    virtio_disk(tmp_path)
    chain = block_chain("254:1", tmp_path)
    assert list(chain.devices) == ["vda1", "vda"]
    assert list(chain.modules) == [
        "virtio_blk", "virtio:d00000002v00001AF4",
        "virtio-pci", "pci:v00001AF4d00001001sv00001AF4sd00000002bc01sc00i00",
    ]  # fmt: skip
    assert not chain.programs


def test_a_logical_volume_upon_a_raid_of_disks(tmp_path: Path) -> None:
    disk = virtio_disk(tmp_path)
    virtual = tmp_path / "sys/devices/virtual/block"
    link(virtual / "md0/slaves/vda1", disk / "vda1")
    text(virtual / "md0/md/level", "raid5\n")
    link(virtual / "dm-0/slaves/md0", virtual / "md0")
    text(virtual / "dm-0/dm/uuid", "LVM-4rCAbTBzHLLhYBnRvhm9vjMBEXlnLAMw\n")
    link(tmp_path / "sys/dev/block/253:0", virtual / "dm-0")
    text(tmp_path / "proc/modules", "dm_thin_pool 81920 1 - Live 0x0\next4 1 0 - Live 0x0\ndm_mod 1 1 - Live 0x0\n")
    chain = block_chain("253:0", tmp_path)
    assert list(chain.devices) == ["dm-0", "md0", "vda1", "vda"]
    assert list(chain.modules)[:4] == ["dm_mod", "dm_thin_pool", "md_mod", "raid456"]
    assert list(chain.programs) == ["lvm", "mdadm"]


def test_an_encrypted_disk_brings_its_ciphers(tmp_path: Path) -> None:
    disk = virtio_disk(tmp_path)
    virtual = tmp_path / "sys/devices/virtual/block"
    link(virtual / "dm-1/slaves/vda1", disk / "vda1")
    text(virtual / "dm-1/dm/uuid", "CRYPT-LUKS2-0123-root\n")
    link(tmp_path / "sys/dev/block/253:1", virtual / "dm-1")
    text(tmp_path / "proc/crypto", "name : xts(aes)\nmodule       : aesni_intel\n\nname : sha256\nmodule : kernel\n")
    chain = block_chain("253:1", tmp_path)
    assert list(chain.modules)[:3] == ["dm_mod", "dm_crypt", "aesni_intel"]
    assert list(chain.programs) == ["cryptsetup"]


def test_a_multipath_nvme_disk_names_its_controllers(tmp_path: Path) -> None:
    pci = tmp_path / "sys/devices/pci0000:00/0000:01:00.0"
    link(pci / "driver", tmp_path / "sys/bus/pci/drivers/nvme")
    controller = pci / "nvme/nvme0"
    subsystem = tmp_path / "sys/devices/virtual/nvme-subsystem/nvme-subsys0"
    link(subsystem / "nvme0", controller)
    link(tmp_path / "sys/dev/block/259:0", subsystem / "nvme0n1")
    assert "nvme" in block_chain("259:0", tmp_path).modules


def test_a_vlan_upon_a_bond_of_two_cards(tmp_path: Path) -> None:
    net = tmp_path / "sys/class/net"
    virtual = tmp_path / "sys/devices/virtual/net"
    for number, driver in ((0, "ixgbe"), (1, "igb")):
        pci = tmp_path / f"sys/devices/pci0000:00/0000:00:0{number}.0"
        link(pci / "driver", tmp_path / f"sys/bus/pci/drivers/{driver}")
        link(pci / f"net/eth{number}/device", pci)
        link(net / f"eth{number}", pci / f"net/eth{number}")
        link(virtual / f"bond0/lower_eth{number}", pci / f"net/eth{number}")
    (virtual / "bond0/bonding").mkdir()
    link(net / "bond0", virtual / "bond0")
    link(virtual / "bond0.7/lower_bond0", virtual / "bond0")
    text(virtual / "bond0.7/uevent", "DEVTYPE=vlan\nINTERFACE=bond0.7\n")
    link(net / "bond0.7", virtual / "bond0.7")
    chain = net_chain("bond0.7", tmp_path)
    assert list(chain.devices) == ["bond0.7", "bond0", "eth0", "eth1"]
    assert list(chain.modules) == ["8021q", "bonding", "ixgbe", "igb"]


def test_a_file_system_in_a_file_is_refused(tmp_path: Path) -> None:
    loop = tmp_path / "sys/devices/virtual/block/loop0"
    text(loop / "loop/backing_file", "/disk.img\n")
    link(tmp_path / "sys/dev/block/7:0", loop)
    with pytest.raises(KdiveError, match="loop0: the file system lies in a file of another one"):
        block_chain("7:0", tmp_path)


def test_devices_upon_each_other_in_a_circle_end(tmp_path: Path) -> None:
    virtual = tmp_path / "sys/devices/virtual/block"
    link(virtual / "dm-0/slaves/dm-1", virtual / "dm-1")
    link(virtual / "dm-1/slaves/dm-0", virtual / "dm-0")
    link(tmp_path / "sys/dev/block/253:0", virtual / "dm-0")
    assert list(block_chain("253:0", tmp_path).devices) == ["dm-0", "dm-1"]


def test_what_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(KdiveError, match="0:25: no block device has this number"):
        block_chain("0:25", tmp_path)
    with pytest.raises(KdiveError, match="eth9: no network interface has this name"):
        net_chain("eth9", tmp_path)


def test_drivers_of_watchdogs(tmp_path: Path) -> None:
    pci = tmp_path / "sys/devices/pci0000:00/iTCO_wdt.1"
    link(pci / "driver", tmp_path / "sys/bus/platform/drivers/iTCO_wdt")
    text(pci / "modalias", "platform:iTCO_wdt\n")
    link(tmp_path / "sys/class/watchdog/watchdog0", pci / "watchdog/watchdog0")
    assert list(watchdogs(tmp_path).modules) == ["iTCO_wdt", "platform:iTCO_wdt"]
