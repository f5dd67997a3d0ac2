"""Faults of image, target and proof: each found by its own check, and mended where that is safe."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from kdive.kdump.doctor.examine import examine, mend
from kdive.kdump.doctor.host import Host
from kdive.kdump.image.record import to_text
from kdive.kexec.remember import Loaded, LoadedFile, remember
from kdive.units import ByteCount, UnixSeconds
from tests.kdump.test_doctor_kernel import only_wrong
from tests.kdump.test_dumps import captured
from tests.kdump.trees_of_hosts import (
    DF,
    DF_INODES,
    IMAGE_BYTES,
    MOUNTINFO,
    MOUNTS,
    RECORD,
    RELEASE,
    TEST,
    healthy,
    link,
    without,
    write,
)  # fmt: skip

IMAGE = f"var/lib/kdive/capture-{RELEASE}.img"


def all_well(root: Path) -> bool:
    return all(one.result not in ("warn", "fail") for one in examine(Host(root)))


def test_an_image_that_was_never_built(tmp_path: Path) -> None:
    found = only_wrong(without(healthy(tmp_path), IMAGE), "capture-image", "fail")
    assert found.fix == "kdive setup"


def test_an_image_that_is_cut_short(tmp_path: Path) -> None:
    found = only_wrong(write(healthy(tmp_path), {IMAGE: bytes(100)}), "capture-image", "fail")
    assert "should have 4096 bytes" in found.reason


def test_an_image_older_than_what_it_was_made_of(tmp_path: Path) -> None:
    tree = write(healthy(tmp_path), {"etc/kdump.conf": "path /var/crash\n"})
    assert "/etc/kdump.conf" in only_wrong(tree, "capture-image", "warn").reason


def test_an_image_of_kdump_tools_is_theirs_to_look_after(tmp_path: Path) -> None:
    tree = without(healthy(tmp_path), IMAGE)
    assert all_well(write(tree, {f"var/lib/kdump/initrd.img-{RELEASE}": "x"}))


def loaded(cmdline: str) -> Loaded:
    kernel = LoadedFile(f"/boot/vmlinuz-{RELEASE}", ByteCount(4096), 0)
    image = LoadedFile("/" + IMAGE, ByteCount(IMAGE_BYTES), 0)
    return Loaded(kernel, (image,), cmdline, True, 0, "file", RELEASE, UnixSeconds(0))


def test_an_image_that_was_built_anew_after_it_was_loaded(tmp_path: Path) -> None:
    tree = healthy(tmp_path)
    remember(loaded("nr_cpus=1 reset_devices"), tree)
    assert all_well(tree)
    write(
        tree,
        {IMAGE: bytes(5000), f"var/lib/kdive/capture-{RELEASE}.json": to_text(replace(RECORD, size=ByteCount(5000)))},
    )
    assert IMAGE in only_wrong(tree, "image-loaded", "warn").reason


@pytest.mark.parametrize(
    ("cmdline", "words"),
    [
        ("nr_cpus=1 hugepages=512 reset_devices", "hugepages takes its memory"),
        ("nr_cpus=1 panic_on_warn", "panic_on_warn ends the capture"),
        ("reset_devices", "starts all CPUs"),
    ],
)
def test_a_command_line_that_harms_the_capture(cmdline: str, words: str, tmp_path: Path) -> None:
    tree = healthy(tmp_path)
    remember(loaded(cmdline), tree)
    assert words in only_wrong(tree, "capture-cmdline", "warn").reason


def test_a_watchdog_whose_driver_is_not_in_the_image(tmp_path: Path) -> None:
    device = "sys/devices/platform/iTCO_wdt.0"
    tree = write(
        healthy(tmp_path),
        {
            f"{device}/watchdog/watchdog0/state": "active\n",
            f"{device}/watchdog/watchdog0/identity": "iTCO_wdt\n",
            f"{device}/modalias": "platform:iTCO_wdt\n",
            "sys/bus/platform/drivers/iTCO_wdt/bind": "",
            "sys/module/iTCO_wdt/refcnt": "1\n",
        },
    )
    link(tree, "sys/class/watchdog/watchdog0", "../../devices/platform/iTCO_wdt.0/watchdog/watchdog0")
    link(tree, "sys/bus/platform/drivers/iTCO_wdt/module", "../../../../module/iTCO_wdt")
    link(tree, f"{device}/driver", "../../../bus/platform/drivers/iTCO_wdt")
    assert "iTCO_wdt" in only_wrong(tree, "watchdog", "warn").reason
    record = replace(RECORD, modules=(*RECORD.modules, "iTCO_wdt"))
    assert all_well(write(tree, {f"var/lib/kdive/capture-{RELEASE}.json": to_text(record)}))


def test_an_image_without_the_driver_of_the_file_system(tmp_path: Path) -> None:
    record = replace(RECORD, modules=("virtio_blk", "loop", "squashfs"))
    tree = write(healthy(tmp_path), {f"var/lib/kdive/capture-{RELEASE}.json": to_text(record)})
    found = only_wrong(tree, "capture-modules", "fail")
    assert (found.reason, found.fixable) == ("the image lacks ext4", True)


def test_nothing_loads_a_capture_kernel_at_boot(tmp_path: Path) -> None:
    tree = healthy(tmp_path)
    without(tree, *(str(path.relative_to(tree)) for path in tree.glob("etc/systemd/system/*.wants")))
    write(tree, {"etc/systemd/system/other.service": ""})
    only_wrong(tree, "services", "fail")


def test_two_tools_that_load_theirs(tmp_path: Path) -> None:
    name = "etc/systemd/system/multi-user.target.wants/kdump-tools.service"
    tree = link(healthy(tmp_path), name, "/usr/lib/systemd/system/kdump-tools.service") and tmp_path
    assert "two tools" in only_wrong(tree, "services", "warn").reason


@pytest.mark.parametrize("fstype", ["tmpfs", "overlay", "zfs"])
def test_a_file_system_that_no_capture_kernel_mounts(fstype: str, tmp_path: Path) -> None:
    mounts = MOUNTS.replace("/dev/vda1 / ext4", f"none / {fstype}")
    tree = write(healthy(tmp_path), {"proc/self/mounts": mounts})
    assert fstype in only_wrong(tree, "target-local", "fail").reason


def test_a_target_that_is_mounted_read_only(tmp_path: Path) -> None:
    tree = write(healthy(tmp_path), {"proc/self/mounts": MOUNTS.replace("ext4 rw", "ext4 ro")})
    only_wrong(tree, "target-local", "warn")


def test_a_full_disk(tmp_path: Path) -> None:
    tree = write(healthy(tmp_path), {"sos_commands/filesys/df_-al_-x_autofs": DF.replace("16384000", "102400")})
    found = only_wrong(tree, "target-space", "fail")
    assert "/: 100 MB free, 1210720 inodes" in found.evidence


def test_a_disk_that_is_nearly_full(tmp_path: Path) -> None:
    tree = write(healthy(tmp_path), {"sos_commands/filesys/df_-al_-x_autofs": DF.replace("16384000", "409600")})
    only_wrong(tree, "target-space", "warn")


def test_a_disk_without_inodes(tmp_path: Path) -> None:
    inodes = DF_INODES.replace("1210720", "3")
    tree = write(healthy(tmp_path), {"sos_commands/filesys/df_-ali_-x_autofs": inodes})
    assert "3 more files" in only_wrong(tree, "target-space", "fail").reason


def encrypted(tree: Path) -> Path:
    """The tree, with its file system on an encrypted disk."""
    write(
        tree,
        {
            "sys/devices/dm-0/dm/uuid": "CRYPT-LUKS2-0123-root\n",
            "proc/self/mountinfo": MOUNTINFO.replace("254:1", "253:0"),
        },
    )
    link(tree, "sys/devices/dm-0/slaves/vda1", "../../vda/vda1")
    link(tree, "sys/dev/block/253:0", "../../devices/dm-0")
    return tree


def test_an_encrypted_target_on_a_kernel_that_hands_no_keys_over(tmp_path: Path) -> None:
    found = only_wrong(encrypted(healthy(tmp_path)), "target-encrypted", "fail")
    assert "hands no keys over" in found.reason


def test_an_encrypted_target_whose_key_is_kept(tmp_path: Path) -> None:
    tree = encrypted(healthy(tmp_path))
    write(tree, {"sys/kernel/config/crash_dm_crypt_keys/count": "0\n"})
    assert "no key of it is kept" in only_wrong(tree, "target-encrypted", "fail").reason
    assert all_well(write(tree, {"sys/kernel/config/crash_dm_crypt_keys/count": "1\n"}))


def test_dumps_that_everybody_can_read_are_closed_by_the_fix(tmp_path: Path) -> None:
    tree = healthy(tmp_path)
    folder = tree / "var/crash"
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    found = only_wrong(tree, "dump-folder", "warn")
    assert found.evidence == ("/var/crash: mode 0755",)
    mend(Host(tree), found)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert all_well(tree)


def test_of_a_shared_folder_the_dumps_alone_are_closed(tmp_path: Path) -> None:
    tree = healthy(tmp_path)
    dump = captured(tree / "var/crash/127.0.0.1-2026-11-23-05:07:08")
    write(dump, {"report.json": "{}"})
    dump.chmod(0o755)
    dump.parent.chmod(0o3777)
    found = only_wrong(tree, "dump-folder", "warn")
    mend(Host(tree), found)
    assert dump.stat().st_mode & 0o777 == 0o700
    assert dump.parent.stat().st_mode & 0o7777 == 0o3777


def test_a_paravirtual_guest_of_xen(tmp_path: Path) -> None:
    tree = write(healthy(tmp_path), {"sys/hypervisor/type": "xen\n", "sys/hypervisor/guest_type": "PV\n"})
    only_wrong(tree, "known-quirks", "fail")


def test_a_machine_that_was_never_tested(tmp_path: Path) -> None:
    assert "kdive test" in only_wrong(without(healthy(tmp_path), "var/lib/kdive/test.json"), "last-test", "warn").fix


@pytest.mark.parametrize(
    ("changes", "result", "words"),
    [
        ({"state": "failed", "reason": "the crash left no dump"}, "fail", "the crash left no dump"),
        ({"state": "pending"}, "warn", "no result yet"),
        ({"kernel": "6.1.0-9-amd64"}, "warn", "another kernel (6.1.0-9-amd64)"),
        ({"started": 1_600_000_000}, "warn", "more than a year old"),
    ],
)
def test_a_test_that_proves_nothing(changes: dict[str, object], result: str, words: str, tmp_path: Path) -> None:
    tree = write(healthy(tmp_path), {"var/lib/kdive/test.json": json.dumps({**TEST, **changes})})
    assert words in only_wrong(tree, "last-test", result).reason


def test_a_dump_that_nobody_reported_on(tmp_path: Path) -> None:
    tree = healthy(tmp_path)
    captured(tree / "var/crash/127.0.0.1-2026-11-23-05:07:08").parent.chmod(0o700)
    assert only_wrong(tree, "last-crash", "warn").fix == "kdive after"


def test_a_dump_that_was_cut_short(tmp_path: Path) -> None:
    tree = write(healthy(tmp_path), {"var/crash/127.0.0.1-2026-11-23-05:07:08/vmcore-incomplete": "KDUMP"})
    (tree / "var/crash").chmod(0o700)
    assert "vmcore-incomplete" in only_wrong(tree, "last-crash", "warn").reason


def test_a_crash_that_only_the_firmware_remembers(tmp_path: Path) -> None:
    tree = write(healthy(tmp_path), {"sys/fs/pstore/dmesg-efi_pstore-1": "Panic#1"})
    assert "/sys/fs/pstore/dmesg-efi_pstore-1" in only_wrong(tree, "last-crash", "warn").evidence


def test_a_kernel_without_types_and_without_debuginfo(tmp_path: Path) -> None:
    tree = healthy(tmp_path)
    config = (tree / f"boot/config-{RELEASE}").read_text().replace("CONFIG_DEBUG_INFO_BTF=y\n", "")
    write(tree, {f"boot/config-{RELEASE}": config})
    only_wrong(tree, "debuginfo", "warn")
    assert all_well(write(tree, {f"usr/lib/debug/boot/vmlinux-{RELEASE}": "ELF"}))


def test_a_reservation_that_image_and_kernel_do_not_fit_into(tmp_path: Path) -> None:
    tree = write(healthy(tmp_path), {"sys/kernel/kexec_crash_size": f"{16 << 20}\n"})
    found = only_wrong(tree, "reservation-size", "fail")
    assert "/sys/kernel/kexec_crash_size: 16 MB" in found.evidence


def test_an_image_without_python_warns_that_dumps_are_not_filtered(tmp_path: Path) -> None:
    record = to_text(replace(RECORD, python=False))
    tree = write(healthy(tmp_path), {f"var/lib/kdive/capture-{RELEASE}.json": record})
    assert "unfiltered" in only_wrong(tree, "reservation-size", "warn").reason
