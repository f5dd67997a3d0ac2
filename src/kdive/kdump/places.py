"""Where dumps lie on this machine, once the target is mounted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from kdive.facts.missing import Missing
from kdive.kdump.config import KdumpConfig, LocalTarget, NfsTarget, Target
from kdive.kdump.config_files.find import find_config
from kdive.kexec.small_files import read_small

_NETWORK = ("nfs", "nfs4", "cifs", "smb3", "fuse.sshfs")


@dataclass(frozen=True)
class Mount:
    """A line of /proc/mounts."""

    device: str
    folder: str
    fstype: str
    options: tuple[str, ...]


def mounts(root: Path = Path("/")) -> tuple[Mount, ...]:
    """What is mounted, in the order in which it was."""
    for name in ("proc/self/mounts", "proc/mounts"):
        try:
            return parse_mounts(read_small(root / name).decode("utf-8", "replace"))
        except OSError:
            continue
    return ()


def parse_mounts(text: str) -> tuple[Mount, ...]:
    """The mounts of the text of /proc/mounts."""
    rows = (line.split(" ") for line in text.splitlines())
    return tuple(
        Mount(_plain(row[0]), _plain(row[1]), row[2], tuple(row[3].split(","))) for row in rows if len(row) > 3
    )


def mount_of(folder: str, known: tuple[Mount, ...]) -> Mount | None:
    """The mount that holds `folder`: of the longest path, and of two at one place the later."""
    best: Mount | None = None
    for one in known:
        inside = folder == one.folder or folder.startswith(one.folder.rstrip("/") + "/")
        if inside and (best is None or len(one.folder) >= len(best.folder)):
            best = one
    return best


def folder_of(target: Target, path: str, root: Path = Path("/")) -> str | Missing:
    """The folder that `path` on `target` is on this machine now; absolute, as the machine names it."""
    if isinstance(target, LocalTarget):
        return path if not target.device else _mounted(device_of(target.device, root), path, root)
    if isinstance(target, NfsTarget):
        return _mounted(target.export, path, root)
    return Missing("the dumps are not kept on this machine")


def dump_folders(config: KdumpConfig, root: Path = Path("/")) -> list[Path]:
    """The folders of this machine in which dumps may lie: the targets', and where they go when those fail."""
    targets = [config.target, *([config.second_target] if config.second_target else [])]
    found = [folder_of(target, config.path, root) for target in targets]
    names = [name for name in found if isinstance(name, str)]
    return [root / name.lstrip("/") for name in dict.fromkeys([*names, config.path])]


def configured(root: Path = Path("/")) -> KdumpConfig:
    """The machine's configuration. Raises KdiveError where it is wrong."""
    return find_config(root).config


def device_of(name: str, root: Path = Path("/")) -> str:
    """The path of the device that UUID=, LABEL=, PARTUUID=, PARTLABEL= or a link names, else `name` itself."""
    key, equals, value = name.partition("=")
    link = f"dev/disk/by-{key.lower()}/{_escaped(value)}" if equals else name.lstrip("/")
    path = root / link
    if not path.is_symlink():
        return name
    try:
        resolved = path.readlink()
    except OSError:
        return name
    return "/dev/" + resolved.name if len(resolved.parts) > 1 else name


def is_network(fstype: str) -> bool:
    """Whether the file system lies on another machine."""
    return fstype in _NETWORK


def _mounted(device: str, path: str, root: Path) -> str | Missing:
    for one in mounts(root):
        if device in (one.device, device_of(one.device, root)):
            return one.folder.rstrip("/") + "/" + path.lstrip("/")
    return Missing(f"{device} is not mounted")


def _plain(text: str) -> str:
    """Blanks in /proc/mounts are octal."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found.group(1), 8) & 0x7F), text)


def _escaped(value: str) -> str:
    """As udev names links: what could harm a path becomes \\xNN."""
    return "".join(one if one.isalnum() or one in "#+-.:=@_" else f"\\x{ord(one):02x}" for one in value)
