"""A dump fits where it goes, bytes and files.

A full disk at the crash costs the dump, or the machine's services after the reboot. What a dump takes follows from how
memory is used now; out of memory, which is when many machines crash, it takes more.
"""

from __future__ import annotations

from kdive.facts.missing import Missing
from kdive.kdump.doctor.check import Outcome, Stage, check, fail, ok, skip, warn
from kdive.kdump.doctor.host import Host
from kdive.kdump.doctor.settings import configuration, landing, space
from kdive.kdump.forecast import forecast, level_of, parse_meminfo

_INODES = 16  # a folder, the dump, logs, manifest, reports
_MB = 1 << 20


@check(Stage.TARGET, needs=("target-local",))
def look(host: Host) -> Outcome:
    where = landing(host)
    if isinstance(where, Missing):
        return skip(where.reason)
    free = space(host, where)
    if isinstance(free, Missing):
        return skip(free.reason)
    meminfo = host.text("proc/meminfo")
    if isinstance(meminfo, Missing):
        return skip(meminfo.reason)
    config = configuration(host)
    level = level_of(config.core_collector)
    need = forecast(parse_meminfo(meminfo), level)
    if isinstance(need, Missing):
        return skip(need.reason)
    evidence = (
        f"{where.mount.folder}: {free.free // _MB} MB free"
        + ("" if free.inodes is None else f", {free.inodes} inodes"),
        f"/proc/meminfo: level {level} keeps {need.pages // _MB} MB, likely {need.likely // _MB} MB compressed",
        f"kept free on the target: {config.reserve // _MB} MB",
    )
    fix = "kdive prune --keep 1 removes older dumps; or a higher level: core_collector makedumpfile -z -d 31"
    if free.inodes is not None and free.inodes < _INODES:
        return fail(f"{where.mount.folder} has room for {free.inodes} more files", *evidence, fix=fix)
    if free.free < need.likely + config.reserve:
        return fail(f"a dump does not fit on {where.mount.folder}", *evidence, fix=fix)
    if free.free < need.pages + config.reserve:
        return warn(f"a dump may not fit on {where.mount.folder}", *evidence, fix=fix)
    return ok(f"a dump fits on {where.mount.folder}", *evidence)
