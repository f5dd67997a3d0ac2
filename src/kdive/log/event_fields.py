"""One report's lines as a LogEvent: who, where, which address, which way it got there."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kdive.facts.log import LogEvent
from kdive.facts.stacks import Frame
from kdive.log.details import details_of, stalled_cpus
from kdive.log.grouping import Report
from kdive.log.report_block import Section, sections
from kdive.units import Address

_FIRST_PAGE = 0x1000  # bytes: an access below is a NULL pointer plus an offset
_STALLS = frozenset(("soft-lockup", "hard-lockup", "rcu-stall", "workqueue-lockup", "nmi"))
_DIGITS = 9  # of a CPU or PID that is to be believed
_OWN = frozenset(("address", "access", "cpu", "pid", "comm", "die"))

_PF = re.compile(r"#PF: (?:supervisor|user)(?:-privileged)? (read|write|instruction fetch)")
_PERMISSION = re.compile(r"#PF: error_code\(0x[0-9a-f]*[13579bdf]\)")
_ACCESS = re.compile(
    r" *(?:(?P<rw>Read|Write) of size|.*\bWnR = (?P<wnr>[01])|.*EC = 0x2[01]: (?P<fetch>IABT)"
    r"|.*on (?P<on>read|write) at 0x)"
)
_ADDRESS = re.compile(r".*(?:Failing address: |of size \d+ at addr |Faulting data address: )(?:0x)?([0-9a-f]+)")
_IN_FLIGHT = re.compile(r" *in-flight: \d{1,9}(?:\(RESCUER\))?:(?P<function>[\w.$]+)(?: \[(?P<module>[\w-]+)\])?")
_X86_ERROR_CODE = re.compile(r"[0-9a-f]{4}$")


def event_of(report: Report, lines: Sequence[str]) -> LogEvent:
    """The event in `lines`, whose first is the report's headline."""
    groups = report.groups
    parts = sections(lines[1:])
    cpus = stalled_cpus(report, lines)
    if report.kind in _STALLS and "cpu" in groups:
        cpus = [int(groups["cpu"][:_DIGITS])]
    main = _main(report, parts, cpus)
    kind, access, address = _access(report.kind, groups, main, lines)
    ip, frames = _where(kind, groups, main)
    if kind == "workqueue-lockup" and ip is None and not frames:
        ip = _work_in_flight(groups["pool"], lines)
    who = main.cpu_line if main.cpu_line.comm else next((p.cpu_line for p in parts if p.cpu_line.comm), main.cpu_line)
    return LogEvent(
        kind=kind,
        line=report.line,
        end_line=report.line + len(lines),
        headline=lines[0],
        cpu=next((cpu for cpu in (_decimal(groups.get("cpu")), who.cpu, main.cpu, *cpus) if cpu is not None), None),
        pid=_decimal(groups["pid"]) if "pid" in groups else who.pid,
        comm=groups.get("comm") or who.comm,
        taint=who.taint or next((part.cpu_line.taint for part in parts if part.cpu_line.taint), ""),
        address=address,
        access=access,
        die_counter=_decimal(groups.get("die")),
        ip=ip,
        frames=frames,
        registers=main.registers,
        code=main.code,
        details={name: value for name, value in groups.items() if name not in _OWN}
        | details_of(report, parts, main, lines),
    )


def _main(report: Report, parts: Sequence[Section], cpus: Sequence[int]) -> Section:
    """The section that shows where it happened: of the CPU that a stall is about, else the first."""
    parts = [part for part in parts if not part.title.startswith("Preemption disabled")] or [Section()]
    shown = [part for part in parts if part.frames or part.ip]
    if report.kind == "hung-task" and shown:
        return shown[0]  # the task's own; those of CPUs come after it
    if "die" in report.groups and (trapped := next((part for part in shown if part.ip), None)):
        return trapped  # frames before it are another CPU's, which was printing a trace
    if report.kind == "lockdep" and (reporter := next((part for part in shown if part.cpu_line.comm), None)):
        return reporter  # after those of where the locks were taken before
    if report.kind == "slab-corruption":
        shown = [part for part in shown if not part.title] or [Section()]  # those with one are the object's history
    shown = [part for part in shown if not part.title or part.cpu is not None] or shown or parts
    return next((part for part in shown if part.cpu in cpus), shown[0])


