"""What a dump is, on one screen: the text of `kdive info`."""

from __future__ import annotations

from kdive.dumpfile.info import Info
from kdive.facts.machine import Container
from kdive.facts.missing import Missing
from kdive.report import words
from kdive.report.blocks import Fields, Section
from kdive.report.words import or_unknown

# What each bit of the level left out: makedumpfile(8), -d.
_LEVEL_BITS = ((1, "zero pages"), (2, "page cache"), (4, "private page cache"), (8, "user data"), (16, "free pages"))


def info_section(info: Info) -> Section:
    """The rows, the most asked for first."""
    container = info.container
    rows = [
        ("Format", words.format_of(container)),
        ("State", _state(container)),
        ("Kernel", or_unknown(info.release)),
        ("Version", "" if isinstance(info.version, Missing) else info.version),
        ("Build ID", or_unknown(info.build_id)),
        ("Host", or_unknown(info.nodename, lambda name: "" if name == "(none)" else name)),
        ("Crashed", or_unknown(info.crash_time, words.date)),
        ("Saved", "" if isinstance(info.saved_time, Missing) else words.date(info.saved_time)),
        ("Machine", _machine(info)),
        ("Registers", _registers(info)),
        ("Pages kept", _pages(container)),
        ("Left out", _left_out(container)),
        ("Size", _size(info)),
        ("KASLR", or_unknown(info.kaslr_offset, _offset)),
        ("VMCOREINFO", or_unknown(info.vmcoreinfo, lambda lines: words.count(len(lines), "line"))),
    ]
    rows += [("Damage", damage) for damage in container.damage]
    if container.erased:
        rows.append(("Erased on purpose", words.erased(container)))
    return Section("", (Fields(tuple((name, value) for name, value in rows if value)),))


def _state(container: Container) -> str:
    if container.incomplete:
        return f"incomplete: {container.incomplete}"
    return "damaged" if container.damage else "complete"


def _machine(info: Info) -> str:
    parts = [or_unknown(info.arch)]
    parts += [] if isinstance(info.cpus, Missing) else [words.count(info.cpus, "CPU")]
    parts += [f"{words.size(info.memory)} of memory covered", f"pages of {words.size(info.page_size)}"]
    return ", ".join(parts)


def _registers(info: Info) -> str:
    text = f"of {words.count(info.cpus_with_notes, 'CPU')}"
    absent = info.cpus_without_notes
    if isinstance(absent, Missing) or not absent:
        return text
    return f"{text}; {words.count(absent, 'CPU')} left none: did not answer the crash NMI, or was offline"


def _pages(container: Container) -> str:
    kept, total = container.pages_kept, container.pages_total
    if kept is None or not total:
        return ""
    return f"{kept:,} of {total:,} ({100 * kept / total:.0f} %)"


def _left_out(container: Container) -> str:
    level = container.dump_level
    if level is None:
        return ""
    return ", ".join(name for bit, name in _LEVEL_BITS if level & bit) or "nothing"


def _size(info: Info) -> str:
    size, parts = info.container.size, len(info.files)
    if size is None:
        return ""
    return words.size(size) + (f" in {parts} files: {', '.join(info.files)}" if parts > 1 else "")


def _offset(offset: int) -> str:
    return f"kernel moved by 0x{offset:x}" if offset else "kernel not moved"
