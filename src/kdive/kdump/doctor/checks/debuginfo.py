"""Reports on dumps of this kernel will name functions and types.

With type information in the kernel itself (BTF) a report needs nothing else; debuginfo adds inlined functions, local
variables and lines. A kernel without BTF needs it, and once a newer kernel is out, mirrors may drop it.
"""

from __future__ import annotations

from kdive.facts.missing import Missing
from kdive.kdump.doctor.check import Outcome, Stage, check, ok, skip, warn
from kdive.kdump.doctor.checks.kernel_config import read_config
from kdive.kdump.doctor.host import Host

_PLACES = ("usr/lib/debug/boot/vmlinux-{}", "usr/lib/debug/lib/modules/{}/vmlinux", "usr/lib/debug/vmlinux-{}")


@check(Stage.PROOF)
def look(host: Host) -> Outcome:
    release = host.release
    if isinstance(release, Missing):
        return skip(release.reason)
    for place in _PLACES:
        name = place.format(release)
        if host.exists(name):
            return ok("debuginfo of the running kernel is installed", f"/{name}")
    if host.exists("sys/kernel/btf/vmlinux"):
        return ok("the kernel carries its types; debuginfo would add lines and variables", "/sys/kernel/btf/vmlinux")
    config = read_config(host, release)
    if isinstance(config, Missing):
        return skip(config.reason)
    where, values = config
    if values.get("CONFIG_DEBUG_INFO_BTF") == "y":
        return ok("the kernel carries its types; debuginfo would add lines and variables", f"{where}: BTF")
    return warn(
        f"{release} carries no type information, and its debuginfo is not installed: reports have the log alone",
        f"{where}: CONFIG_DEBUG_INFO_BTF is not set",
        fix=f"kdive debuginfo fetch {release}, or install the package of the kernel's debug symbols",
    )
