"""Named parts of reports that only some classes have: who allocated, who was killed, which CPUs stalled."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kdive.log.grouping import STORMS, Report
from kdive.log.report_block import Section

_BLOCKER = re.compile(r"INFO: task .* is blocked on an? (.+) likely owned by task (.+):(\d+)")
_KILLED = re.compile(r"(?:Memory cgroup o|O)ut of memory: Kill(?:ed)? process (\d+) \((.*?)\)")
_STALLED = re.compile(r"(?:rcu: )?\s*(\d{1,5})-[.\w!?]{4}: \(")
_STALLED_BRACES = re.compile(r".*stalls? on (?:CPUs?/tasks: |CPU )\{((?: ?\d+)(?:-\S+)?[^}]*)\}")
_STALLED_TASK = re.compile(r"(?:rcu: )?\s*Tasks blocked on .*?: (?:P(\d+))")
_OBJECT = re.compile(r" ?which belongs to the cache (\S+) of size (\d+)")
_KASAN_RANGE = re.compile(r"KASAN: (?P<what>[\w -]+) in range \[(?P<range>[^\]]+)\]")
_TRACKED = r"\S*(?: \[(?P<module>\w+)[^]]*\])?.* pid=(?P<tracked_pid>\d+))"
_ALLOCATED = re.compile(r"[Aa]llocated (?:by task (?P<pid>\d+)|in (?P<function>[\w.]+)" + _TRACKED)
_FREED = re.compile(r"[Ff]reed (?:by task (?P<pid>\d+)|in (?P<function>[\w.]+)" + _TRACKED)
_SANITIZER_FRAMES = re.compile(
    r"kasan_|_+kasan|kfence_|save_stack|stack_trace_save|_*k[mvz]*alloc|k[vz]?free|_*kmem_cache_|_*slab_|set_track"
    r"|poison|unpoison|krealloc|__do_km|mempool_"
)


def details_of(report: Report, parts: Sequence[Section], main: Section, lines: Sequence[str]) -> dict[str, str]:
    """Details beyond the groups of the headline."""
    details: dict[str, str] = {}
    if report.kind in STORMS:
        details["count"] = str(len(report.headlines))
    implies = next((headline.implies for headline in report.headlines if headline.implies), "")
    if implies:
        details["implies"] = implies
    if release := next((part.cpu_line.release for part in (main, *parts) if part.cpu_line.release), ""):
        details["release"] = release
    if any(part.cpu_line.kdump_loaded for part in parts):
        details["kdump"] = "loaded"
    _memory(details, parts)
    for line in lines[1:200]:
        _line(details, line)
    if report.kind == "hung-task":
        details["task"] = report.groups["comm"]
    if cpus := stalled_cpus(report, lines):
        details["cpus"] = " ".join(map(str, cpus))
    return details


def _line(details: dict[str, str], line: str) -> None:
    if match := _BLOCKER.match(line):
        details["waits"], details["blocker"], details["blocker_pid"] = match[1], match[2], match[3]
    elif match := _KILLED.match(line):
        details["killed"], details["killed_pid"] = match[2], match[1]
    elif match := _OBJECT.match(line):
        details["cache"], details["object_size"] = match[1], match[2]
    elif match := _KASAN_RANGE.match(line):
        details["kasan"], details["kasan_range"] = match["what"], match["range"]
    elif match := _STALLED_TASK.match(line):
        details["stalled_pid"] = match[1]


def _memory(details: dict[str, str], parts: Sequence[Section]) -> None:
    """Who allocated and who freed the object of a sanitizer's report."""
    for part in parts:
        for name, pattern in (("alloc", _ALLOCATED), ("free", _FREED)):
            if (match := pattern.match(part.title)) and f"{name}_pid" not in details:
                details[f"{name}_pid"] = match["pid"] or match["tracked_pid"]
                function = match["function"] or next(
                    (f.function for f in part.frames if not _SANITIZER_FRAMES.match(f.function)), ""
                )
                if function:
                    details[f"{name}_function"] = function
                if match["module"]:
                    details[f"{name}_module"] = match["module"]


def stalled_cpus(report: Report, lines: Sequence[str]) -> list[int]:
    """The CPUs that a lockup or stall is about."""
    if report.kind != "rcu-stall":
        return []
    cpus = [int(match[1]) for match in map(_STALLED.match, lines[1:60]) if match]
    if not cpus and (braces := _STALLED_BRACES.match(lines[0])):
        cpus = [int(cpu) for cpu in re.findall(r"\b\d{1,5}\b", re.sub(r"-\S+", "", braces[1]))]
    return cpus[:64]
