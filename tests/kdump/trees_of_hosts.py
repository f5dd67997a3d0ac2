"""Saved trees of machines: a healthy one, to which a test does what it is about."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

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
    return write(root, dict(_HEALTHY))


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
