"""Files in the image that tell the collectors where the dump goes: the plan, and its local part for the shell."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from kdive.errors import KdiveError
from kdive.kdump.capture_plan import PLAN, CapturePlan, Place, write_plan
from kdive.kdump.config import HttpTarget, KdumpConfig, LocalTarget, NfsTarget, RawTarget, SshTarget, Target
from kdive.kdump.image.plan import exports
from kdive.kdump.image.target_needs import Disk, disk_of, targets_of, uuid_of
from kdive.kdump.places import mounts

KNOWN_HOSTS = "/root/.ssh/known_hosts"
_MACHINE_ID = "etc/machine-id"
_KEPT_OPTIONS = ("subvol=", "subvolid=")  # of a mount: without them another folder is its root


def capture_texts(config: KdumpConfig, release: str, address: str, root: Path) -> dict[str, str]:
    """Path in the image → text."""
    places = tuple(_places(config, root))
    plan = CapturePlan(
        host=os.uname().nodename,
        kernel=release,
        places=places,
        address=address,
        machine_id=_read(root / _MACHINE_ID),
        core_collector=config.core_collector,
        kdump_pre=config.kdump_pre,
        kdump_post=config.kdump_post,
        kdump_emergency=config.kdump_emergency,
        failure_action=config.failure_action,
        final_action=config.final_action,
        deadline_s=config.deadline_s,
        hook_deadline_s=config.hook_deadline_s,
        stall_s=config.network_deadline_s,
        reserve=config.reserve,
    )
    return {str(PLAN): write_plan(plan), "etc/kdive/target": _for_the_shell(places, config)}


def _places(config: KdumpConfig, root: Path) -> Iterator[Place]:
    """The targets as the capture kernel finds them; one that is not there now is left out, unless it is the first."""
    for number, target in enumerate(targets_of(config)):
        try:
            yield _place(target, config, root)
        except KdiveError:
            if number == 0:
                raise


def _place(target: Target, config: KdumpConfig, root: Path) -> Place:
    match target:
        case LocalTarget():
            disk = disk_of(target, config.path, root)
            return Place(
                "local", _device(disk, root), disk.fstype, _options(disk, root), _folder(target, disk, config.path)
            )
        case RawTarget():
            return Place("raw", device=target.device)
        case SshTarget():
            return Place("ssh", folder=config.path, login=target.login, key=target.key, known_hosts=KNOWN_HOSTS)
        case NfsTarget():
            return Place("nfs", target.export, "nfs", folder=config.path)
        case HttpTarget():
            return Place("http", url=target.url)


def _device(disk: Disk, root: Path) -> str:
    """By its UUID: in the capture kernel disks may come in another order."""
    uuid = uuid_of(disk.device, root)
    return f"UUID={uuid}" if uuid else disk.device


def _folder(target: LocalTarget, disk: Disk, path: str) -> str:
    """Below the root of the file system: a target's path is that already, else where it is mounted comes off."""
    if target.device or not path.startswith(disk.folder):
        return path
    return "/" + path.removeprefix(disk.folder).strip("/")


def _options(disk: Disk, root: Path) -> str:
    mount = next((one for one in mounts(root) if one.folder == disk.folder), None)
    return ",".join(one for one in (mount.options if mount else ()) if one.startswith(_KEPT_OPTIONS))


def _for_the_shell(places: tuple[Place, ...], config: KdumpConfig) -> str:
    """What the collector in the shell has to know: it saves to a file system of this machine alone."""
    local = next((one for one in places if one.kind == "local"), None)
    if local is None:
        return ""
    return exports(
        {
            "KDIVE_DEVICE": local.device,
            "KDIVE_FSTYPE": local.fstype,
            "KDIVE_OPTIONS": local.options,
            "KDIVE_PATH": local.folder.strip("/"),
            "KDIVE_COLLECTOR": config.core_collector,
            "KDIVE_RESERVE_KB": str(config.reserve >> 10),
        }
    )


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()[:64]
    except OSError:
        return ""
