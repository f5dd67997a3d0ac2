"""Nobody but root can read the dumps.

A dump holds the memory of the machine: keys, passwords, what users had open. Its folder belongs to root alone.
"""

from __future__ import annotations

import stat

from kdive.errors import KdiveError
from kdive.facts.missing import Missing
from kdive.kdump.doctor.check import Outcome, Stage, check, ok, skip, warn
from kdive.kdump.doctor.host import Host
from kdive.kdump.doctor.settings import landing
from kdive.kdump.dumps import dumps_in

_OTHERS = 0o077
_SHOWN = 8


@check(Stage.TARGET, needs=("target-local",))
def look(host: Host) -> Outcome:
    where = landing(host)
    if isinstance(where, Missing):
        return skip(where.reason)
    if host.partial:
        return skip("modes of the machine's folders are not saved in a sosreport")
    status = host.stat(where.folder)
    if status is None:
        return ok(f"{where.folder} is not there yet; the capture makes it for root alone")
    open_ = _readable(host, where.folder)
    if not open_:
        return ok(f"{where.folder} is for root alone", f"{where.folder}: mode {stat.S_IMODE(status.st_mode):04o}")
    shown = dict(list(open_.items())[:_SHOWN])
    return warn(
        f"others than root can read dumps in {where.folder}",
        *(f"{name}: mode {mode:04o}" for name, mode in shown.items()),
        fix=f"chmod go= {' '.join(shown)}",
    )


def mend(host: Host) -> str:
    """Takes the folders from everybody but root."""
    where = landing(host)
    if isinstance(where, Missing):
        raise KdiveError(where.reason, hint="nothing was changed")
    names = _readable(host, where.folder)
    for name, mode in names.items():
        path = host.path(name)
        try:
            path.chmod(mode & ~_OTHERS)
        except OSError as error:
            raise KdiveError(f"{path}: {error.strerror}", hint="run it as root") from error
    return f"took the rights of others from {', '.join(names)}"


def _readable(host: Host, folder: str) -> dict[str, int]:
    """The folder, or where it is shared (/var/crash of Ubuntu has a sticky bit), the dumps in it; modes."""
    status = host.stat(folder)
    if status is None or not status.st_mode & _OTHERS:
        return {}
    if not status.st_mode & stat.S_ISVTX:
        return {folder: stat.S_IMODE(status.st_mode)}
    found = {}
    for dump in dumps_in([host.path(folder)]):
        name = f"{folder.rstrip('/')}/{dump.name}"
        inner = host.stat(name)
        if inner is not None and inner.st_mode & _OTHERS:
            found[name] = stat.S_IMODE(inner.st_mode)
    return found
