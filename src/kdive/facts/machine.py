"""The machine and its kernel: crash's banner, CPUs, tasks, modules, memory."""

from __future__ import annotations

from dataclasses import dataclass

from kdive.facts.missing import NOT_READ, Missing
from kdive.units import Address, ByteCount, Nanoseconds, UnixSeconds


@dataclass(frozen=True)
class Container:
    """What the file is, before anything in it is interpreted."""

    path: str
    format: str  # "elf", "kdump-compressed", "kdump-compressed (flattened)", "kcore", "log", "facts" …
    version: int | None = None  # header version, kdump-compressed
    codecs: tuple[str, ...] = ()  # "zlib", "lzo", "snappy", "zstd"; empty: not compressed
    dump_level: int | None = None  # makedumpfile -d, where the header says it
    size: ByteCount | None = None  # of the file or of all files of a split set
    parts: int = 1
    pages_total: int | None = None  # page frames of memory the machine had
    pages_kept: int | None = None
    incomplete: str = ""  # why, or ""
    damage: tuple[str, ...] = ()  # what is wrong with the file, in words
    erased: tuple[str, ...] = ()  # what was taken out of its pages on purpose: "user_key_payload.data"

    @property
    def partial(self) -> bool:
        """Pages were filtered out on purpose."""
        return bool(self.dump_level)


@dataclass(frozen=True)
class Banner:
    """The block that crash prints when it starts, field by field."""

    kernel: str | Missing = NOT_READ  # path of the vmlinux
    dumpfile: str | Missing = NOT_READ
    partial: bool = False  # [PARTIAL DUMP]
    incomplete: bool = False  # [INCOMPLETE]
    cpus: int | Missing = NOT_READ  # present
    cpus_offline: int | Missing = NOT_READ
    date: UnixSeconds | Missing = NOT_READ
    uptime: Nanoseconds | Missing = NOT_READ
    load_average: tuple[float, float, float] | Missing = NOT_READ
    tasks: int | Missing = NOT_READ
    nodename: str | Missing = NOT_READ
    release: str | Missing = NOT_READ
    version: str | Missing = NOT_READ
    machine: str | Missing = NOT_READ
    cpu_khz: int | Missing = NOT_READ
    memory: ByteCount | Missing = NOT_READ
    panic: str | Missing = NOT_READ
    pid: int | Missing = NOT_READ
    command: str | Missing = NOT_READ
    task: Address | Missing = NOT_READ
    thread_info: Address | Missing = NOT_READ
    cpu: int | Missing = NOT_READ
    state: str | Missing = NOT_READ
    build_id: str | Missing = NOT_READ
    command_line: str | Missing = NOT_READ


@dataclass(frozen=True)
class Cpu:
    """One CPU at the crash."""

    number: int
    online: bool
    answered_nmi: bool | Missing  # False: it never saved its registers
    pid: int | Missing = NOT_READ
    comm: str | Missing = NOT_READ


@dataclass(frozen=True)
class Cpus:
    cpus: tuple[Cpu, ...]

    @property
    def silent(self) -> tuple[int, ...]:
        """Online CPUs that did not answer the crash NMI."""
        return tuple(cpu.number for cpu in self.cpus if cpu.online and cpu.answered_nmi is False)


@dataclass(frozen=True)
class Task:
    pid: int
    tgid: int
    ppid: int | Missing
    comm: str
    state: str  # "RU", "IN", "UN", "ST", "TR", "ZO", "DE", "PA", "WA", "ID", "NE"
    cpu: int
    task: Address | Missing
    on_cpu: bool
    kernel_thread: bool
    uninterruptible_ns: Nanoseconds | None = None  # how long a blocked task has been off the CPU


@dataclass(frozen=True)
class Tasks:
    tasks: tuple[Task, ...]
    truncated: str = ""  # why the walk stopped early, or ""


@dataclass(frozen=True)
class Module:
    name: str
    base: Address | Missing
    size: ByteCount
    taints: str = ""  # "OE": out of tree, unsigned
    state: str = "live"


@dataclass(frozen=True)
class Modules:
    modules: tuple[Module, ...]
    taints: str | Missing = NOT_READ  # of the whole kernel
    truncated: str = ""


@dataclass(frozen=True)
class MemoryTotals:
    total: ByteCount | Missing = NOT_READ
    free: ByteCount | Missing = NOT_READ
    anonymous: ByteCount | Missing = NOT_READ
    file: ByteCount | Missing = NOT_READ
    slab: ByteCount | Missing = NOT_READ
    swap_total: ByteCount | Missing = NOT_READ
    swap_free: ByteCount | Missing = NOT_READ
