"""The block that crash prints when it starts: same names, same order."""

from __future__ import annotations

from kdive.facts.machine import Banner
from kdive.facts.missing import Missing
from kdive.facts.verdict import Report
from kdive.report import words
from kdive.report.blocks import Fields, Section
from kdive.report.words import or_unknown


def banner_section(report: Report) -> Section:
    """crash's banner."""
    banner = report.facts.banner
    rows = (
        ("KERNEL", _kernel(report)),
        ("DUMPFILE", _dumpfile(banner, erased=bool(report.facts.container.erased))),
        ("CPUS", _cpus(banner)),
        ("DATE", or_unknown(banner.date, words.date)),
        ("UPTIME", or_unknown(banner.uptime, words.duration)),
        ("LOAD AVERAGE", or_unknown(banner.load_average, _load_average)),
        ("TASKS", or_unknown(banner.tasks)),
        ("NODENAME", or_unknown(banner.nodename)),
        ("RELEASE", or_unknown(banner.release)),
        ("VERSION", or_unknown(banner.version)),
        ("MACHINE", _machine(banner)),
        ("MEMORY", or_unknown(banner.memory, _memory)),
        ("PANIC", or_unknown(banner.panic, lambda text: f'"{text}"')),
        ("PID", or_unknown(banner.pid)),
        ("COMMAND", or_unknown(banner.command, lambda text: f'"{text}"')),
        ("TASK", _task(banner)),
        ("CPU", or_unknown(banner.cpu)),
        ("STATE", or_unknown(banner.state)),
    )
    return Section("The machine", (Fields(rows, banner=True),))


def dump_section(report: Report) -> Section:
    """What the file is, and which kernel build it holds."""
    container, banner = report.facts.container, report.facts.banner
    rows = [("Format", words.format_of(container))]
    if container.size is not None:
        parts = f" in {container.parts} files" if container.parts > 1 else ""
        rows.append(("Size", words.size(container.size) + parts))
    if container.pages_kept is not None and container.pages_total:
        rows.append(("Pages kept", f"{container.pages_kept:,} of {container.pages_total:,}"))
    if container.incomplete:
        rows.append(("Incomplete", container.incomplete))
    rows += [("Damage", damage) for damage in container.damage[:10]]
    if container.erased:
        rows.append(("Erased on purpose", words.erased(container)))
    if not isinstance(banner.build_id, Missing):
        rows.append(("Build ID", banner.build_id))
    if not isinstance(banner.command_line, Missing):
        rows.append(("Command line", banner.command_line))
    return Section("The file", (Fields(tuple(rows)),), detail=True)


def _kernel(report: Report) -> str:
    modules = report.facts.modules
    tainted = not isinstance(modules, Missing) and isinstance(modules.taints, str) and modules.taints
    kernel = report.facts.banner.kernel
    return or_unknown(kernel) + ("  [TAINTED]" if tainted and not isinstance(kernel, Missing) else "")


def _dumpfile(banner: Banner, *, erased: bool) -> str:
    marks = {"  [PARTIAL DUMP]": banner.partial, "  [INCOMPLETE]": banner.incomplete, "  [ERASED]": erased}
    return or_unknown(banner.dumpfile) + "".join(mark for mark, holds in marks.items() if holds)


def _memory(size: int) -> str:
    """As crash prints it: "383.5 MB", "16 GB"."""
    unit, scale = ("GB", 1 << 30) if size >= 1 << 30 else ("MB", 1 << 20)
    return f"{size / scale:.1f}".removesuffix(".0") + f" {unit}"


def _cpus(banner: Banner) -> str:
    offline = banner.cpus_offline
    return or_unknown(banner.cpus) + (f" [OFFLINE: {offline}]" if isinstance(offline, int) and offline else "")


def _machine(banner: Banner) -> str:
    khz = banner.cpu_khz
    if isinstance(banner.machine, Missing):
        return or_unknown(banner.machine)
    return f"{banner.machine}  ({'unknown' if isinstance(khz, Missing) else khz // 1000} Mhz)"


def _task(banner: Banner) -> str:
    thread_info = banner.thread_info
    extra = "" if isinstance(thread_info, Missing) else f"  [THREAD_INFO: {words.address(thread_info)}]"
    return or_unknown(banner.task, words.address) + extra


def _load_average(values: tuple[float, float, float]) -> str:
    return ", ".join(f"{value:.2f}" for value in values)
