"""Boots in a text: the machine's last one, without the capture kernel's lines that a console log goes on into."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from kdive.facts.log import Log, LogRecord
from kdive.log.headlines import find_headlines

_NS_PER_S = 1_000_000_000
_ALMOST_ZERO = _NS_PER_S
_HEADER_RECORDS = 60  # what a kernel may print before "Linux version", or a program between two kernels
_BOOTS_LOOKED_AT = 50  # the last ones of the text, for capture kernels among them

_VERSION = "Linux version "
_REBOOT_MARK = re.compile(r"-- (?:Reboot|Boot [0-9a-f]{32}) --$")
_FIRMWARE = re.compile(
    r"SeaBIOS|iPXE|GRUB|GNU GRUB|Booting from |Booting `|Loading Linux |Loading initial ramdisk|EFI stub|UEFI|BdsDxe"
    r"|TianoCore|EDK ?II|U-Boot|Press .{1,20} to (?:enter|boot)|American Megatrends|AMIBIOS|Phoenix|PXE-|POST "
    r"|Petitboot|OPAL|BL[123]: |NOTICE:  |OpenSBI|SLOF|Hit any key to stop autoboot|SYSLINUX"
    r"|ISOLINUX|systemd-boot|LOADPARM"
)
_WENT_ON = re.compile(r"---\[ end Kernel panic|Rebooting in \d+ seconds|reboot: (?:Restarting|Power)|Restarting system")
_SHUTDOWN = re.compile(
    r"reboot: |Restarting system|Power down|System halted|systemd-shutdown|Journal stopped|Starting new kernel"
    r"|Rebooting|Reached target (?:\S+ )?(?:Shutdown|System Reboot|System Power Off|reboot|poweroff)"
)
_CAPTURE_READY = re.compile(
    r"Kdump: loaded|crashkernel reserved:|Reserving \d+[KMG]B of (?:low )?memory at|crashkernel=\d"
)
_CAPTURE_SIGNS = re.compile(
    r"Misrouted IRQ fixup and polling support|NR_CPUS/possible_cpus limit of 1\b|exceeds NR_CPUS limit of 1$"
    r"|CPU limit of 1 reached|kdump: (?:saving|dump target)|Starting (?:Kdump|Kernel crash dump)|/proc/vmcore"
    r"|reset_devices|disable_cpu_apicid"
)


@dataclass(frozen=True)
class Text:
    """The records of a whole text, all boots, in order."""

    records: Sequence[LogRecord]
    source: str
    starts: tuple[int, ...] = ()  # records where the text itself says that another boot begins


def last_boot(text: Text, notes: tuple[str, ...] = ()) -> Log:
    """The log of the machine's last boot in `text`."""
    boots = _boots(text)
    first, end, capture_end = boots[-1]
    notes += _earlier_end(text.records, boots) + _capture_trouble(text.records[end:capture_end])
    return Log(
        records=tuple(text.records[first:end]),
        source=text.source,
        earlier_boots=len(boots) - 1,
        capture_kernel_lines=capture_end - end,
        notes=notes,
    )


def _boots(text: Text) -> list[tuple[int, int, int]]:
    """First record, end, and end of the capture kernel's records after it, for each boot of the machine."""
    edges = [0, *_starts(text), len(text.records)]
    boots: list[tuple[int, int, int]] = []
    for number, (first, end) in enumerate(pairwise(edges), start=-len(edges)):
        if (
            number >= -_BOOTS_LOOKED_AT
            and boots
            and boots[-1][1] == first
            and _is_capture(text.records, boots[-1][0], first, end)
        ):
            boots[-1] = (boots[-1][0], first, end)
        else:
            boots.append((first, end, end))
    return boots


