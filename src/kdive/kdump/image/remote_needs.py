"""What a target at another machine needs of the image: the way there, the programs, keys and names."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

from kdive.errors import KdiveError
from kdive.kdump.config import HttpTarget, KdumpConfig, LocalTarget, NfsTarget, RawTarget, SshTarget, Target
from kdive.kdump.image.capture_texts import KNOWN_HOSTS
from kdive.kdump.image.device_chain import net_chain
from kdive.kdump.image.network import network_script, route_to
from kdive.kdump.image.target_needs import targets_of

_NAMES = ("/etc/hosts", "/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf")
_ROOT_USER = "root:x:0:0:root:/root:/bin/sh\n"  # ssh(1) asks who it runs as


@dataclass
class RemoteNeeds:
    """Of all remote targets together."""

    address: str = ""  # of this machine, as the first of them sees it
    modules: dict[str, None] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    texts: dict[str, str] = field(default_factory=dict)
    copies: tuple[str, ...] = ()
    tls: bool = False
    notes: tuple[str, ...] = ()


def remote_needs(config: KdumpConfig, root: Path = Path("/")) -> RemoteNeeds:
    """What the targets of `config` need. Raises KdiveError where the first cannot be reached."""
    needs = RemoteNeeds()
    for number, target in enumerate(targets_of(config)):
        host = host_of(target)
        if not host:
            continue
        try:
            _add(needs, target, host, root)
        except KdiveError as error:
            if number == 0:
                raise
            needs.notes += (f"{error.message}: it cannot be fallen back on",)
    return needs


def host_of(target: Target) -> str:
    """The other machine, "" for a disk of this one."""
    match target:
        case SshTarget():
            return target.login.rpartition("@")[2]
        case NfsTarget():
            host = target.export.partition(":/")[0]
            return host.strip("[]")
        case HttpTarget():
            return urlsplit(target.url).hostname or ""
        case LocalTarget() | RawTarget():
            return ""


def _add(needs: RemoteNeeds, target: Target, host: str, root: Path) -> None:
    route = route_to(host, root)
    script = network_script(route, root)
    needs.address = needs.address or route.address
    needs.modules.update(net_chain(route.interface, root).modules)
    before = needs.texts.get("etc/kdive/network", "")
    lines = [line for line in script.splitlines(keepends=True) if line not in before.splitlines(keepends=True)]
    needs.texts["etc/kdive/network"] = before + "".join(lines)
    needs.texts["network.sh"] = (files(__package__) / "data" / "network.sh").read_text()
    needs.copies = (*needs.copies, *(name for name in _NAMES if (root / name.lstrip("/")).exists()))
    if isinstance(target, SshTarget):
        needs.programs = (*needs.programs, "ssh")
        needs.texts["etc/passwd"] = _ROOT_USER
        for path in (target.key, KNOWN_HOSTS):
            if not (root / path.lstrip("/")).is_file():
                raise KdiveError(f"{path}: there is no such file, and ssh needs it", hint="kdive propagate makes both")
        needs.copies = (*needs.copies, target.key, KNOWN_HOSTS)
    elif isinstance(target, NfsTarget):
        needs.required = (*needs.required, "nfs")
        needs.modules.update(dict.fromkeys(("nfsv3", "nfsv4")))
    elif isinstance(target, HttpTarget):
        needs.tls = needs.tls or target.url.startswith("https:")
