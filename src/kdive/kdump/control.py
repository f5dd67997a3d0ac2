"""Start, stop and build what stands ready for a crash: what kdumpctl does, and what doctor's fixes need.

All of it for the kernel that runs, and one at a time on a machine.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from kdive.errors import KdiveError
from kdive.facts.missing import Missing
from kdive.kdump import places, setup
from kdive.kdump.image.write import write_image
from kdive.kexec.calls import SystemCalls
from kdive.kexec.load import Host, unload
from kdive.kexec.plan import NOTHING_RESERVED, LoadError
from kdive.kexec.state import read_state

Progress = Callable[[str], None]


def start(progress: Progress, root: Path = Path("/")) -> str:
    """Builds the image where it is stale and loads it, unless something is loaded; says what was done.

    Raises KdiveError for a machine on which no crash can be captured.
    """
    with setup.alone(root):
        _feasible(root)
        if read_state(root).crash_loaded:
            return "a capture kernel is loaded already"
        _refresh(progress, root)
        return _load(root)


def stop(root: Path = Path("/")) -> str:
    """Unloads the capture kernel. Raises KdiveError where the kernel refuses."""
    with setup.alone(root):
        if read_state(root).crash_loaded is False:
            return "no capture kernel is loaded"
        unload(True, Host(SystemCalls()))
    return "the capture kernel is unloaded: a crash of this machine leaves nothing"


def reload(progress: Progress, root: Path = Path("/")) -> str:
    """Loads what is built once more, in the place of what is loaded. Raises KdiveError where that cannot be."""
    with setup.alone(root):
        _feasible(root)
        _refresh(progress, root)
        return _load(root)


def rebuild(progress: Progress, root: Path = Path("/")) -> str:
    """Builds the image, stale or not. Raises KdiveError for what the machine lacks."""
    with setup.alone(root):
        plan = setup.plan_image_for(places.configured(root), os.uname().release, root)
        record = write_image(plan, progress, root)
    return f"the capture image for {record.release} is built, {record.size >> 20} MB"


def _refresh(progress: Progress, root: Path) -> None:
    setup.refresh(places.configured(root), (os.uname().release,), progress, root)


def _load(root: Path) -> str:
    plan = setup.load_if_reserved(os.uname().release, Host(SystemCalls()))
    if plan is None:
        raise LoadError(NOTHING_RESERVED[0], hint=NOTHING_RESERVED[1])
    return f"{plan.kernel} is loaded for a crash"


def _feasible(root: Path) -> None:
    state = read_state(root)
    if isinstance(state.crash_loaded, Missing):
        raise KdiveError(
            f"this kernel cannot capture a crash: {state.crash_loaded.reason}",
            hint="boot a kernel with CONFIG_KEXEC_FILE and CONFIG_CRASH_DUMP",
        )
    if state.crash_size == 0:
        raise LoadError(NOTHING_RESERVED[0], hint=NOTHING_RESERVED[1])
