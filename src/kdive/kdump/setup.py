"""From a machine that loses its crashes to one that captures them: what is to be done, then doing it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kdive.errors import KdiveError
from kdive.facts.missing import Missing
from kdive.kdump import services, setup_files, triggers
from kdive.kdump.config import KdumpConfig
from kdive.kdump.config_files.directives import render
from kdive.kdump.config_files.find import KDUMP_CONF, FoundConfig
from kdive.kdump.image.for_config import plan_for, stale
from kdive.kdump.image.plan import ImagePlan
from kdive.kdump.image.write import write_image
from kdive.kdump.load import load_capture
from kdive.kdump.services import ServicePlan
from kdive.kdump.setup_files import FileChange
from kdive.kdump.triggers import Trigger
from kdive.kdump.units import has_systemd, left_out, unit_files
from kdive.kexec.load import Host
from kdive.kexec.plan import LoadPlan
from kdive.kexec.state import read_state
from kdive.units import ByteCount

Progress = Callable[[str], None]

LOCK = Path("run/lock/kdump")
# Below it the image with Python does not unpack: half of what is left is all that an initramfs may take.
PYTHON_NEEDS = ByteCount(176 << 20)


@dataclass(frozen=True)
class SetupRequest:
    """What is asked for."""

    program: str  # the command that starts kdive, for units and hooks
    release: str  # of the kernel that runs
    triggers: tuple[Trigger, ...] = ()


@dataclass(frozen=True)
class SetupPlan:
    """All that differs from how it shall be."""

    changes: tuple[FileChange, ...]
    services: ServicePlan
    image: ImagePlan
    stale: str  # why the image must be built, "" where it need not
    notes: tuple[str, ...]


@contextmanager
def alone(root: Path = Path("/")) -> Iterator[None]:
    """Waits until no other tool sets up or loads. Raises KdiveError where that cannot be known."""
    path = root / LOCK
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise KdiveError(f"{path}: {error.strerror}", hint="run it as root") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def plan_setup(request: SetupRequest, found: FoundConfig, root: Path = Path("/")) -> SetupPlan:
    """What setup would do. Raises KdiveError for what the machine lacks."""
    changes = list(unit_files(request.program, root))
    if not found.source or found.imported:
        changes.append(FileChange(f"/{KDUMP_CONF}", render(found.config)))
    if request.triggers:
        changes.append(FileChange(f"/{triggers.FILE}", triggers.file_of(request.triggers)))
    image = plan_image_for(found.config, request.release, root)
    return SetupPlan(
        changes=tuple(setup_files.needed(changes, root)),
        services=services.plan_services(root) if has_systemd(root) else ServicePlan((), ()),
        image=image,
        stale=stale(image, root),
        notes=(*_of_import(found), *left_out(root), *image.notes),
    )


def _of_import(found: FoundConfig) -> tuple[str, ...]:
    """What became of another tool's configuration."""
    if not found.imported:
        return ()
    return (f"{found.source} is taken over into /{KDUMP_CONF}, and stays as it is", *found.notes)


def plan_image_for(config: KdumpConfig, release: str, root: Path = Path("/")) -> ImagePlan:
    """The capture image for one kernel: without Python where so little memory is reserved that it would not run."""
    reserved = read_state(root).crash_size
    python = isinstance(reserved, Missing) or reserved == 0 or reserved >= PYTHON_NEEDS
    return plan_for(config, release, python, root)


def carry_out(plan: SetupPlan, request: SetupRequest, progress: Progress, root: Path = Path("/")) -> None:
    """Does all of it but loading. Raises KdiveError at the first thing that cannot be done."""
    setup_files.apply(plan.changes, root)
    if request.triggers:
        triggers.apply(request.triggers, root)
    if has_systemd(root):
        services.switch(plan.services, root)
    if plan.stale:
        progress(f"building the capture image: {plan.stale}")
        write_image(plan.image, progress, root)


def load_if_reserved(release: str, host: Host) -> LoadPlan | None:
    """Loads the capture kernel; None where no memory is reserved for one yet. Raises LoadError with the cause."""
    reserved = read_state(host.root).crash_size
    if isinstance(reserved, Missing) or reserved == 0:
        return None
    return load_capture(release, host)


def refresh(config: KdumpConfig, releases: Sequence[str], progress: Progress, root: Path = Path("/")) -> None:
    """Builds the images that are stale."""
    for release in releases:
        plan = plan_image_for(config, release, root)
        if reason := stale(plan, root):
            progress(f"building the capture image: {reason}")
            write_image(plan, progress, root)


def take_back(root: Path = Path("/")) -> list[str]:
    """Takes back all that setup did, but for what is loaded; sentences on what was left."""
    started = services.switch_back(root) if has_systemd(root) else ()
    notes = setup_files.restore(root)
    if has_systemd(root):
        services.reload_units()
    for path in (root / "var/lib/kdive").glob("capture-*"):
        path.unlink(missing_ok=True)
    for name in ("runtime.squashfs", "runtime.key"):
        (root / "var/lib/kdive" / name).unlink(missing_ok=True)
    return [*(f"{name} is enabled again" for name in started), *notes]
