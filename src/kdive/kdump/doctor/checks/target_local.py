"""The file system that dumps go to is one that the capture kernel can mount and that is there after the reboot.

A dump on a tmpfs, in a container's overlay, or on a file system whose driver no capture image has, is lost. A disk that
is named /dev/sdb may be another one when the capture kernel counts them.
"""

from __future__ import annotations

import re

from kdive.facts.missing import Missing
from kdive.kdump.config import LocalTarget
from kdive.kdump.doctor.check import Outcome, Stage, check, fail, ok, skip, warn
from kdive.kdump.doctor.host import Host
from kdive.kdump.doctor.settings import configuration, landing
from kdive.kdump.places import device_of

_FINE = ("ext2", "ext3", "ext4", "xfs", "btrfs", "vfat", "f2fs", "virtiofs")
_VOLATILE = ("tmpfs", "ramfs", "overlay", "aufs", "squashfs", "iso9660", "erofs")
_OF_THIS_BOOT = re.compile(r"/dev/(sd[a-z]+|vd[a-z]+|xvd[a-z]+|nvme\d+n\d+|mmcblk\d+|dm-\d+|md\d+)(p?\d+)?")
_TARGET = "name another target in /etc/kdump.conf, by its UUID: ext4 UUID=… (lsblk -f shows them)"


@check(Stage.TARGET, needs=("config-file",))
def look(host: Host) -> Outcome:
    target = configuration(host).target
    if not isinstance(target, LocalTarget):
        return skip("dumps do not go to a local file system")
    where = landing(host)
    if isinstance(where, Missing):
        if target.device and host.live and device_of(target.device, host.root) == target.device:
            return fail(f"{target.device} is not there", fix=_TARGET)
        return skip(where.reason) if not target.device else _not_mounted(host, target.device)
    mount = where.mount
    evidence = f"/proc/self/mounts: {mount.device} {mount.folder} {mount.fstype} {','.join(mount.options)[:80]}"
    if mount.fstype in _VOLATILE:
        return fail(f"{where.folder} lies on {mount.fstype}, and is gone after the reboot", evidence, fix=_TARGET)
    if mount.fstype not in _FINE:
        return fail(f"{where.folder} lies on {mount.fstype}, which capture images do not mount", evidence, fix=_TARGET)
    if target.device and _OF_THIS_BOOT.fullmatch(target.device):
        return warn(f"{target.device} may be another disk at the next boot", evidence, fix=_TARGET)
    if "ro" in mount.options:
        return warn(
            f"{mount.folder} is mounted read-only: after an error of the disk, a dump may not get onto it",
            evidence,
            fix=f"journalctl -k -g {mount.device.rpartition('/')[2]}; then mount -o remount,rw {mount.folder}",
        )
    return ok(f"dumps go to {where.folder}, on {mount.fstype}", evidence)


def _not_mounted(host: Host, device: str) -> Outcome:
    return warn(
        f"{device} is not mounted: nothing here tells whether dumps would fit on it",
        fix="mount it before kdive setup, with noauto in /etc/fstab where it is for dumps alone",
    )
