"""The kernel log as records, and the kernel's reports (oopses, warnings, stalls …) found in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kdive.facts.stacks import Frame
from kdive.units import Address, Nanoseconds


@dataclass(frozen=True)
class LogRecord:
    """One printk record, or one line of a text log. `text` may hold newlines when it comes from the ring."""

    text: str
    timestamp: Nanoseconds | None = None  # since boot; None where the text had none
    level: int | None = None  # 0 emergency … 7 debug
    facility: int | None = None  # 0 is the kernel
    caller: str = ""  # "T123" a thread, "C1" a CPU; "" when not recorded
    sequence: int | None = None  # the ring's own number


@dataclass(frozen=True)
class Log:
    """The log of the machine's last boot, as far as it could be read.

    `lines` are the records split at newlines: evidence and events name them by index (0-based).
    """

    records: tuple[LogRecord, ...]
    source: str  # "ring", "records", "buffer" (from a dump); "console", "dmesg", "journal", "pstore" (from text)
    lost_records: int = 0  # overwritten before the crash, or unreadable
    earlier_boots: int = 0  # boots of the machine before this one in the same text
    capture_kernel_lines: int = 0  # lines of the capture kernel that followed, left out of `records`
    notes: tuple[str, ...] = ()  # what could not be read, in words


@dataclass(frozen=True)
class LogEvent:
    """One report of the kernel: a headline and the block of lines that belongs to it."""

    kind: str  # a class id such as "null-deref", or "panic", "oops", "oom-kill": see kdive.log.events
    line: int  # index of the headline in the log's lines
    end_line: int  # first line that is no longer part of the block
    headline: str  # its text, without time stamp
    timestamp: Nanoseconds | None = None
    cpu: int | None = None
    pid: int | None = None
    comm: str = ""
    taint: str = ""  # the letters, e.g. "G OE"
    address: Address | None = None  # the address whose access faulted
    access: str = ""  # "read", "write", "fetch" or ""
    die_counter: int | None = None  # the [#1] of an oops
    ip: Frame | None = None  # where it happened (RIP, pc)
    frames: tuple[Frame, ...] = ()  # its call trace, innermost first, the frame of `ip` not repeated
    registers: Mapping[str, int] = field(default_factory=dict)  # lower-case names
    code: str = ""  # the Code: line, as printed
    details: Mapping[str, str] = field(default_factory=dict)  # named parts of the headline: "function", "seconds" …
