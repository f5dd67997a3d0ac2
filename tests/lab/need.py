"""What tests of the lab need beyond Python: it is installed, or the test says what to install."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

PACKAGES = {
    "qemu-system-x86_64": "qemu-system-x86",
    "qemu-system-aarch64": "qemu-system-arm",
    "mke2fs": "e2fsprogs",
    "e2fsck": "e2fsprogs",
    "debugfs": "e2fsprogs",
    "depmod": "kmod",
    "mksquashfs": "squashfs-tools",
    "rpmbuild": "rpm",
    "createrepo_c": "createrepo-c",
    "mkfs.xfs": "xfsprogs",
    "mkfs.btrfs": "btrfs-progs",
    "losetup": "mount",
    "unshare": "util-linux",
    "sshd": "openssh-server",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
}


def need(*programs: str) -> None:
    """Skips the test where one of `programs` is missing; with KDIVE_LAB=1 it fails, with KDIVE_LAB=0 it is skipped."""
    wanted = os.environ.get("KDIVE_LAB", "")
    missing = [PACKAGES.get(program, program) for program in programs if shutil.which(program) is None]
    if missing and wanted == "1":
        pytest.fail(f"to install: apt-get install --no-install-recommends {' '.join(missing)}")
    if missing:
        pytest.skip(f"to install: apt-get install --no-install-recommends {' '.join(missing)}")
    if wanted == "0":
        pytest.skip("KDIVE_LAB=0: no real machines")


def need_network() -> None:
    """Skips the test unless KDIVE_LAB=1: it fetches packages and compiles."""
    if os.environ.get("KDIVE_LAB") != "1":
        pytest.skip("KDIVE_LAB=1 is not set: nothing is fetched")


def need_mounts() -> None:
    """Skips the test where nobody may mount: in many containers not even root may, and no package changes that."""
    need("unshare")
    probe = subprocess.run(["unshare", "--mount", "--propagation", "private", "true"], capture_output=True, text=True)
    if probe.returncode:
        pytest.skip(f"nobody may mount here: {probe.stderr.strip()}")


def need_loop_devices() -> None:
    """Skips the test where there are none: they belong to the machine that a container runs on."""
    need("losetup")
    probe = subprocess.run(["losetup", "--find"], capture_output=True, text=True)
    if probe.returncode:
        pytest.skip(f"there are no loop devices here: {probe.stderr.strip()}")
