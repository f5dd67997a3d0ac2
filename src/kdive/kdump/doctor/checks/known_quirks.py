"""Nothing is known of this machine's platform that keeps a capture kernel from working.

Some clouds and hypervisors need a parameter, or cannot start a second kernel at all; that shows at the crash alone.
"""

from __future__ import annotations

from kdive.facts.missing import Missing, known
from kdive.kdump.doctor.check import Outcome, Stage, check, fail, ok, skip, warn
from kdive.kdump.doctor.host import Host
from kdive.kdump.doctor.images import remembered
from kdive.kexec import cmdline


@check(Stage.KERNEL)
def look(host: Host) -> Outcome:
    vendor, product = (known(host.text(f"sys/class/dmi/id/{name}"), "") for name in ("sys_vendor", "product_name"))
    hypervisor = known(host.text("sys/hypervisor/type"), "")
    evidence = [f"/sys/class/dmi/id: {vendor} {product}".strip()] if vendor or product else []
    if hypervisor == "xen" and known(host.text("sys/hypervisor/guest_type"), "") == "PV":
        return fail(
            "this is a paravirtual guest of Xen, which cannot start a second kernel",
            "/sys/hypervisor/guest_type: PV",
            fix="let the host take the dump (xl dump-core), or make the guest PVH or HVM",
        )
    loaded = remembered(host)
    given = [] if isinstance(loaded, Missing) else cmdline.words(loaded.cmdline)
    if vendor == "Amazon EC2" and host.arch == "aarch64" and "irqpoll" in given:
        return warn(
            "with irqpoll the capture kernel hangs on Graviton",
            *evidence,
            f"loaded with: {' '.join(given)}",
            fix="leave it out: KDUMP_COMMANDLINE_APPEND without irqpoll, then kdive setup --refresh",
        )
    flags = known(host.text("proc/cpuinfo"), "")
    if " tdx_guest" in flags:
        return warn(
            "in a guest with encrypted memory (TDX) few kernels can start a second one",
            *evidence,
            "/proc/cpuinfo: tdx_guest",
            fix="kdive test shows whether this one can",
        )
    if not evidence and not hypervisor:
        return skip("nothing says what this machine is")
    return ok("nothing is known against this platform", *evidence)
