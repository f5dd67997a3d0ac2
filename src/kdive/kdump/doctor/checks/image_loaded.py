"""A capture kernel is loaded, and it is the one that lies on the disk now.

Only what is loaded runs at a crash. A kernel or an image that was replaced after it was loaded, by an update or a new
configuration, is in memory as it was: the change is not in effect.
"""

from __future__ import annotations

from kdive.facts.missing import Missing
from kdive.kdump.doctor.check import Outcome, Stage, check, fail, ok, skip, warn
from kdive.kdump.doctor.host import Host
from kdive.kdump.doctor.images import remembered
from kdive.kexec.remember import LoadedFile
from kdive.kexec.state import read_state


@check(Stage.IMAGE, needs=("kernel-config", "memory-reserved"))
def look(host: Host) -> Outcome:
    loaded = read_state(host.root).crash_loaded
    if isinstance(loaded, Missing):
        return skip(loaded.reason)
    evidence = f"/sys/kernel/kexec_crash_loaded: {int(loaded)}"
    if not loaded:
        return fail("no capture kernel is loaded: a crash leaves nothing", evidence, fix="kdive setup --refresh")
    known = remembered(host)
    if isinstance(known, Missing):
        return ok(f"a capture kernel is loaded; {known.reason}", evidence)
    changed = [one.path for one in (known.kernel, *known.initrds) if _changed(host, one)]
    if changed:
        return warn(
            f"changed since it was loaded: {', '.join(changed)}; at a crash the older one runs",
            evidence,
            fix="kdive setup --refresh",
        )
    return ok(f"{known.kernel.path} is loaded", evidence, f"initramfs: {', '.join(one.path for one in known.initrds)}")


def mend(host: Host) -> str:
    """Loads what is built. Raises KdiveError where that cannot be."""
    from kdive.kdump.control import reload

    return reload(lambda _: None, host.root)


def _changed(host: Host, one: LoadedFile) -> bool:
    status = host.stat(one.path)
    if status is None:
        return host.live  # a saved tree need not hold it
    return status.st_size != one.size or (host.live and status.st_mtime_ns != one.mtime_ns)
