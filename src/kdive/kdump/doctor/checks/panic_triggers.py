"""An oops becomes a crash, and a machine that cannot save its crash reboots all the same.

After an oops the kernel goes on where it can, with locks that nobody gives back, and nothing is captured unless
kernel.panic_on_oops is set. With kernel.panic at 0 a machine whose capture kernel does not start stays dead until
somebody comes. Hangs, NMIs and warnings can be made to crash too; that is a matter of taste.
"""

from __future__ import annotations

from kdive.facts.missing import Missing, known
from kdive.kdump import setup_files, triggers
from kdive.kdump.doctor.check import Outcome, Stage, check, ok, skip, warn
from kdive.kdump.doctor.host import Host
from kdive.kdump.setup_files import FileChange


@check(Stage.TRIGGER)
def look(host: Host) -> Outcome:
    values = {one: host.sysctl(one.sysctl) for one in triggers.TRIGGERS}
    told = {one: value for one, value in values.items() if not isinstance(value, Missing)}
    if not any(one.advised for one in told):
        return skip("the tree does not hold the kernel's sysctls")
    evidence = [f"{one.sysctl} = {value}" for one, value in told.items()]
    if host.parameter("crash_kexec_post_notifiers"):
        evidence.append("/proc/cmdline: crash_kexec_post_notifiers: other code runs before the capture kernel starts")
    off = [one for one, value in told.items() if one.advised and not triggers.is_set(one, value)]
    if off:
        return warn(
            "; ".join(f"{one.sysctl} is 0: {one.without}" for one in off),
            *evidence,
            fix=f"put into /{triggers.FILE}: " + ", ".join(one.line for one in off),
        )
    quiet = [one.sysctl for one, value in told.items() if not triggers.is_set(one, value)]
    return ok("an oops is captured" + (f"; no crash comes from {', '.join(quiet)}" if quiet else ""), *evidence)


def mend(host: Host) -> str:
    """Sets what is advised on every machine, and keeps what is set already."""
    off = [one for one in triggers.TRIGGERS if one.advised and not host.sysctl(one.sysctl)]
    written = known(host.text(str(triggers.FILE)), "").splitlines()
    kept = [one for one in triggers.TRIGGERS if one in off or one.line in written]
    setup_files.apply([FileChange(f"/{triggers.FILE}", triggers.file_of(kept))], host.root)
    triggers.switch_on(off, host.root)
    return f"set {', '.join(one.line for one in off)}, now and in /{triggers.FILE}"
