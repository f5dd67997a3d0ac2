"""A watchdog that runs is fed in the capture kernel too.

Whoever fed it is gone with the crash. A capture kernel without its driver cannot stop it, and the machine resets in the
middle of the dump.
"""

from __future__ import annotations

from kdive.errors import KdiveError
from kdive.facts.missing import Missing
from kdive.kdump.doctor.check import Outcome, Stage, check, ok, skip, warn
from kdive.kdump.doctor.host import Host
from kdive.kdump.doctor.images import record
from kdive.kdump.image.device_chain import watchdogs
from kdive.kdump.image.modules import read_index


@check(Stage.IMAGE, needs=("capture-image",))
def look(host: Host) -> Outcome:
    running = [name for name in host.glob("sys/class/watchdog/watchdog*") if host.text(f"{name}/state") == "active"]
    if not running:
        known = host.exists("sys/class") and not host.partial
        return ok("no watchdog runs") if known else skip("the tree does not hold /sys/class")
    evidence = [f"/{name}: {host.text(f'{name}/identity') or 'active'}, active" for name in running]
    built = record(host)
    if isinstance(built, Missing):
        return skip(f"a watchdog runs, and whether the image can feed it is not known: {built.reason}", *evidence)
    try:
        index = read_index(host.root / "lib/modules" / built.release)
    except KdiveError as error:
        return skip(error.message, *evidence)
    drivers = list(index.closure(watchdogs(host.root).modules).paths)
    lacking = [name for name in drivers if name not in built.modules]
    if lacking:
        return warn(
            f"a watchdog runs, and the image lacks its driver: {', '.join(lacking)}",
            *evidence,
            fix="kdive setup --refresh",
        )
    return ok("the watchdog that runs is fed in the capture kernel too", *evidence)
