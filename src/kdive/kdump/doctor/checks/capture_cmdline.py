"""The capture kernel is started with a command line that is fit for it.

It has one CPU's worth of memory, and devices in whatever state the crash left them: huge pages, large log buffers and
panics on warnings, which suit the machine, end the capture; reset_devices and one CPU help it.
"""

from __future__ import annotations

from kdive.facts.missing import Missing
from kdive.kdump.doctor.check import Outcome, Stage, check, ok, skip, warn
from kdive.kdump.doctor.host import Host
from kdive.kdump.doctor.images import remembered
from kdive.kexec import cmdline

_HARMFUL = {
    "hugepages": "takes its memory", "hugepagesz": "takes its memory", "hugetlb_cma": "takes its memory",
    "cma": "takes its memory", "log_buf_len": "takes its memory", "slub_debug": "takes its memory",
    "page_owner": "takes its memory", "mem": "limits it to memory that is not its own",
    "panic_on_warn": "ends the capture at the first warning", "isolcpus": "keeps work from its only CPU",
    "nohz_full": "keeps work from its only CPU", "crashkernel": "takes its memory",
}  # fmt: skip
_ONE_CPU = ("nr_cpus", "maxcpus")


@check(Stage.IMAGE, needs=("image-loaded",))
def look(host: Host) -> Outcome:
    loaded = remembered(host)
    if isinstance(loaded, Missing):
        return skip(f"what the capture kernel is started with is not known: {loaded.reason}")
    evidence = f"loaded with: {loaded.cmdline}"
    pairs = (word.partition("=") for word in cmdline.words(loaded.cmdline))
    given = {name.replace("-", "_"): value for name, _, value in pairs}
    harmful = [name for name in _HARMFUL if given.get(name, "0") != "0"]
    fix = "put them into KDUMP_COMMANDLINE_REMOVE, then kdive setup --refresh"
    if harmful:
        words = "; ".join(f"{name} {_HARMFUL[name]}" for name in harmful)
        return warn(f"the capture kernel gets parameters that harm it: {words}", evidence, fix=fix)
    if not given.keys() & set(_ONE_CPU) and host.arch == "x86_64":
        return warn(
            "the capture kernel starts all CPUs: each takes memory, and the first of them resets the machine",
            evidence,
            fix="add nr_cpus=1 to KDUMP_COMMANDLINE_APPEND, then kdive setup --refresh",
        )
    return ok("the capture kernel's command line is fit for it", evidence)
