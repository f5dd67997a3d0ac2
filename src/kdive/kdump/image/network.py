"""The way to another machine, as it is now: made again in the capture kernel by the shell, with the same names.

Only what lies below the interface that the route leads through: bridge, VLAN, bond, and the cards, told by their
addresses since nothing names them in the capture kernel.
"""

from __future__ import annotations

import fcntl
import os
import shlex
import socket
import struct
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from kdive.errors import KdiveError

_DEPTH = 8
_SIOCGIFADDR, _SIOCGIFNETMASK = 0x8915, 0x891B  # include/uapi/linux/sockios.h
_GATEWAY_FLAG = 2  # RTF_GATEWAY
_ANY_PORT = 9  # nothing is sent


@dataclass(frozen=True)
class Route:
    """How packets leave for another machine."""

    interface: str
    address: str  # of this machine, there
    prefix: int
    gateway: str  # "" where the other machine is in the same network


def route_to(host: str, root: Path = Path("/")) -> Route:
    """The route that the kernel takes now. Raises KdiveError where there is none."""
    try:
        family, _, _, _, where = socket.getaddrinfo(host, _ANY_PORT, socket.AF_INET, socket.SOCK_DGRAM)[0]
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect(where)
            address = probe.getsockname()[0]
            name, prefix = _interface_of(address, probe)
    except OSError as error:
        raise KdiveError(
            f"{host}: cannot be reached by IPv4: {error.strerror}",
            hint="the network must be up for kdive setup: ip route",
        ) from error
    return Route(name, address, prefix, gateway_of(_read(root / "proc/net/route"), str(where[0]), name))


def gateway_of(routes: str, host: str, interface: str) -> str:
    """The gateway to `host` in the text of /proc/net/route; "" where none is needed."""
    best, found = -1, ""
    for line in routes.splitlines()[1:]:
        words = line.split()
        if len(words) < 8 or words[0] != interface:
            continue
        destination, gateway, mask = (IPv4Address(struct.pack("<I", int(words[at], 16))) for at in (1, 2, 7))
        network = IPv4Network(f"{destination}/{mask}", strict=False)
        if IPv4Address(host) in network and network.prefixlen > best:
            best, found = network.prefixlen, str(gateway) if int(words[3], 16) & _GATEWAY_FLAG else ""
    return found


def network_script(route: Route, root: Path = Path("/")) -> str:
    """Calls of the functions in network.sh that make the way again."""
    lines: list[list[str]] = []
    _interface(route.interface, root, lines, 0)
    lines.append(["address", route.interface, f"{route.address}/{route.prefix}"])
    if route.gateway:
        lines.append(["gateway", route.gateway, route.interface])
    return "".join(shlex.join(line) + "\n" for line in lines)


def _interface(name: str, root: Path, lines: list[list[str]], depth: int) -> None:
    """Adds what makes `name`, after what it lies on."""
    device = root / "sys/class/net" / name
    if depth > _DEPTH:
        raise KdiveError(f"{name}: too many interfaces lie upon each other", hint="ip link shows them")
    below = sorted(one.name.removeprefix("lower_") for one in device.glob("lower_*"))
    for one in below:
        _interface(one, root, lines, depth + 1)
    if (device / "bonding").is_dir():
        mode = _read(device / "bonding/mode").split(" ")[0]
        lines.append(["bond", name, mode, _read(device / "bonding/miimon"), *below])
    elif (device / "bridge").is_dir():
        lines.append(["bridge", name, *below])
    elif below and (vlan := _vlan_id(_read(root / "proc/net/vlan" / name))):
        lines.append(["vlan", name, below[0], vlan])
    elif below:
        raise KdiveError(
            f"{name}: neither a card, a bond, a bridge nor a VLAN",
            hint="choose a target that is reached in another way",
        )
    else:
        permanent = _read(device / "bonding_slave/perm_hwaddr")
        lines.append(["card", name, permanent or _read(device / "address")])


def _vlan_id(text: str) -> str:
    """Of the text of /proc/net/vlan/NAME."""
    words = text.split()
    return words[words.index("VID:") + 1] if "VID:" in words[:-1] else ""


def _interface_of(address: str, probe: socket.socket) -> tuple[str, int]:
    """The interface that has the address, and the length of its network's prefix."""
    for _, name in socket.if_nameindex():
        request = struct.pack("256s", os.fsencode(name)[:15])
        try:
            answer = fcntl.ioctl(probe, _SIOCGIFADDR, request)
            if socket.inet_ntoa(answer[20:24]) == address:
                mask = socket.inet_ntoa(fcntl.ioctl(probe, _SIOCGIFNETMASK, request)[20:24])
                return name, IPv4Network(f"0.0.0.0/{mask}").prefixlen
        except OSError:
            continue  # it has none
    raise OSError(0, f"no interface has the address {address}")


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""
