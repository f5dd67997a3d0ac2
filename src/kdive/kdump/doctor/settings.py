"""What is configured, and where on this machine a dump would land."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from kdive.facts.missing import Missing
from kdive.kdump import places
from kdive.kdump.config import KdumpConfig, LocalTarget
from kdive.kdump.doctor.host import Host


@dataclass(frozen=True)
class Landing:
    """The local folder of the dumps, and the file system that holds it."""

    folder: str
    mount: places.Mount
    number: str  # "259:1" of the block device, "" where there is none


@dataclass(frozen=True)
class Space:
    """What is free on a file system."""

    free: int  # bytes
    inodes: int | None  # None where the file system has no fixed number of them


def configuration(host: Host) -> KdumpConfig:
    """The machine's configuration. Raises KdiveError where it is wrong."""
    return places.configured(host.root)


def landing(host: Host) -> Landing | Missing:
    """Where a dump to a local target lands."""
    config = configuration(host)
    if not isinstance(config.target, LocalTarget):
        return Missing("dumps do not go to a local file system")
    folder = places.folder_of(config.target, config.path, host.root)
    if isinstance(folder, Missing):
        return folder
    known = places.mounts(host.root)
    mount = places.mount_of(folder, known)
    if mount is None:
        return Missing("nothing says what is mounted")
    return Landing(folder, mount, _number(host, mount.folder))


def space(host: Host, where: Landing) -> Space | Missing:
    """What is free there; of a saved tree, as `df` printed it."""
    if host.live:
        try:
            found = os.statvfs(where.mount.folder)
        except OSError as error:
            return Missing(f"{where.mount.folder}: {error.strerror}")
        return Space(found.f_bavail * found.f_frsize, found.f_favail if found.f_files else None)
    blocks = _df(host, "sos_commands/filesys/df_-al_-x_autofs", where.mount.folder)
    if blocks is None:
        return Missing("the tree does not say how much space is free")
    return Space(blocks << 10, _df(host, "sos_commands/filesys/df_-ali_-x_autofs", where.mount.folder))


def _df(host: Host, name: str, folder: str) -> int | None:
    """The column "Available" (or "IFree") of the last line about `folder`."""
    text = host.text(name)
    rows = [line.split() for line in text.splitlines()] if isinstance(text, str) else []
    found = [row[3] for row in rows if len(row) >= 6 and row[-1] == folder]
    return int(found[-1]) if found and found[-1].isdecimal() and len(found[-1]) < 20 else None


def _number(host: Host, folder: str) -> str:
    """MAJOR:MINOR of what is mounted at `folder`, from mountinfo: the last line about it holds."""
    text = host.text("proc/self/mountinfo", "proc/1/mountinfo")
    rows = [line.split(" ") for line in text.splitlines()] if isinstance(text, str) else []
    found = [row[2] for row in rows if len(row) > 4 and row[4] == folder and re.fullmatch(r"\d{1,5}:\d{1,8}", row[2])]
    return found[-1] if found and not found[-1].startswith("0:") else ""