def _access(kind: str, groups: dict[str, str], main: Section, lines: Sequence[str]) -> tuple[str, str, Address | None]:
    """The class as the access tells it, what kind of access, and to where."""
    access, address, permission = groups.get("access", ""), _number(groups.get("address")), False
    for line in lines[1:60]:
        if match := _PF.match(line):
            access = "fetch" if match[1] == "instruction fetch" else match[1]
        elif _PERMISSION.match(line):
            permission = True
        elif match := _ACCESS.match(line):
            fetch = "fetch" if match["fetch"] else ""
            wnr = {"0": "read", "1": "write"}.get(match["wnr"] or "", "")
            access = access or (match["rw"] or "").lower() or fetch or match["on"] or wnr
        if address is None and (match := _ADDRESS.match(line)):
            address = _number(match[1])
    if kind == "oops" and {"cr2", "rsp"} <= main.registers.keys():
        kind = "page-fault"  # x86 prints a bare Oops header for nothing else
    faults = kind in ("null-deref", "page-fault", "nx-smep-cfi")
    code = groups.get("error_code", "")
    if not access and faults and _X86_ERROR_CODE.match(code) and main.registers.keys() & {"rax", "eax"}:
        bits = int(code, 16)
        access = "fetch" if bits & 16 else "write" if bits & 2 else "read"
    if faults and address is None:
        address = Address(main.registers.get("cr2", 0)) if "address" in groups or "cr2" in main.registers else None
    if kind == "page-fault" and address is not None and address < _FIRST_PAGE:
        kind = "null-deref"
    elif kind == "page-fault" and access == "fetch" and permission:
        kind = "nx-smep-cfi"
    return kind, access, address


def _where(kind: str, groups: dict[str, str], main: Section) -> tuple[Frame | None, tuple[Frame, ...]]:
    """The instruction, and the frames after it."""
    ip, frames = main.ip, main.frames
    if ip is None and kind in _STALLS and (at := _interrupted(frames)) is not None:
        return frames[at], tuple(frames[at + 1 :])
    if ip is None and "function" in groups:
        named = groups["function"]
        named_at = [n for n, frame in enumerate(frames) if frame.function == named]
        at = next((n for n in named_at if frames[n].reliable), named_at[-1] if named_at else None)
        if at is not None:
            return frames[at], tuple(frames[at + 1 :])
        offset, size = groups.get("offset"), groups.get("size")
        ip = Frame(
            named,
            module=groups.get("module", ""),
            offset=int(offset, 16) if offset else None,
            size=int(size, 16) if size else None,
            how="log",
        )
    if ip is not None and not ip.function and main.lr is not None and main.lr.function not in _functions(frames[:3]):
        frames = [main.lr, *frames]  # a call to nowhere left no frame of the caller
    frames = list(_without_repetition(ip, frames))
    return ip, tuple(frames if main.lr is None or not _is_caller(main.lr, ip, frames, main) else [main.lr, *frames])


def _is_caller(link: Frame, ip: Frame | None, frames: Sequence[Frame], main: Section) -> bool:
    """Whether the link register tells a caller that the trace leaves out: of a function that made no frame record.

    On arm64 the register points into the function itself once that has called another, which takes a record.
    """
    if ip is None or "x29" not in main.registers:
        return False
    own = ip.function.partition(".")[0]
    return link.function.partition(".")[0] != own and link.function not in _functions(frames[:3])


def _functions(frames: Sequence[Frame]) -> list[str]:
    return [frame.function for frame in frames]


def _interrupted(frames: Sequence[Frame]) -> int | None:
    """Where in the trace of a stalled CPU the interrupted function stands, below the handlers' frames.

    Newer kernels print its registers there; older ones mark it "?", as the first after an interrupt's frames or as the
    last of an NMI's.
    """
    printed = next((n for n, frame in enumerate(frames) if frame.interrupted), None)
    if printed is not None:
        return printed
    contexts = [frame.context for frame in frames]
    for n in range(1, len(frames)):
        if contexts[n - 1] == "nmi" != contexts[n]:
            return n - 1 if not frames[n - 1].reliable else None if frames[n].reliable else n
        if contexts[n] == "task" != contexts[n - 1]:
            return None if frames[n].reliable else n
    return None


def _work_in_flight(pool: str, lines: Sequence[str]) -> Frame | None:
    """The function of the work that holds up `pool`: older kernels show no stack of its worker."""
    same_pool = False
    for line in lines[1:200]:
        if line.lstrip().startswith("pwq "):
            same_pool = pool in line
        elif same_pool and (match := _IN_FLIGHT.match(line)):
            return Frame(match["function"], module=match["module"] or "", how="log")
    return None


def _without_repetition(ip: Frame | None, frames: Sequence[Frame]) -> Sequence[Frame]:
    """Without what stands above the interrupted function: the handler's own frames, marked "?", and the function."""
    if ip is None or not ip.function:
        return frames
    guesses = next((n for n, frame in enumerate(frames) if frame.reliable), len(frames))
    repeated = [n for n, frame in enumerate(frames[: guesses + 1]) if frame.function == ip.function]
    exact = [n for n in repeated if not frames[n].reliable or frames[n].offset == ip.offset]
    return frames[exact[-1] + 1 :] if exact else frames


def _decimal(digits: str | None) -> int | None:
    return None if digits is None else int(digits[:_DIGITS])


def _number(digits: str | None) -> Address | None:
    return (
        None if digits is None or digits.startswith("(") else Address(int(digits.removeprefix("0x")[:16], 16))
    )  # "(null)"
