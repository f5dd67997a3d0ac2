"""Whoever asks can load a capture kernel.

Loading needs the capability CAP_SYS_BOOT on the host itself; in a container the kernel is not one's own, and its
settings are shown but cannot be changed.
"""

from __future__ import annotations

from kdive.kdump.doctor.check import Outcome, Stage, check, ok, skip, warn
from kdive.kdump.doctor.host import Host
from kdive.kexec.machine import read_machine


@check(Stage.CALLER)
def look(host: Host) -> Outcome:
    if not host.live:
        return skip("a saved tree is looked at")
    machine = read_machine(host.root)
    if machine.container:
        return warn(
            f"this runs in a container ({machine.container}): what is seen and loaded is the host's",
            fix="run it on the host",
        )
    if not machine.may_boot:
        return warn(
            "not run as root: some files cannot be read, and those checks are skipped",
            "/proc/self/status: CapEff lacks CAP_SYS_BOOT",
            fix="sudo kdive doctor",
        )
    return ok("run as root, on the host")
