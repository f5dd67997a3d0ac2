"""Single lines of a report: the CPU line, where it happened, frames of a call trace, registers; of all machines."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kdive.facts.stacks import Frame
from kdive.units import Address

_TAINT = r"(?:Not tainted|Tainted: (?P<taint>[A-Za-z -]+?)) +(?P<release>\d\S*)"  # RHEL prints dashes among the letters
_CPU = re.compile(
    r"CPU: ?(?P<cpu>\d{1,9}) (?:UID: \d{1,10} )?PID: (?P<pid>-?\d{1,10}) Comm: (?P<comm>.*?) (?P<kdump>Kdump: loaded )?"
    + _TAINT
)
_OLD_CPU = re.compile(r"Pid: (?P<pid>\d{1,10}), comm: (?P<comm>.*?) " + _TAINT)
_TAINT_ALONE = re.compile(_TAINT)
_TASK = re.compile(r"task:(?P<comm>.{1,20}?) +state:.{1,60}? pid: ?(?P<pid>\d{1,10}) ")
_CPU_ALONE = re.compile(r"CPU:? (?P<cpu>\d{1,9}) *$")

_SYMBOL = (
    r"(?P<function>[\w.$]+)\+0x(?P<offset>[0-9a-f]{1,16})/0x(?P<size>[0-9a-f]{1,16})(?: ?\[(?P<module>[\w-]+)[^\]]*\])?"
)
_SYMBOL_AT = re.compile(_SYMBOL)
_FRAME = re.compile(
    r" *(?P<marks>(?:<{1,2}/?[A-Z#_ ]+>{1,2}[ \t]*)*)(?:\[[0-9a-f]{8,16}\] |#\d )?\(?"
    r"(?:\[<? ?(?P<pc>[0-9a-f]{8,16})>?\] {0,2})?"
    r"[ (]?(?P<guess>\? )?(?:" + _SYMBOL + r"|(?P<raw>0x[0-9a-f]{6,16}))\)?"
    r"(?P<rest> \(unreliable\)| \([A-Z]+\))?"
    r"(?: (?P<source>[\w./+-]+:\d+)(?: \[[\w-]+\])?)? *$"  # put there by a decoder
)
_DECODED = re.compile(  # decode_stacktrace.sh puts the source in place of the offset
    r" *(?P<guess>\? )?(?P<function>[\w.$]+) "
    r"\((?P<source>[\w./+-]+:\d+)(?:\)| [^()]{0,300}(?:\([^()]{0,40}\)[^()]{0,300}){0,8}\))"
    r"(?: (?P<module>[\w-]+))? *$"
)
_INLINE = re.compile(r" *(?:\? )?[\w.$]+ \S+:\d+ \[inline\]$")
_ARM_FROM = re.compile(r".* from (?:\[<(?P<pc>[0-9a-f]{4,16})>\] )?\(?" + _SYMBOL)
_MARKS = re.compile(r" *(?:<{1,2}/?[A-Z#_ ]+>{1,2}[ \t]*)+$")
_MARK = re.compile(r"<(/?)([A-Z#_ ]+)>")
_CONTEXTS = {"IRQ": "irq", "SOFTIRQ": "softirq", "NMI": "nmi", "TASK": "task", "EOI": "task", "EOE": "task"}

_X86_IP = re.compile(r"(?:RIP|EIP)(?:: | is at | {1,2}(?=\[))(?:(?P<segment>[0-9a-f]{4}):)?(?P<where>.*)")
_OTHER_IP = re.compile(
    r"(?:pc ?: |PC is at |NIP(?: \[[0-9a-f]+\])? |IP: |epc *: |(?:era|ERA) *: |Krnl PSW : .*\(|PC: )"
    r"(?P<where>.*)"
)
_LINK = re.compile(r"(?:lr ?: |LR is at |LR \[(?P<pc>[0-9a-f]{8,16})\] )" + _SYMBOL)
_POINTER = re.compile(r"\[?<?(?:0x)?(?P<pc>[0-9a-f]{4,16})\b>?\]?")

_REGISTER_LINE = re.compile(
    r"(?:R[A-D0-9SBI][XP0-9I]|E[A-D][XP]|E[SD]I|FS|GS|CS|DS|CR[0-4]|DR[0-7]|x\d\d?|r\d\d?|sp|pstate|PKRU|[ast]\d|gp|epc|ra"
    r"|GPR\d\d|MSR|LR|CTR|CFAR|psr|FAR_EL1|ESR) ?: ?[0-9a-fx(]"
)
_REGISTER = re.compile(r"\b([A-Za-z][A-Za-z0-9_]{1,7}) ?: ?(?:[0-9a-f]{4}:)?(?:0x)?([0-9a-f]{8,16})\b")


@dataclass(frozen=True)
class CpuLine:
    """`CPU: 0 PID: 104 Comm: insmod Kdump: loaded Tainted: G OE 5.10.0`."""

    cpu: int | None = None
    pid: int | None = None
    comm: str = ""
    taint: str = ""
    release: str = ""
    kdump_loaded: bool = False


def cpu_line(line: str) -> CpuLine | None:
    """Who was running where, or None."""
    if match := _CPU.match(line):
        taint = _letters(match["taint"])
        loaded = match["kdump"] is not None
        return CpuLine(int(match["cpu"]), int(match["pid"]), match["comm"], taint, match["release"], loaded)
    if match := _OLD_CPU.match(line):
        taint = _letters(match["taint"])
        return CpuLine(None, int(match["pid"]), match["comm"], taint, match["release"])
    if match := _TAINT_ALONE.match(line):  # of a hung task
        return CpuLine(taint=_letters(match["taint"]), release=match["release"])
    if match := _CPU_ALONE.match(line):
        return CpuLine(int(match["cpu"]))
    return None


def _letters(taint: str | None) -> str:
    return " ".join(letters for word in (taint or "").split() if (letters := word.strip("-")))


def task_line(line: str) -> CpuLine | None:
    """`task:insmod  state:D stack:0  pid:660  ppid:1`: the task whose stack follows, or None."""
    match = _TASK.match(line)
    return CpuLine(pid=int(match["pid"]), comm=match["comm"].rstrip()) if match else None


def context_after(line: str, context: str) -> str:
    """The context that frames after (or in) this line run in: `<IRQ>` opens one, `</IRQ>` ends it."""
    for closing, name in _MARK.findall(line):
        context = "" if closing else _CONTEXTS.get(name.strip(), "exception")
    return context


def is_context_mark(line: str) -> bool:
    """Whether nothing but `<TASK>`, `</IRQ>` … is on the line."""
    return _MARKS.match(line) is not None


def is_inline(line: str) -> bool:
    """Whether the line is an inlined function that a decoder added: no frame of its own."""
    return line.endswith("[inline]") and _INLINE.match(line) is not None


def frame_line(line: str, context: str) -> Frame | None:
    """A line of a call trace, or None."""
    match = _FRAME.match(line)
    if match is None:  # arm prints callee and caller
        match = _ARM_FROM.match(line) if " from " in line else _DECODED.match(line) if ":" in line else None
        if match is None:
            return None
        groups = match.groupdict()
        return _frame(groups, reliable=not groups.get("guess"), context=context)
    groups = match.groupdict()
    if groups["raw"]:
        return Frame("", pc=_address(groups["raw"]), how="log", reliable=not groups["guess"], context=context)
    reliable = not groups["guess"] and "unreliable" not in (groups["rest"] or "")
    return _frame(groups, reliable=reliable, context=context)


def _frame(groups: dict[str, str | None], reliable: bool, context: str, interrupted: bool = False) -> Frame:
    return Frame(
        function=groups["function"] or "",
        module=groups.get("module") or "",
        pc=_address(groups.get("pc")),
        offset=_bytes(groups.get("offset")),
        size=_bytes(groups.get("size")),
        how="log",
        reliable=reliable,
        context=context,
        interrupted=interrupted,
        source=groups.get("source") or "",
    )


def ip_line(line: str, context: str = "") -> tuple[bool, Frame | None]:
    """Whether the line names a user-space instruction, and the kernel's instruction where it names one."""
    match = _X86_IP.match(line)
    if match:
        segment = match["segment"]
        if segment and int(segment, 16) & 3 == 3:
            return True, None
    else:
        match = _OTHER_IP.match(line)
    if match is None:
        return False, None
    where = match["where"]
    if decoded := _DECODED.match(where):
        return False, _frame(decoded.groupdict(), reliable=True, context=context, interrupted=True)
    if symbol := _SYMBOL_AT.search(where):
        pointer = _POINTER.match(where)
        groups = symbol.groupdict() | {"pc": pointer["pc"] if pointer and len(pointer["pc"]) >= 8 else None}
        return False, _frame(groups, reliable=True, context=context, interrupted=True)
    if pointer := _POINTER.search(where):
        pc = _address(pointer["pc"])
        return False, Frame("", pc=pc, how="log", context=context, interrupted=True)
    if where.strip().endswith("0x0") or where.startswith("(null)"):
        return False, Frame("", pc=Address(0), how="log", context=context, interrupted=True)
    return False, None


def lr_line(line: str) -> Frame | None:
    """Where the function returns to, by the link register, where the line names it."""
    match = _LINK.match(line)
    return _frame(match.groupdict(), reliable=True, context="") if match else None


def registers_line(line: str) -> dict[str, int]:
    """Registers on the line, by lower-case name; {} when it is no register line."""
    if not _REGISTER_LINE.match(line.lstrip(" \t")):
        return {}
    return {name.lower(): int(value, 16) for name, value in _REGISTER.findall(line)}


def _bytes(digits: str | None) -> int | None:
    return int(digits, 16) if digits else None


def _address(digits: str | None) -> Address | None:
    return Address(int(digits, 16)) if digits else None
