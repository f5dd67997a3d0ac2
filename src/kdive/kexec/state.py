"""What the running kernel says of its kexec images, its reservation, and what it allows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from kdive.facts.missing import Missing
from kdive.kexec.small_files import read_small
from kdive.units import Address, ByteCount

_CRASH_KERNEL = re.compile(r"^\s*([0-9a-f]+)-([0-9a-f]+) : Crash kernel$", re.MULTILINE)
# 7.0 moved them into a folder of their own and kept the old names.
_FILES = {
    "loaded": ("sys/kernel/kexec/loaded", "sys/kernel/kexec_loaded"),
    "crash_loaded": ("sys/kernel/kexec/crash_loaded", "sys/kernel/kexec_crash_loaded"),
    "crash_size": ("sys/kernel/kexec/crash_size", "sys/kernel/kexec_crash_size"),
    "elfcorehdr_size": ("sys/kernel/kexec/crash_elfcorehdr_size", "sys/kernel/crash_elfcorehdr_size"),
    "cma_ranges": ("sys/kernel/kexec/crash_cma_ranges", "sys/kernel/kexec_crash_cma_ranges"),
}


@dataclass(frozen=True)
class Range:
    """Physical memory, half-open."""

    start: Address
    end: Address


@dataclass(frozen=True)
class State:
    """The kernel's side of kexec."""

    loaded: bool | Missing
    crash_loaded: bool | Missing
    crash_size: ByteCount | Missing  # without what was reserved in low memory
    reserved: tuple[Range, ...] | Missing
    cma_ranges: str | Missing
    elfcorehdr_size: ByteCount | Missing  # said by kernels that follow CPU and memory hotplug by themselves
    load_disabled: bool | Missing
    load_limit_reboot: int | Missing  # loads that are left; -1: as many as one likes
    load_limit_panic: int | Missing
    lockdown: str | Missing  # "none", "integrity", "confidentiality"


def read_state(root: Path = Path("/")) -> State:
    """The state under `root`: "/", or a recorded tree."""
    return State(
        loaded=_switch(_first(root, "loaded")),
        crash_loaded=_switch(_first(root, "crash_loaded")),
        crash_size=_bytes(_first(root, "crash_size")),
        reserved=_reserved(_read(root, "proc/iomem")),
        cma_ranges=_first(root, "cma_ranges"),
        elfcorehdr_size=_bytes(_first(root, "elfcorehdr_size")),
        load_disabled=_switch(_read(root, "proc/sys/kernel/kexec_load_disabled")),
        load_limit_reboot=_number(_read(root, "proc/sys/kernel/kexec_load_limit_reboot")),
        load_limit_panic=_number(_read(root, "proc/sys/kernel/kexec_load_limit_panic")),
        lockdown=_lockdown(_read(root, "sys/kernel/security/lockdown")),
    )


def _first(root: Path, name: str) -> str | Missing:
    newest, oldest = (_read(root, path) for path in _FILES[name])
    return newest if isinstance(newest, str) else oldest


def _read(root: Path, path: str) -> str | Missing:
    try:
        return read_small(root / path).decode("utf-8", "replace").strip()
    except FileNotFoundError:
        return Missing(f"this kernel has no /{path}")
    except OSError as error:
        return Missing(f"/{path}: {error.strerror}")


def _number(text: str | Missing) -> int | Missing:
    if isinstance(text, Missing):
        return text
    return int(text) if re.fullmatch(r"-?[0-9]{1,20}", text) else Missing(f"not a number: {text[:40]}")


def _bytes(text: str | Missing) -> ByteCount | Missing:
    number = _number(text)
    return number if isinstance(number, Missing) else ByteCount(number)


def _switch(text: str | Missing) -> bool | Missing:
    number = _number(text)
    return number if isinstance(number, Missing) else number != 0


def _lockdown(text: str | Missing) -> str | Missing:
    if isinstance(text, Missing):
        return text
    chosen = re.search(r"\[(\w+)\]", text)
    return chosen.group(1) if chosen else Missing("/sys/kernel/security/lockdown names no level")


def _reserved(text: str | Missing) -> tuple[Range, ...] | Missing:
    """Half-open ranges of "Crash kernel"; who is not root is shown zeros."""
    if isinstance(text, Missing):
        return text
    found = [(int(start, 16), int(end, 16)) for start, end in _CRASH_KERNEL.findall(text)]
    if any(end == 0 for _, end in found):
        return Missing("/proc/iomem shows addresses to root alone")
    return tuple(Range(Address(start), Address(end + 1)) for start, end in found)
