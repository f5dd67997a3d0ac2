"""The machine and its kernel, as shown when a dump is opened."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from kdive.errors import KdiveError
from kdive.facts.banners import filled, with_ending
from kdive.facts.machine import Banner
from kdive.facts.missing import Missing
from kdive.kernel.banner import read_banner
from kdive.kernel.context import Kernel
from kdive.kernel.cpus import active_cpus, read_registers
from kdive.kernel.tasks import read_tasks
from kdive.log.chain import panic_chain
from kdive.log.from_memory import read_log
from kdive.log.machine import read_machine
from kdive.log.render import lines
from kdive.memory.identity import identify
from kdive.memory.memory import Memory
from kdive.units import Nanoseconds

_LABEL_COLUMNS = 12
_NS_PER_S = 1_000_000_000


@dataclass(frozen=True)
class Options:
    """It takes none."""


def run(kernel: Kernel, options: Options) -> Banner:
    """Every field of the banner, or why it could not be read."""
    banner = read_banner(kernel, read_tasks(kernel, active_cpus(kernel, read_registers(kernel))))
    return with_ending(filled(filled(banner, identify(kernel.memory)), _of_log(kernel.memory)))


def _of_log(memory: Memory) -> Banner:
    try:
        log = read_log(memory)
    except KdiveError:
        return Banner()
    return read_machine(log, lines(log), panic_chain(log))


def text(banner: Banner) -> Iterator[str]:
    """A line for each field, labels and order as in crash."""
    for label, value in _fields(banner):
        yield f"{label:>{_LABEL_COLUMNS}}: {f'({value.reason})' if isinstance(value, Missing) else value}"


def _fields(banner: Banner) -> Iterator[tuple[str, object]]:
    marks = ("  [PARTIAL DUMP]" if banner.partial else "") + ("  [INCOMPLETE]" if banner.incomplete else "")
    yield "KERNEL", banner.kernel
    yield "DUMPFILE", banner.dumpfile if isinstance(banner.dumpfile, Missing) else banner.dumpfile + marks
    yield "CPUS", _cpus(banner)
    yield "DATE", banner.date if isinstance(banner.date, Missing) else _date(banner.date)
    yield "UPTIME", banner.uptime if isinstance(banner.uptime, Missing) else uptime(banner.uptime)
    load = banner.load_average
    yield "LOAD AVERAGE", load if isinstance(load, Missing) else ", ".join(f"{average:.2f}" for average in load)
    yield "TASKS", banner.tasks
    yield "NODENAME", banner.nodename
    yield "RELEASE", banner.release
    yield "VERSION", banner.version
    yield "MACHINE", _machine(banner)
    yield "MEMORY", banner.memory if isinstance(banner.memory, Missing) else size(banner.memory)
    yield "PANIC", banner.panic if isinstance(banner.panic, Missing) else f'"{banner.panic}"'
    yield "PID", banner.pid
    yield "COMMAND", banner.command if isinstance(banner.command, Missing) else f'"{banner.command}"'
    yield "TASK", _task(banner)
    yield "CPU", banner.cpu
    yield "STATE", banner.state


def uptime(nanoseconds: Nanoseconds) -> str:
    """ "1 days, 02:03:04", the days only where there are some."""
    minutes, seconds = divmod(nanoseconds // _NS_PER_S, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return (f"{days} days, " if days else "") + f"{hours:02}:{minutes:02}:{seconds:02}"


def size(count: int) -> str:
    """ "14.5 GB", "512 MB": two digits at most, and none that is zero."""
    for unit, name in ((1 << 30, "GB"), (1 << 20, "MB")):
        if count >= unit:
            return f"{count / unit:.1f}".removesuffix(".0") + f" {name}"
    return f"{count >> 10} KB"


def _date(seconds: int) -> str:
    return time.strftime("%a %b %e %H:%M:%S %Z %Y", time.localtime(seconds))


def _cpus(banner: Banner) -> object:
    offline = banner.cpus_offline
    if isinstance(banner.cpus, Missing) or isinstance(offline, Missing) or not offline:
        return banner.cpus
    return f"{banner.cpus} [OFFLINE: {offline}]"


def _machine(banner: Banner) -> object:
    if isinstance(banner.machine, Missing) or isinstance(banner.cpu_khz, Missing):
        return banner.machine
    return f"{banner.machine}  ({banner.cpu_khz // 1000} Mhz)"


def _task(banner: Banner) -> object:
    if isinstance(banner.task, Missing):
        return banner.task
    if isinstance(banner.thread_info, Missing):
        return f"{banner.task:x}"
    return f"{banner.task:x}  [THREAD_INFO: {banner.thread_info:x}]"
