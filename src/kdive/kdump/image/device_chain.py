"""From a block device or network interface down to the hardware: what the kernel must load to reach it.

Read from /sys: the devices below (partition, dm, md, NVMe, SCSI, virtio …), the drivers that hold each of them and of
the buses on the way, and their ids, by which another kernel finds its own driver.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from kdive.errors import KdiveError
from kdive.kdump.image.modules import loaded
from kdive.kexec.small_files import read_small

_DEPTH = 16  # devices upon devices
# What a device-mapper device is, by the start of its uuid → programs that make it anew.
_DM_PROGRAMS = {"LVM-": ("lvm",), "CRYPT-": ("cryptsetup",), "mpath-": ("multipath", "dmsetup")}
_RAID_MODULES = {"raid4": "raid456", "raid5": "raid456", "raid6": "raid456"}


@dataclass
class Chain:
    """What was found on the way; modules as names, aliases or ids of devices."""

    modules: dict[str, None] = field(default_factory=dict)
    programs: dict[str, None] = field(default_factory=dict)
    devices: dict[str, None] = field(default_factory=dict)  # names in /sys, from the file system's down

    def need(self, *modules: str) -> None:
        self.modules.update(dict.fromkeys(modules))


def block_chain(number: str, root: Path = Path("/")) -> Chain:
    """The chain below the block device "MAJOR:MINOR". Raises KdiveError when there is none of that number."""
    start = root / "sys/dev/block" / number
    if not start.exists():
        raise KdiveError(
            f"{number}: no block device has this number",
            hint="a dump needs a file system on a disk: set a target in /etc/kdump.conf",
        )
    chain = Chain()
    _block(Path(os.path.realpath(start)), root, chain, 0)
    return chain


def net_chain(interface: str, root: Path = Path("/")) -> Chain:
    """The chain below a network interface. Raises KdiveError when there is none of that name."""
    chain = Chain()
    _net(interface, root, chain, 0)
    return chain


def watchdogs(root: Path = Path("/")) -> Chain:
    """Drivers of the machine's watchdogs: one that runs goes on in the capture kernel, and must be fed."""
    chain = Chain()
    for one in sorted((root / "sys/class/watchdog").glob("watchdog*")):
        _hardware(Path(os.path.realpath(one)), root, chain)
    return chain


def _block(device: Path, root: Path, chain: Chain, depth: int) -> None:
    if device.name in chain.devices or depth > _DEPTH:
        return
    chain.devices[device.name] = None
    if (device / "partition").exists():
        _block(device.parent, root, chain, depth)
        return
    below = sorted((device / "slaves").glob("*"))
    if (device / "dm").is_dir():
        _device_mapper(device, root, chain)
    elif (device / "md").is_dir():
        level = _read(device / "md/level")
        chain.need("md_mod", _RAID_MODULES.get(level, level))
        chain.programs["mdadm"] = None
    elif (device / "loop/backing_file").exists():
        raise KdiveError(
            f"{device.name}: the file system lies in a file of another one",
            hint="set a target on a disk of its own in /etc/kdump.conf",
        )
    elif not below:
        _hardware(device, root, chain)
    for one in below:
        _block(Path(os.path.realpath(one)), root, chain, depth + 1)


def _device_mapper(device: Path, root: Path, chain: Chain) -> None:
    """Its table's targets are not told in /sys: those that are loaded now serve."""
    uuid = _read(device / "dm/uuid")
    chain.need("dm_mod", *(name for name in loaded(root) if name.startswith("dm_")))
    for start, programs in _DM_PROGRAMS.items():
        if uuid.startswith(start):
            chain.programs.update(dict.fromkeys(programs))
    if uuid.startswith("CRYPT-"):
        chain.need("dm_crypt", *_crypto_modules(root))


def _crypto_modules(root: Path) -> Iterable[str]:
    lines = _read(root / "proc/crypto").splitlines()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("module"))
    return dict.fromkeys(name for name in names if name != "kernel")


def _hardware(device: Path, root: Path, chain: Chain) -> None:
    """The drivers of `device` and of each bus above it; a device of NVMe's multipath names its controllers."""
    top = Path(os.path.realpath(root / "sys/devices"))
    for path in sorted(device.parent.glob("nvme[0-9]*")) if "nvme-subsystem" in str(device) else ():
        if path.is_symlink():
            _hardware(Path(os.path.realpath(path)), root, chain)
    here = device
    while here != top and top in here.parents:
        _driver(here, chain)
        inner = here / "device"
        if here == device and inner.exists():
            _driver(Path(os.path.realpath(inner)), chain)
        here = here.parent


def _driver(device: Path, chain: Chain) -> None:
    driver = device / "driver"
    if driver.exists():
        module = driver / "module"
        name = os.path.basename(os.path.realpath(module if module.exists() else driver))
        chain.need(name)
    if identity := _read(device / "modalias"):
        chain.need(identity)


def _net(interface: str, root: Path, chain: Chain, depth: int) -> None:
    if interface in chain.devices or depth > _DEPTH:
        return
    start = root / "sys/class/net" / interface
    if not start.exists():
        raise KdiveError(f"{interface}: no network interface has this name", hint="ip link lists them")
    chain.devices[interface] = None
    device = Path(os.path.realpath(start))
    if (device / "bonding").is_dir():
        chain.need("bonding")
    if (device / "bridge").is_dir():
        chain.need("bridge")
    if "DEVTYPE=vlan" in _read(device / "uevent").splitlines():
        chain.need("8021q")
    below = [one.name.removeprefix("lower_") for one in sorted(device.glob("lower_*"))]
    below += [one.name for one in sorted((device / "brif").glob("*"))]
    _hardware(device, root, chain)
    for name in dict.fromkeys(below):
        _net(name, root, chain, depth + 1)


def _read(path: Path) -> str:
    try:
        return read_small(path).decode("utf-8", "replace").strip()
    except OSError:
        return ""
