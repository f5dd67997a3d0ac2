"""How much memory the capture kernel needs, what is reserved for it, and what to reserve."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from kdive.errors import KdiveError
from kdive.facts.missing import Missing
from kdive.kdump.crashkernel_words import Reservation, reservation
from kdive.kdump.image.record import ImageRecord, read_record
from kdive.kdump.load import kernel_file
from kdive.kexec import cmdline
from kdive.kexec.image import recognise
from kdive.kexec.small_files import read_small
from kdive.kexec.state import read_state
from kdive.units import ByteCount

_DATA = Path(__file__).parent / "data" / "crashkernel.toml"
_STEP = 32 << 20  # sizes are advised in steps
_KERNEL_LIMIT = 256 << 20
_MEM_TOTAL = re.compile(r"^MemTotal:\s+(\d{1,15}) kB$", re.MULTILINE)
_SYSTEM_RAM = re.compile(r"^([0-9a-f]{1,16})-([0-9a-f]{1,16}) : System RAM$", re.MULTILINE)


@dataclass(frozen=True)
class Need:
    """One thing that takes memory in the capture kernel."""

    what: str
    size: ByteCount


@dataclass(frozen=True)
class Estimate:
    """The sum, what there is, and what to do."""

    ram: ByteCount | Missing
    needs: tuple[Need, ...]
    needed: ByteCount
    reserved: ByteCount | Missing  # now
    configured: Reservation | Missing  # by this boot's command line
    advised: str  # crashkernel=
    notes: tuple[str, ...] = ()


def ram_of(root: Path = Path("/")) -> ByteCount | Missing:
    """The machine's memory as the kernel counts it for crashkernel=; without root's rights, somewhat less."""
    ranges = _SYSTEM_RAM.findall(_text(root / "proc/iomem"))
    total = sum(int(end, 16) - int(start, 16) + 1 for start, end in ranges if int(end, 16))
    if total > 0:
        return ByteCount(total)
    found = _MEM_TOTAL.search(_text(root / "proc/meminfo"))
    return ByteCount(int(found[1]) << 10) if found else Missing("nothing says how much memory the machine has")


def choose(ram: int, arch: str, needed: int = 0) -> str:
    """What to write behind crashkernel= on a machine with `ram` bytes: the advised sizes, or more where more is needed.

    "" for a machine that is too small to spare any.
    """
    advised: str = _data()["advised"].get(arch) or _data()["advised"]["other"]
    size = reservation([advised], ram, arch).size
    if size >= needed:
        return advised if size else ""
    return f"{-(-needed // _STEP) * _STEP >> 20}M"


def crashkernel_values(line: str) -> list[str]:
    """The values of all words crashkernel=… of a command line."""
    return [word.partition("=")[2] for word in cmdline.words(line) if word.startswith("crashkernel=")]


def estimate(release: str, arch: str, root: Path = Path("/")) -> Estimate:
    """For the kernel `release`, which need not run. Reads and never writes; needs no root."""
    record = read_record(release, root)
    needs = (*_kernel_needs(release, root), *_image_needs(record))
    needed = ByteCount(max(sum(need.size for need in needs), _to_unpack(needs, record)))
    ram, notes = ram_of(root), []
    if isinstance(record, Missing):
        notes.append("no capture image is built: its size is a guess; `kdive setup` builds it")
    line = _text(root / "proc/cmdline")
    configured: Reservation | Missing = Missing("nothing says how much memory the machine has")
    if not isinstance(ram, Missing):
        configured = reservation(crashkernel_values(line), ram, arch)
    return Estimate(
        ram=ram,
        needs=needs,
        needed=needed,
        reserved=read_state(root).crash_size,
        configured=configured,
        advised="" if isinstance(ram, Missing) else choose(ram, arch, needed),
        notes=tuple(notes),
    )


def _kernel_needs(release: str, root: Path) -> Sequence[Need]:
    measured = _data()["measured"]
    try:
        with kernel_file(release, root).open("rb") as file:
            image = recognise(file.read(_KERNEL_LIMIT))
        kernel = Need("the kernel's image", ByteCount(image.need))
    except (KdiveError, OSError):
        kernel = Need("the kernel's image, as others have it", ByteCount(48 << 20))
    return (kernel, Need("the kernel at work", ByteCount(measured["running"] << 20)))


def _image_needs(record: ImageRecord | Missing) -> Sequence[Need]:
    measured = _data()["measured"]
    if isinstance(record, Missing):
        size, python = ByteCount(32 << 20), True
    else:
        size, python = record.unpacked, record.python
    program = Need("Python and the filter", ByteCount(measured["python"] << 20))
    if not python:
        program = Need("the shell", ByteCount(measured["shell"] << 20))
    return (Need("the capture image, unpacked", size), program, Need("to spare", ByteCount(measured["spare"] << 20)))


def _to_unpack(needs: Sequence[Need], record: ImageRecord | Missing) -> int:
    """While it unpacks the image is there twice, packed and as files; and files get half of what is left."""
    packed = 32 << 20 if isinstance(record, Missing) else record.size
    unpacked = 32 << 20 if isinstance(record, Missing) else record.unpacked
    return needs[0].size + needs[1].size + max(packed + unpacked, 2 * unpacked)


def _text(path: Path) -> str:
    try:
        return read_small(path, 4 << 20).decode("utf-8", "replace")
    except OSError:
        return ""


@cache
def _data() -> dict[str, dict[str, Any]]:
    with _DATA.open("rb") as file:
        return tomllib.load(file)
