"""Services of systemd that setup starts, and those of other tools that it stops; teardown puts them back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kdive import programs
from kdive.errors import KdiveError
from kdive.kdump.image.record import FOLDER
from kdive.kdump.setup_files import put
from kdive.kdump.units import ENABLED, OTHERS

_FILE = FOLDER / "saved" / "services.json"
_LIMIT_S = 300


@dataclass(frozen=True)
class ServicePlan:
    """What is to be stopped and started."""

    disable: tuple[str, ...]
    enable: tuple[str, ...]


def plan_services(root: Path = Path("/")) -> ServicePlan:
    """What systemd below `root` has enabled that would get in the way, and what of ours it has not."""
    return ServicePlan(
        disable=tuple(name for name in OTHERS if _is_enabled(name, root)),
        enable=tuple(name for name in ENABLED if not _is_enabled(name, root)),
    )


def switch(plan: ServicePlan, root: Path = Path("/")) -> None:
    """Carries it out. Raises KdiveError where systemctl does not."""
    _remember((*_remembered(root), *plan.disable), root)
    _systemctl("daemon-reload")
    if plan.disable:
        _systemctl("disable", "--now", *plan.disable)
    if plan.enable:
        _systemctl("enable", *plan.enable)


def switch_back(root: Path = Path("/")) -> tuple[str, ...]:
    """Stops ours and starts those that setup stopped, which are the result."""
    ours = [name for name in ENABLED if _is_enabled(name, root)]
    if ours:
        _systemctl("disable", "--now", *ours)
    others = _remembered(root)
    if others:
        _systemctl("enable", *others)
    _remember((), root)
    return others


def reload_units() -> None:
    """Has systemd read its units again."""
    _systemctl("daemon-reload")


def _is_enabled(name: str, root: Path) -> bool:
    """As `systemctl enable` leaves it: a link in some other unit's folder."""
    folder = root / "etc/systemd/system"
    return any((wants / name).is_symlink() for wants in folder.glob("*.wants"))


def _remembered(root: Path) -> tuple[str, ...]:
    try:
        return tuple(name for name in json.loads((root / _FILE).read_text()) if name in OTHERS)
    except (OSError, ValueError, TypeError):
        return ()


def _remember(names: Sequence[str], root: Path) -> None:
    try:
        (root / _FILE).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        put(root / _FILE, json.dumps(list(dict.fromkeys(names))) + "\n" if names else None, 0o600)
    except OSError as error:
        raise KdiveError(f"/{_FILE}: {error.strerror}", hint="run it as root") from error


def _systemctl(*arguments: str) -> None:
    programs.run(["systemctl", *arguments], timeout_s=_LIMIT_S)
