"""What kdive takes the pages of this kernel for agrees with what the kernel counts.

A filter that mistakes a new kernel's pages leaves out what matters, or keeps everything. Both show only when the dump
is needed, or when the disk is full; here they show against the memory of the running machine.
"""

from __future__ import annotations

from pathlib import Path

from kdive.errors import KdiveError
from kdive.facts.missing import Missing
from kdive.kdump.doctor.check import Outcome, Stage, check, ok, skip, warn
from kdive.kdump.doctor.host import Host
from kdive.kdump.forecast import parse_meminfo

_KCORE = Path("/proc/kcore")
_LARGEST = 64 << 30  # bytes of memory: a second each 10 GB or so


@check(Stage.PROOF)
def look(host: Host) -> Outcome:
    if not host.live:
        return skip("a saved tree has no memory to look at")
    if not host.exists(str(_KCORE)):
        return skip("this kernel has no /proc/kcore")
    meminfo = host.text("proc/meminfo")
    if isinstance(meminfo, Missing):
        return skip(meminfo.reason)
    if parse_meminfo(meminfo).get("MemTotal", 0) > _LARGEST:
        return skip(f"this machine has much memory: kdive dump --mem-usage {_KCORE} looks at all of it")
    from kdive.engine.save import measure

    try:
        usage = measure(_KCORE)
    except KdiveError as error:
        return skip(f"{_KCORE}: {error.message}")
    evidence = [f"{kind.name.lower()}: {count} pages" for kind, count in usage.summary.pages.items() if count]
    evidence += usage.agreeing
    if usage.summary.warnings:
        return warn(
            "; ".join(usage.summary.warnings),
            *evidence,
            *usage.summary.reasons,
            fix="capture at a lower level (core_collector makedumpfile -z -d 1), and report it as a bug",
        )
    return ok("pages are what the kernel counts", *evidence)
