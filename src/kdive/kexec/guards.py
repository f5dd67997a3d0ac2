"""What a reboot without the firmware may stumble over: devices that nobody resets, a watchdog that nobody feeds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

# Their devices are known not to come back from every state in which a kernel may leave them.
_GPU_DRIVERS = ("nvidia", "nouveau", "amdgpu", "radeon", "i915", "xe")
_WATCHDOGS = 8  # a machine has one or two


@dataclass(frozen=True)
class Watchdog:
    """A watchdog that counts."""

    name: str
    timeout_s: int | None


def warnings(root: Path = Path("/")) -> tuple[str, ...]:
    """What the user should know of the machine below `root` before its kernel is replaced."""
    drivers = _gpu_drivers(root)
    notes = (
        [f"a GPU is driven by {', '.join(drivers)}: it may not come back without a firmware reset"] if drivers else []
    )
    for dog in _watchdogs(root):
        within = f" within {dog.timeout_s} s" if dog.timeout_s is not None else ""
        notes.append(f"{dog.name} is running: the new kernel must feed it{within}, or the machine resets")
    return tuple(notes)


def _gpu_drivers(root: Path) -> list[str]:
    links = (root / "sys/class/drm").glob("card*/device/driver")
    return sorted({name for link in links if (name := link.resolve().name) in _GPU_DRIVERS})


def _watchdogs(root: Path) -> list[Watchdog]:
    found = []
    for path in sorted((root / "sys/class/watchdog").glob("watchdog*"))[:_WATCHDOGS]:
        if _text(path / "state") == "active":
            timeout = _text(path / "timeout")
            found.append(Watchdog(path.name, int(timeout) if timeout.isdecimal() else None))
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()[:100]
    except OSError:
        return ""
