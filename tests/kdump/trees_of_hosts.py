"""Saved trees of machines: a healthy one, to which a test does what it is about."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from kdive.kdump.image.record import ImageRecord, to_text
from kdive.units import ByteCount, UnixSeconds
from tests.kexec import images

RELEASE = "6.1.0-56-amd64"
CMDLINE = f"BOOT_IMAGE=/boot/vmlinuz-{RELEASE} root=UUID=5ac1e5c4-3f67-4c2e-9a4b-0d6ba54b1f70 ro quiet crashkernel=256M"
CONFIG = """\
CONFIG_KEXEC=y
CONFIG_KEXEC_FILE=y
CONFIG_CRASH_DUMP=y
CONFIG_PROC_VMCORE=y
CONFIG_RELOCATABLE=y
CONFIG_DEBUG_INFO_BTF=y
"""

SAVED_AT = 1795500000  # 2026-11-24
TEST = {
    "schema": "kdive-test/1",
    "id": "00112233445566ff",
    "started": SAVED_AT - 30 * 86400,
    "kernel": RELEASE,
    "boot_id": "8a1f3c1e-7f5c-4c55-a3a4-6d53b3a4d1a1",
    "state": "passed",
    "reason": "",
    "dump": "/var/crash/127.0.0.1-2026-10-25-06:40:00",
}
IMAGE_BYTES = 4096
RECORD = ImageRecord(
    release=RELEASE,
    built_at=UnixSeconds(SAVED_AT - 86400),
    size=ByteCount(IMAGE_BYTES),
    unpacked=ByteCount(30 << 20),
    python=True,
    modules=("virtio_blk", "ext4", "loop", "squashfs"),
    sources={"/etc/kdump.conf": "0 0"},
    content="",
)
MOUNTS = "/dev/vda1 / ext4 rw,relatime 0 0\nproc /proc proc rw 0 0\ntmpfs /run tmpfs rw 0 0\n"
MOUNTINFO = "25 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n"
DF = """\
Filesystem     1K-blocks    Used Available Use% Mounted on
/dev/vda1       20480000 4096000  16384000  20% /
tmpfs             400000       0    400000   0% /run
"""
DF_INODES = """\
Filesystem      Inodes  IUsed   IFree IUse% Mounted on
/dev/vda1      1310720 100000 1210720    8% /
"""
MEMINFO = """\
MemTotal:        4021212 kB
MemFree:         2500000 kB
Buffers:           60000 kB
Cached:           700000 kB
Shmem:             10000 kB
AnonPages:        300000 kB
"""

GRUB = f"""\
set default="0"
menuentry 'Debian GNU/Linux' --class debian $menuentry_id_option 'gnulinux-simple-5ac1' {{
    linux /boot/vmlinuz-{RELEASE} root=UUID=5ac1e5c4-3f67-4c2e-9a4b-0d6ba54b1f70 ro quiet crashkernel=256M
    initrd /boot/initrd.img-{RELEASE}
}}
"""

_HEALTHY: dict[str, str | bytes] = {
    "proc/cmdline": CMDLINE + "\n",
    "proc/version": f"Linux version {RELEASE} (debian-kernel@lists.debian.org) #1 SMP PREEMPT_DYNAMIC\n",
    "proc/sys/kernel/osrelease": RELEASE + "\n",
    "proc/sys/kernel/arch": "x86_64\n",
    f"boot/config-{RELEASE}": CONFIG,
    "sys/kernel/kexec_loaded": "0\n",
    "sys/kernel/kexec_crash_loaded": "1\n",
    "sys/kernel/kexec_crash_size": f"{256 << 20}\n",
    "proc/sys/kernel/kexec_load_disabled": "0\n",
    "proc/sys/kernel/kexec_load_limit_panic": "-1\n",
    "proc/sys/kernel/kexec_load_limit_reboot": "-1\n",
    "sys/kernel/security/lockdown": "[none] integrity confidentiality\n",
    f"boot/vmlinuz-{RELEASE}": images.x86(RELEASE),
    "proc/sys/kernel/panic_on_oops": "1\n",
    "proc/sys/kernel/panic": "10\n",
    "proc/sys/kernel/softlockup_panic": "0\n",
    "sys/devices/system/cpu/crash_hotplug": "1\n",
    "sys/devices/system/memory/crash_hotplug": "1\n",
    "sys/class/rtc/rtc0/name": "rtc_cmos 00:03\n",
    "boot/grub/grub.cfg": GRUB,
    "proc/self/mounts": MOUNTS,
    "proc/self/mountinfo": MOUNTINFO,
    "proc/meminfo": MEMINFO,
    "sos_commands/filesys/df_-al_-x_autofs": DF,
    "sos_commands/filesys/df_-ali_-x_autofs": DF_INODES,
    f"var/lib/kdive/capture-{RELEASE}.img": bytes(IMAGE_BYTES),
    f"var/lib/kdive/capture-{RELEASE}.json": to_text(RECORD),
    "var/lib/kdive/test.json": json.dumps(TEST),
    f"lib/modules/{RELEASE}/modules.dep": "kernel/virtio_blk.ko:\nkernel/ext4.ko:\nkernel/iTCO_wdt.ko:\n",
    "sys/class/dmi/id/sys_vendor": "QEMU\n",
    "sys/class/dmi/id/product_name": "Standard PC (Q35 + ICH9, 2009)\n",
    "proc/cpuinfo": "processor\t: 0\nflags\t\t: fpu vme sse2\n",
    "sys/devices/vda/vda1/partition": "1\n",
    "sys/devices/vda/vda1/dev": "254:1\n",
    "sys/devices/vda/queue/rotational": "0\n",
}


def write(root: Path, files: dict[str, str | bytes]) -> Path:
    """Writes the files below `root`; text as UTF-8."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def healthy(root: Path) -> Path:
    """A Debian 12 on one ext4, which captures its crashes."""
    write(root, dict(_HEALTHY))
    link(root, "sys/dev/block/254:1", "../../devices/vda/vda1")
    link(root, "sys/class/block/vda1", "../../devices/vda/vda1")
    link(
        root, "etc/systemd/system/multi-user.target.wants/kdive-kdump.service", "/usr/lib/systemd/system/kdive.service"
    )
    os.utime(root / "proc/cmdline", (SAVED_AT, SAVED_AT))
    return root


def without(root: Path, *names: str) -> Path:
    """The tree, with files and folders taken out."""
    for name in names:
        path = root / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    return root


def link(root: Path, name: str, target: str) -> Path:
    """The tree, with a symbolic link at `name`."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    os.symlink(target, path)
    return root
