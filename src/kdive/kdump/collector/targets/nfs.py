"""A folder of an NFS server. The kernel's client does all of it; a server that is gone gives an error, in time."""

from __future__ import annotations

import errno
import socket
from pathlib import Path

from kdive.kdump.capture_plan import Place
from kdive.kdump.collector.store import TargetError
from kdive.kdump.collector.targets.local import MountedStore

# Newest first; only version 3 needs a daemon for locks, and there is none here.
_VERSIONS = (
    ("nfs4", "vers=4.2"),
    ("nfs4", "vers=4.1"),
    ("nfs4", "vers=4.0,clientaddr=0.0.0.0"),
    ("nfs", "vers=3,nolock"),
)
_NOT_SPOKEN = {errno.EPROTONOSUPPORT, errno.EINVAL, errno.ENODEV, errno.ENOENT}
# An answer is waited for 10 s, three times: nfs(5) counts tenths of a second.
_SOFT = "soft,timeo=100,retrans=2,proto=tcp"


def open_nfs(place: Place, name: str, mountpoint: Path, reserve: int) -> MountedStore:
    """Mounts the export in the newest version that both sides speak. Raises TargetError, OSError."""
    host, colon, _ = place.device.partition(":/")
    if not colon:
        raise TargetError(f"{place.device}: not of the form host:/export")
    try:
        address = str(socket.getaddrinfo(host.strip("[]"), 2049, type=socket.SOCK_STREAM)[0][4][0])
    except OSError as error:
        raise TargetError(f"{host}: its address is not known: {error.strerror}") from error
    failed: OSError | None = None
    for fstype, options in mount_options(place.options, address):
        tried = Place("nfs", place.device, fstype, options, place.folder)
        try:
            return MountedStore(place.device, tried, name, mountpoint, reserve)
        except OSError as error:
            if error.errno not in _NOT_SPOKEN:
                raise
            failed = error
    assert failed is not None
    raise failed


def mount_options(given: str, address: str) -> list[tuple[str, str]]:
    """File system and options of each try; what the configuration says about versions and waiting is obeyed."""
    words = [word for word in given.split(",") if word]
    chosen = next((word for word in words if word.startswith(("vers=", "nfsvers="))), "")
    rest = ",".join(word for word in words if word not in (chosen, "hard"))
    tries = [
        (fstype, options)
        for fstype, options in _VERSIONS
        if not chosen or options.split(",")[0].partition("=")[2].startswith(chosen.partition("=")[2])
    ]
    return [(fstype, ",".join(filter(None, (options, _SOFT, rest, f"addr={address}")))) for fstype, options in tries]
