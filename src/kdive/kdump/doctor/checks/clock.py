"""The capture kernel will know what time it is.

It names the folder of the dump by date and time, which it takes from the hardware clock: without one, dumps are of
1970 and folders of two crashes may get the same name.
"""

from __future__ import annotations

from kdive.kdump.doctor.check import Outcome, Stage, check, ok, skip, warn
from kdive.kdump.doctor.host import Host


@check(Stage.TARGET)
def look(host: Host) -> Outcome:
    clocks = host.glob("sys/class/rtc/rtc*")
    if not clocks:
        if host.partial or not host.exists("sys/class"):
            return skip("the tree does not say whether there is a hardware clock")
        return warn(
            "this machine has no hardware clock: the dump's folder is named by a date of 1970",
            "/sys/class/rtc: empty",
            fix="nothing, but to read the time of a crash in its report, which takes it from the crashed kernel",
        )
    local = host.text("etc/adjtime")
    if isinstance(local, str) and local.splitlines()[-1:] == ["LOCAL"]:
        return warn(
            "the hardware clock runs in local time: names of dumps are off by the time zone",
            "/etc/adjtime: LOCAL",
            fix="timedatectl set-local-rtc 0",
        )
    return ok("there is a hardware clock", *(f"/{name}" for name in clocks))
