"""Images for configurations, on a machine that is a tree of files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kdive.errors import KdiveError
from kdive.kdump.capture_plan import CapturePlan, Place, read_plan
from kdive.kdump.config import KdumpConfig, LocalTarget, SshTarget
from kdive.kdump.image.for_config import plan_for, stale
from kdive.kdump.image.plan import ImagePlan
from kdive.kdump.image.remote_needs import host_of, remote_needs
from kdive.kdump.image.write import write_image

RELEASE = "6.1.0-test"
UUID = "01234567-89ab-cdef-0123-456789abcdef"


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A virtio disk with ext4, mounted as the root; lo, and a key for ssh."""
    files = {
        "proc/mounts": "/dev/vda / ext4 rw,relatime 0 0\n",
        "proc/net/route": "Iface\n",
        "sys/devices/virtual/block/vda/dev": "254:0\n",
        "sys/devices/virtual/net/lo/address": "00:00:00:00:00:00\n",
        f"lib/modules/{RELEASE}/modules.dep": "ext4.ko:\nloop.ko:\nsquashfs.ko:\nwatch.ko:\n",
        f"lib/modules/{RELEASE}/ext4.ko": "ext4",
        "bin/busybox": "static",
        "usr/bin/ssh": "#!",
        "root/.ssh/kdump_id_rsa": "key",
        "root/.ssh/known_hosts": "hosts",
        "etc/machine-id": "0123456789abcdef\n",
    }
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    for link, target in {
        "sys/class/block/vda": "sys/devices/virtual/block/vda",
        "sys/dev/block/254:0": "sys/devices/virtual/block/vda",
        "sys/class/net/lo": "sys/devices/virtual/net/lo",
    }.items():
        (tmp_path / link).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / link).symlink_to(tmp_path / target)
    (tmp_path / "dev").mkdir()
    superblock = bytearray(0x11000)
    superblock[0x438:0x43A] = b"\x53\xef"
    superblock[0x468:0x478] = bytes.fromhex(UUID.replace("-", ""))
    (tmp_path / "dev/vda").write_bytes(superblock)
    return tmp_path


def texts(plan: ImagePlan) -> dict[str, str]:
    return {item.path: item.data.decode() for item in plan.outer if item.data}


def captured(plan: ImagePlan, folder: Path) -> CapturePlan:
    """What the collector reads in the image."""
    (folder / "capture.json").write_text(texts(plan)["etc/kdive/capture.json"])
    return read_plan(folder / "capture.json")


def test_a_disk_is_told_by_its_uuid_and_the_folder_by_its_place_on_it(machine: Path) -> None:
    plan = plan_for(KdumpConfig(), RELEASE, False, machine)
    told = captured(plan, machine)
    assert told.places == (Place("local", f"UUID={UUID}", "ext4", "", "/var/crash"),)
    assert (told.address, told.kernel, told.machine_id) == ("127.0.0.1", RELEASE, "0123456789abcdef")
    shell = texts(plan)["etc/kdive/target"]
    assert f"export KDIVE_DEVICE=UUID={UUID}\n" in shell
    assert "export KDIVE_PATH=var/crash\n" in shell
    assert "export KDIVE_COLLECTOR='makedumpfile -z -d 31'\n" in shell
    assert plan.modules == ("ext4",)


def test_where_the_folder_is_a_file_system_of_its_own_its_name_is_that_of_the_root(machine: Path) -> None:
    (machine / "proc/mounts").write_text("/dev/vda /var/crash ext4 rw 0 0\n")
    assert captured(plan_for(KdumpConfig(), RELEASE, False, machine), machine).places[0].folder == "/"


def test_ssh_brings_the_way_there_the_program_and_its_keys_and_the_disk_comes_second(machine: Path) -> None:
    plan = plan_for(KdumpConfig(target=SshTarget("dump@127.0.0.1")), RELEASE, False, machine)
    ssh, local = captured(plan, machine).places
    assert (ssh.kind, ssh.login, ssh.key) == ("ssh", "dump@127.0.0.1", "/root/.ssh/kdump_id_rsa")
    assert local.kind == "local"
    assert texts(plan)["etc/kdive/network"] == "card lo 00:00:00:00:00:00\naddress lo 127.0.0.1/8\n"
    assert {"usr/bin/ssh", "root/.ssh/kdump_id_rsa", "root/.ssh/known_hosts", "network.sh"} <= {
        item.path for item in plan.outer
    }


def test_without_its_key_ssh_is_refused_as_first_target_and_left_out_as_second(machine: Path) -> None:
    (machine / "root/.ssh/known_hosts").unlink()
    ssh = SshTarget("dump@127.0.0.1")
    with pytest.raises(KdiveError, match="known_hosts: there is no such file") as caught:
        remote_needs(KdumpConfig(target=ssh), machine)
    assert caught.value.hint == "kdive propagate makes both"
    [note] = remote_needs(KdumpConfig(target=LocalTarget(), second_target=ssh), machine).notes
    assert note.endswith("it cannot be fallen back on")


def test_names_of_the_other_machine() -> None:
    from kdive.kdump.config import HttpTarget, NfsTarget

    assert host_of(NfsTarget("[2001:db8::1]:/export")) == "2001:db8::1"
    assert host_of(NfsTarget("store:/a:/b")) == "store"
    assert host_of(HttpTarget("https://user@dumps.example:8443/x")) == "dumps.example"


def test_another_configuration_makes_the_image_stale_and_the_same_does_not(machine: Path) -> None:
    plan = plan_for(KdumpConfig(), RELEASE, False, machine)
    assert stale(plan, machine) == "there is none yet"
    write_image(plan, lambda what: None, machine)
    assert stale(plan_for(KdumpConfig(), RELEASE, False, machine), machine) == ""
    other = plan_for(KdumpConfig(path="/var/other"), RELEASE, False, machine)
    assert stale(other, machine) == "what it has to do has changed"
    (machine / f"lib/modules/{RELEASE}/ext4.ko").write_text("another ext4")
    assert stale(plan_for(KdumpConfig(), RELEASE, False, machine), machine).endswith("ext4.ko has changed")


def test_the_plan_is_json(machine: Path) -> None:
    plan = plan_for(KdumpConfig(), RELEASE, False, machine)
    assert json.loads(texts(plan)["etc/kdive/capture.json"])["schema"] == "kdive-plan/1"
