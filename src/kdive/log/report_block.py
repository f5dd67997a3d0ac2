"""The lines after a headline that belong to it, taken apart into sections: one per CPU or task that is shown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from kdive.facts.stacks import Frame
from kdive.log import trace_lines

LONGEST_BLOCK = 3000  # lines
_GAP_BEFORE_TRACE, _GAP_IN_TRACE, _GAP_AFTER_TRACE = 60, 40, 12  # lines of others in between (other CPUs, programs)

_DATA = Path(__file__).parent / "data" / "report_lines.txt"
_NUMBERED = re.compile(  # numbered registers, memory dumps, page tables, counts, locks, the OOM killer's tasks
    r"[xrast]\d\d? ?: |>?[0-9a-f]{8,16}:? |\[[0-9a-f]{8,16}\] |\d+-[.\w!?]{4}: |\d+ (?:locks? held|pages|total|kB)"
    r"|#\d: |CPU \d|\[ {0,6}\d+\] |[0-9a-f]{4}: [0-9a-f ]{8}"
)
_TRACE = re.compile(r"Call [Tt]race:|Backtrace:|Stack :|Exception stack")
_NEW_SECTION = re.compile(
    r"(?:NMI backtrace for cpu|Task dump for CPU) (?P<cpu>\d+)"
    r"|(?:task:\S|(?:Allocated|Freed) by task|(?:allocated|freed) by task|(?:Allocated|Freed) in "
    r"|Last potentially related work|The buggy address|Uninit was (?:created|stored)|(?:read|write) (?:\(.*\) )?to 0x"
    r"|Reported by Kernel|Preemption disabled at|Last Breaking-Event|rcu: .*kthread|rcu: Stack dump where"
    r"|stack backtrace:|Showing (?:all|busy)|---\[ end|Mem-Info)"
)
BODY_START = re.compile(
    r"CPU: \d+ (?:UID|PID)|CPU \d+ *$|Pid: \d|[RE]IP: |Call [Tt]race:|Modules linked in|pc : |NIP|Backtrace:"
)


@dataclass
class Section:
    """What is shown of one CPU or task."""

    title: str = ""
    cpu_line: trace_lines.CpuLine = field(default_factory=trace_lines.CpuLine)
    cpu: int | None = None
    ip: Frame | None = None
    lr: Frame | None = None  # where `ip` returns to, by the link register
    frames: list[Frame] = field(default_factory=list)
    registers: dict[str, int] = field(default_factory=dict)
    code: str = ""
    traced: bool = False  # a call trace has begun

    @property
    def empty(self) -> bool:
        return not (self.frames or self.ip or self.cpu_line.comm or self.cpu_line.release)


def block_end(lines: Sequence[str], start: int, limit: int) -> int:
    """First line after `start` that is not part of its report; `limit` is where another one begins."""
    last, gap = start, _GAP_BEFORE_TRACE
    limit = min(limit, start + LONGEST_BLOCK)
    for number in range(start + 1, limit):
        if is_report_line(lines[number]):
            last = number
            if lines[number].startswith("---[ end"):
                gap = _GAP_AFTER_TRACE
            elif gap == _GAP_BEFORE_TRACE and trace_lines.frame_line(lines[number], ""):
                gap = _GAP_IN_TRACE
        elif number - last > gap:
            break
    return last + 1


def is_report_line(line: str) -> bool:
    """Whether the kernel prints such a line inside a report."""
    stripped = line.lstrip()
    if stripped.startswith(_beginnings()) or _NUMBERED.match(stripped):
        return True
    return trace_lines.frame_line(line, "") is not None or trace_lines.is_inline(line)


@cache
def _beginnings() -> tuple[str, ...]:
    return tuple(row for row in _DATA.read_text(encoding="ascii").split("\n") if row and not row.startswith("# "))


def sections(lines: Sequence[str]) -> list[Section]:
    """The parts of a report, in order; the first has what comes before any title."""
    reader = _SectionReader()
    for line in lines:
        reader.read(line)
    return reader.sections


class _SectionReader:
    def __init__(self) -> None:
        self.sections = [Section()]
        self.context = ""
        self.in_user_space = False

    def read(self, line: str) -> None:
        stripped = line.lstrip()
        if title := _NEW_SECTION.match(stripped):
            self._title(stripped, int(title["cpu"][:9]) if title["cpu"] else None)
            return
        section = self.sections[-1]
        if cpu := trace_lines.cpu_line(stripped):
            titled = section.title and section.cpu is None
            if section.frames or titled or (section.cpu_line.comm and cpu.comm):
                section = self._begin("", None)
            old = section.cpu_line.cpu
            section.cpu_line = cpu if cpu.cpu is not None or old is None else _with_cpu(cpu, old)
            if section.cpu is None:
                section.cpu = section.cpu_line.cpu
        elif _TRACE.match(stripped):
            self.context = trace_lines.context_after(stripped, "")
            self.in_user_space = False
            if section.ip is not None and not section.traced:
                section.frames = []
            section.traced = True
            if (frame := trace_lines.frame_line(stripped.partition(":")[2], self.context)) is not None:
                section.frames.append(frame)
        elif stripped.startswith("<") and trace_lines.is_context_mark(stripped):
            self.context = trace_lines.context_after(stripped, self.context)
            self.in_user_space = False
        elif (frame := trace_lines.frame_line(line, self.context)) is not None:
            if "<" in line:
                self.context = trace_lines.context_after(line, self.context)
                frame = trace_lines.frame_line(line, self.context) or frame
            section.frames.append(frame)
        else:
            self._read_state(section, stripped)

    def _title(self, title: str, cpu: int | None) -> None:
        section = self.sections[-1]
        task = trace_lines.task_line(title)
        if task is None or not section.title.startswith("Task dump") or not section.empty:
            section = self._begin(title, cpu)
        if task is not None:
            section.cpu_line = task

    def _begin(self, title: str, cpu: int | None) -> Section:
        if self.sections[-1].empty and not self.sections[-1].title:
            self.sections.pop()
        self.sections.append(Section(title, cpu=cpu))
        self.context, self.in_user_space = "", False
        return self.sections[-1]

    def _read_state(self, section: Section, line: str) -> None:
        user, ip = trace_lines.ip_line(line, self.context)
        if user:
            self.in_user_space = True
        elif ip is not None:
            self.in_user_space = False
            if section.frames and section.cpu_line.comm and not section.traced:
                section.frames = []  # of another CPU, which was printing its trace; so are those before "Call Trace:"
            if section.frames:
                if not line.startswith(("RIP  [", "EIP  [", "IP: ")):
                    section.frames.append(ip)
            elif section.ip is None or not section.ip.function:
                section.ip = ip
            if line.startswith("pc :") and (registers := trace_lines.registers_line(line)):
                section.registers = registers | section.registers
        elif section.lr is None and (lr := trace_lines.lr_line(line)):
            section.lr = lr
        elif line.startswith("Code:"):
            if not section.code and not self.in_user_space:
                section.code = line.removeprefix("Code:").strip()
        elif not self.in_user_space and (registers := trace_lines.registers_line(line)) and not _is_rest(section):
            section.registers = registers | section.registers


def _is_rest(section: Section) -> bool:
    """Whether a section only repeats what was shown before ("---[ end trace" is followed by the registers again)."""
    return section.title.startswith("---[ end")


def _with_cpu(line: trace_lines.CpuLine, cpu: int) -> trace_lines.CpuLine:
    return trace_lines.CpuLine(cpu, line.pid, line.comm, line.taint, line.release, line.kdump_loaded)
