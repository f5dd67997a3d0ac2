"""A file system of this machine, and any that the kernel mounts like one."""

from __future__ import annotations

import os
import time
from pathlib import Path
from types import TracebackType

from kdive.kdump.capture_plan import Place
from kdive.kdump.collector import mounting
from kdive.kdump.collector.store import LOG, FolderStore, TargetError
from kdive.units import ByteCount

_APPEARS_S = 60.0  # disks are found one after the other
_LOOK_S = 0.5
_MODE = 0o700
_FILE_MODE = 0o600
# A name that is seen to be unfinished, whoever looks.
_UNFINISHED = {LOG: "vmcore-dmesg-incomplete.txt"}


class MountedStore(FolderStore):
    """The folder `name` below `place.folder` of the file system on `device`."""

    def __init__(self, device: str, place: Place, name: str, mountpoint: Path, reserve: int) -> None:
        self._mountpoint = mountpoint
        self._reserve = reserve
        mountpoint.mkdir(mode=_MODE, parents=True, exist_ok=True)
        if not os.path.ismount(mountpoint):
            mounting.mount(device, mountpoint, place.fstype, place.options)
        parent = _below(mountpoint, place.folder)
        self.folder = parent / name
        self.where = f"{place.device}:/{place.folder.strip('/')}/{name}"
        parent.mkdir(mode=_MODE, parents=True, exist_ok=True)
        self.folder.mkdir(mode=_MODE, exist_ok=True)
        _sync_folder(parent)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """It stays mounted: hooks may want to see the dump."""

    def put(self, name: str, data: bytes) -> None:
        new = self.folder / _UNFINISHED.get(name, f".{name}.new")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(new, flags, _FILE_MODE), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.folder / name)
        _sync_folder(self.folder)

    def room(self) -> ByteCount:
        state = os.statvfs(self.folder)
        return ByteCount(max(0, state.f_bavail * state.f_frsize - self._reserve))

    def finish(self, name: str, final: str) -> None:
        path = self.folder / name
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
        path.replace(self.folder / final)
        _sync_folder(self.folder)


def open_local(place: Place, name: str, root: Path, mountpoint: Path, reserve: int) -> MountedStore:
    """Waits until the device is there, then mounts it. Raises TargetError, OSError."""
    ends = time.monotonic() + _APPEARS_S
    while (device := mounting.find_device(place.device, root)) is None:
        if time.monotonic() > ends:
            raise TargetError(f"{place.device}: no such device appeared within {_APPEARS_S:.0f} s")
        time.sleep(_LOOK_S)
    kind = place.fstype or mounting.file_system_of(device)[0]
    if not kind:
        raise TargetError(f"{place.device}: no file system is known on it")
    known = Place("local", place.device, kind, place.options, place.folder)
    return MountedStore(str(device), known, name, mountpoint, reserve)


def _below(mountpoint: Path, folder: str) -> Path:
    """Raises TargetError for a folder that leads out of the file system."""
    path = mountpoint / folder.strip("/")
    if not path.resolve().is_relative_to(mountpoint.resolve()):
        raise TargetError(f"{folder}: leads out of the target")
    return path


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
