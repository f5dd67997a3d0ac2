"""What a target needs of the image: the modules below it, and the programs that reach it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from kdive.errors import KdiveError
from kdive.kdump.collector.mounting import file_system_of
from kdive.kdump.config import HttpTarget, KdumpConfig, LocalTarget, NfsTarget, RawTarget, SshTarget, Target
from kdive.kdump.image.device_chain import Chain, block_chain
from kdive.kdump.places import Mount, device_of, mount_of, mounts
from kdive.kexec.small_files import read_small

# Where a file system has another name than its module.
_FS_MODULES = {"ext2": "ext4", "ext3": "ext4", "nfs4": "nfsv4"}


@dataclass(frozen=True)
class Disk:
    """The block device and file system of a local target, as they are now."""

    device: str  # path, or what the configuration calls it
    number: str  # "MAJOR:MINOR"
    fstype: str  # "" for a raw partition
    folder: str  # where it is mounted, "" when it is not


def disk_of(target: LocalTarget | RawTarget, path: str, root: Path = Path("/")) -> Disk:
    """The disk behind `target`, whose dumps go to the folder `path`.

    Raises KdiveError when it is not there, or no disk at all.
    """
    known = mounts(root)
    if isinstance(target, LocalTarget) and not target.device:
        mount = mount_of(path, known)
        if mount is None:
            raise KdiveError(f"{path}: no file system is mounted there", hint="is /proc mounted?")
        return Disk(mount.device, _number_of(mount, root), mount.fstype, mount.folder)
    device = device_of(target.device, root)
    mounted = next((one for one in known if device in (one.device, device_of(one.device, root))), None)
    fstype = target.fstype or (mounted.fstype if mounted else "") if isinstance(target, LocalTarget) else ""
    number = _number(device, root)
    if number is None:
        raise KdiveError(f"{target.device}: there is no such block device", hint="blkid lists them with their UUIDs")
    return Disk(device, number, fstype, mounted.folder if mounted else "")


def chain_of(disk: Disk, root: Path = Path("/")) -> Chain:
    """All that must be loaded to reach `disk`, its file system last."""
    chain = block_chain(disk.number, root)
    if disk.fstype:
        chain.need(module_of(disk.fstype))
    return chain


def uuid_of(device: str, root: Path = Path("/")) -> str:
    """The UUID of the file system on `device`, as blkid(8) prints it; "" where it is not known."""
    try:
        return file_system_of(root / device.lstrip("/"))[1]
    except OSError:
        return ""


def module_of(fstype: str) -> str:
    return _FS_MODULES.get(fstype, fstype)


def targets_of(config: KdumpConfig) -> list[Target]:
    """The targets in the order in which they are tried: the root file system is the last that can be."""
    found = [config.target, *([config.second_target] if config.second_target else [])]
    rootfs = LocalTarget()
    return found if rootfs in found else [*found, rootfs]


def is_remote(target: Target) -> bool:
    return isinstance(target, SshTarget | NfsTarget | HttpTarget)


def _number_of(mount: Mount, root: Path) -> str:
    """btrfs and overlays have numbers of their own, which are no devices': the device's name comes first."""
    if number := _number(device_of(mount.device, root), root):
        return number
    device = os.stat(root / mount.folder.lstrip("/")).st_dev
    return f"{os.major(device)}:{os.minor(device)}"


def _number(device: str, root: Path) -> str | None:
    """As /sys has it, by the name of the device's node."""
    name = Path(os.path.realpath(root / device.lstrip("/"))).name if device.startswith("/") else device
    try:
        return read_small(root / "sys/class/block" / name / "dev", 32).decode("utf-8", "replace").strip()
    except OSError:
        return None
