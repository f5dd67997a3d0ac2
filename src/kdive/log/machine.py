"""What the log says of the machine: the banner as far as boot messages and the crash's own report give it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kdive.facts.crash import PanicChain
from kdive.facts.log import Log
from kdive.facts.machine import Banner
from kdive.facts.missing import Missing
from kdive.units import ByteCount, Nanoseconds, UnixSeconds

_KIB = 1024
_NS_PER_S = 1_000_000_000

_VERSION = re.compile(r"Linux version (?P<release>\S+) \(.*(?P<version>#\d+ .*)$")
_COMMAND_LINE = re.compile(r"(?:Kernel command|Command) line: (?P<line>.*)$")
_MEMORY = re.compile(r"Memory: \d+[Kk]/(?P<kib>\d+)[Kk] available")
_CPUS = re.compile(r"Brought up \d+ nodes?, (?P<n>\d+) CPUs?|Total of (?P<n2>\d+) processors activated")
_MHZ = re.compile(r"tsc: (?:Detected|Refined TSC clocksource calibration:) (?P<mhz>\d+\.\d+) MHz")
_CLOCK = re.compile(r"setting system clock to .*\((?P<epoch>\d{9,11})\)")
_ARCH = (
    ("x86_64", re.compile(r"\bx86/|BIOS-e820:")),
    ("aarch64", re.compile(r"\barm64\b|Booting Linux on physical CPU")),
)


def read_machine(log: Log, lines: Sequence[str], chain: PanicChain) -> Banner:
    """The banner as the log gives it; what the log does not say is Missing."""
    missing = Missing("not in the log")
    version = _first(_VERSION, lines)
    command_line = _first(_COMMAND_LINE, lines)
    memory = _first(_MEMORY, lines)
    cpus = _first(_CPUS, lines)
    mhz = _first(_MHZ, lines)
    crash = chain.first_fault or chain.panic
    ending = chain.panic or crash
    end = max((record.timestamp for record in log.records if record.timestamp is not None), default=None)
    return Banner(
        release=version["release"] if version else missing,
        version=version["version"].strip() if version else missing,
        machine=next((arch for arch, tell in _ARCH if any(map(tell.search, lines))), missing),
        command_line=command_line["line"].strip() if command_line else missing,
        memory=ByteCount(int(memory["kib"]) * _KIB) if memory else missing,
        cpus=int(cpus["n"] or cpus["n2"]) if cpus else missing,
        cpu_khz=int(float(mhz["mhz"]) * 1000) if mhz else missing,
        uptime=Nanoseconds(end) if end is not None else Missing("the log has no time stamps"),
        date=_date(log, end),
        panic=_panic_line(lines, ending.headline if ending else ""),
        pid=crash.pid if crash and crash.pid is not None else missing,
        command=crash.comm if crash and crash.comm else missing,
        cpu=crash.cpu if crash and crash.cpu is not None else missing,
    )


def _panic_line(lines: Sequence[str], headline: str) -> str | Missing:
    """The line that crash shows as PANIC: the old sysrq's, else the panic's; else the headline of what ended it all."""
    for start in ("SysRq : Trigger a crash", "Kernel panic - "):
        found = next((line for line in lines if line.startswith(start)), None)
        if found:
            return found
    return headline or Missing("no panic in the log")


def _first(pattern: re.Pattern[str], lines: Sequence[str]) -> re.Match[str] | None:
    return next((match for match in map(pattern.search, lines) if match), None)


def _date(log: Log, end: int | None) -> UnixSeconds | Missing:
    """The time of the last record: the hardware clock as read at boot, plus what the time stamps say has passed."""
    for record in log.records:
        match = _CLOCK.search(record.text)
        if match and record.timestamp is not None and end is not None:
            return UnixSeconds(int(match["epoch"]) + (end - record.timestamp) // _NS_PER_S)
    return Missing("the log does not give the date")
