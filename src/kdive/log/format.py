"""The log as text, line by line: as dmesg and vmcore-dmesg print it, and raw."""

from __future__ import annotations

from collections.abc import Iterator

from kdive.facts.log import Log, LogRecord

_NS_PER_US = 1000
_US_PER_S = 1_000_000


def human(log: Log, caller: bool = False) -> Iterator[str]:
    """ "[    9.694292] text", the time in front of every line of a record; with `caller` also "[  T104]"."""
    for record in log.records:
        prefix = _prefix(record, caller)
        for line in record.text.split("\n"):
            yield prefix + line


def raw(log: Log, caller: bool = False) -> Iterator[str]:
    """As `dmesg --raw`: "<6>" in front, facility * 8 + level, where the record has a level."""
    for record in log.records:
        priority = "" if record.level is None else f"<{(record.facility or 0) * 8 + record.level}>"
        prefix = priority + _prefix(record, caller)
        for line in record.text.split("\n"):
            yield prefix + line


def _prefix(record: LogRecord, caller: bool) -> str:
    prefix = ""
    if record.timestamp is not None:
        seconds, microseconds = divmod(record.timestamp // _NS_PER_US, _US_PER_S)
        prefix = f"[{seconds:5d}.{microseconds:06d}]"
    if caller and record.caller:
        prefix += f"[{record.caller:>6}]"
    return prefix + " " if prefix else ""
