"""The target of each kind, opened."""

from __future__ import annotations

from pathlib import Path

from kdive.kdump.capture_plan import CapturePlan, Place
from kdive.kdump.collector.store import Store

MOUNTS = "run/kdive"


def open_store(plan: CapturePlan, place: Place, name: str, root: Path, flattened: bool) -> Store:
    """Where the dump `name` is put at `place`. Raises KdiveError, OSError."""
    mountpoint = root / MOUNTS / str(plan.places.index(place))
    match place.kind:
        case "local":
            from kdive.kdump.collector.targets.local import open_local

            return open_local(place, name, root, mountpoint, plan.reserve)
        case "nfs":
            from kdive.kdump.collector.targets.nfs import open_nfs

            return open_nfs(place, name, mountpoint, plan.reserve)
        case "ssh":
            from kdive.kdump.collector.targets.ssh import SshStore

            return SshStore(place, name)
        case "http":
            from kdive.kdump.collector.targets.http import HttpStore

            return HttpStore(place, name, flattened)
        case _:
            from kdive.kdump.collector.targets.raw import RawStore

            return RawStore(place, name, root)