def _starts(text: Text) -> list[int]:
    """Records at which a kernel begins: a banner, a time stamp that falls back to the first seconds, a mark."""
    starts: list[int] = []
    marks = frozenset(text.starts)
    stamps = [(number, record.timestamp) for number, record in enumerate(text.records) if record.timestamp is not None]
    falls = _falls(stamps)
    begun, banner, stamp = 0, False, 0
    for number, record in enumerate(text.records):
        is_banner = record.text.startswith(_VERSION) and not record.facility
        marked = number in marks or (record.timestamp is None and _REBOOT_MARK.match(record.text) is not None)
        another = is_banner and (banner or stamp > _ALMOST_ZERO or number - begun > _HEADER_RECORDS)
        if number and (marked or number in falls or another):
            starts.append(number)
            begun, banner, stamp = number, False, 0
        banner = banner or is_banner
        stamp = max(stamp, record.timestamp or 0)
    return starts


def _falls(stamps: Sequence[tuple[int, int]]) -> frozenset[int]:
    """Records at which time falls back to a kernel's first seconds, and stays there.

    CPUs that print at once step back by less than a second, and a CPU that has just come up prints single lines at 0.
    """
    falls, before = [], 0
    for at, (number, now) in enumerate(stamps):
        if now < before and all(_is_far(before, then) for _, then in stamps[at : at + 4]):
            falls.append(number)
            before = now
        before = max(before, now)
    return frozenset(falls)


def _is_far(before: int, now: int) -> bool:
    return before - now >= max(_NS_PER_S, before // 2) or (now == 0 and before >= _NS_PER_S // 10)


def _is_capture(records: Sequence[LogRecord], first: int, start: int, end: int) -> bool:
    """Whether the kernel that begins at `start` was booted by the crash of the one before it."""
    begins = [record.text for record in records[start : min(end, start + 400)]]
    command_line = next((text for text in begins if "ommand line:" in text), "")
    if "elfcorehdr=" in command_line:
        return True
    if "crashkernel=" in command_line:
        return False
    last_stamped = next((n for n in range(start - 1, first, -1) if records[n].timestamp is not None), first)
    between = [record.text for record in records[last_stamped : min(start, last_stamped + 500)]]
    if any(map(_FIRMWARE.search, between)) or any(
        _WENT_ON.search(record.text) for record in records[max(first, start - 100) : start]
    ):
        return False
    crash = _crash(records, first, start)
    if crash is None:
        return False
    signs = any(map(_CAPTURE_SIGNS.search, begins))
    return signs or any(_CAPTURE_READY.search(record.text) for record in records[first:start])


def _crash(records: Sequence[LogRecord], first: int, end: int) -> str | None:
    """The headline of the report that a boot ends in: within its last records, and no mere warning."""
    tail = records[max(first, end - 500) : end]
    texts = [record.text.partition("\n")[0] for record in tail]
    found = [
        headline
        for headline in find_headlines(texts, tail)
        if headline.kind not in _HARMLESS or "reason" in headline.groups
    ]
    return texts[found[0].line] if found else None


_HARMLESS = frozenset(
    ("warning", "lockdep", "atomic-context", "io-hang", "oom-kill", "pcie", "memory-failure", "nmi", "refcount-leak",
     "memory-leak", "ubsan", "kcsan", "fs-panic", "mce")
)  # fmt: skip


def _earlier_end(records: Sequence[LogRecord], boots: Sequence[tuple[int, int, int]]) -> tuple[str, ...]:
    """How the boot before the last one ended, where the last one ends well."""
    if len(boots) < 2 or _crash(records, boots[-1][0], boots[-1][1]) is not None:
        return ()
    first, end, _ = boots[-2]
    if (crash := _crash(records, first, end)) is not None:
        return (f"an earlier boot in this text ends in a crash: {crash}",)
    if any(_SHUTDOWN.search(record.text) for record in records[max(first, end - 200) : end]):
        return ()
    return ("the boot before this one ends without a crash report and without a shutdown",)


def _capture_trouble(records: Sequence[LogRecord]) -> tuple[str, ...]:
    crash = _crash(records, 0, len(records)) if records else None
    return () if crash is None else (f"the capture kernel crashed too: {crash}",)
