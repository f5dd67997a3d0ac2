"""Firmware-assisted dumps (POWER) are registered and will find their capture.

On POWER the firmware may keep the memory of a crash instead of a capture kernel. It must be registered anew after each
boot, and the initramfs of the ordinary boot must hold the collector.
"""

from __future__ import annotations

from kdive.facts.missing import Missing
from kdive.kdump.doctor.check import Outcome, Stage, check, fail, ok, skip
from kdive.kdump.doctor.host import Host


@check(Stage.IMAGE)
def look(host: Host) -> Outcome:
    enabled = host.number(
        "sys/kernel/fadump/enabled" if host.exists("sys/kernel/fadump") else "sys/kernel/fadump_enabled"
    )
    if isinstance(enabled, Missing) or not enabled:
        return skip("this machine does not use firmware-assisted dumps")
    new = host.exists("sys/kernel/fadump/registered")
    name = "sys/kernel/fadump/registered" if new else "sys/kernel/fadump_registered"
    registered = host.number(name)
    if registered == 1:
        return ok("firmware-assisted dump is registered", f"/{name}: 1")
    return fail(
        "firmware-assisted dump is enabled and not registered: a crash leaves no dump",
        f"/{name}: {registered if isinstance(registered, int) else registered.reason}",
        fix=f"echo 1 > /{name}",
    )
