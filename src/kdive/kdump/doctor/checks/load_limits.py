"""The kernel still takes a capture kernel.

kernel.kexec_load_disabled closes the door until the next boot, and kernel.kexec_load_limit_panic counts down with every
load, unload and failure. Once they are used up, a capture kernel that went stale cannot be replaced.
"""

from __future__ import annotations

from kdive.facts.missing import Missing
from kdive.kdump.doctor.check import Outcome, Stage, check, fail, ok, skip, warn
from kdive.kdump.doctor.host import Host
from kdive.kexec.state import read_state

_FEW = 3  # a reload after an update, and one after a failure


@check(Stage.KERNEL, needs=("kernel-config",))
def look(host: Host) -> Outcome:
    state = read_state(host.root)
    disabled, left, loaded = state.load_disabled, state.load_limit_panic, state.crash_loaded
    if isinstance(disabled, Missing):
        return skip(disabled.reason)
    evidence = [f"kernel.kexec_load_disabled = {int(disabled)}"]
    if not isinstance(left, Missing):
        evidence.append(f"kernel.kexec_load_limit_panic = {left}")
    if not disabled and (isinstance(left, Missing) or left == -1 or left >= _FEW):
        return ok("capture kernels may be loaded", *evidence)
    name = "kexec_load_disabled" if disabled else "kexec_load_limit_panic"
    fix = f"grep -rs {name} /etc/sysctl.* /usr/lib/sysctl.d shows who sets it; load before that; reboot"
    if not disabled and left:
        return warn(f"only {left} more loads or unloads of a capture kernel are allowed", *evidence, fix=fix)
    if loaded:
        return warn("no other capture kernel can be loaded before the next boot", *evidence, fix=fix)
    return fail("no capture kernel is loaded, and none may be before the next boot", *evidence, fix=fix)
