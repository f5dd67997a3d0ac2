"""The kernel's messages out of `journalctl -o json` and `-o export`."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Mapping
from itertools import islice

from kdive.facts.log import LogRecord
from kdive.log.boots import Text
from kdive.log.line_prefix import USER_FACILITY
from kdive.units import Nanoseconds

_LONGEST_FIELD = 1 << 16  # bytes
_MOST_ENTRIES = 500_000  # the last ones that were read
_MOST_ENTRIES_READ = 1_000_000
_LONGEST_ENTRY = 500  # lines, in json-pretty


def read_json(data: bytes) -> Text | None:
    """One object per line, or `json-pretty`; None when no entry is in it."""
    return _text(_json_entries(data.decode("utf-8", "replace")))


def read_export(data: bytes) -> Text | None:
    """The export format (systemd's journal-export-formats): NAME=value, or NAME, a 64-bit size and binary data."""
    return _text(_export_entries(data))


def _text(entries: Iterator[Mapping[str, object]]) -> Text | None:
    messages = ((entry, _words(entry.get("MESSAGE"))) for entry in islice(entries, _MOST_ENTRIES_READ))
    kept = deque(
        ((entry.get("_BOOT_ID"), _record(entry, words)) for entry, words in messages if words is not None),
        _MOST_ENTRIES,
    )
    boots = [boot for boot, _ in kept]
    starts = tuple(number for number in range(1, len(boots)) if boots[number] != boots[number - 1])
    return Text([record for _, record in kept], "journal", starts) if kept else None


def _record(entry: Mapping[str, object], message: str) -> LogRecord:
    facility = _number(entry.get("SYSLOG_FACILITY"))
    identifier = _words(entry.get("SYSLOG_IDENTIFIER")) or ""
    if entry.get("_TRANSPORT") == "kernel" or (not entry.get("_TRANSPORT") and identifier in ("kernel", "")):
        facility = facility or 0
    else:
        facility = facility or USER_FACILITY
        message = f"{identifier}: {message}"
    since_boot = _number(entry.get("_SOURCE_MONOTONIC_TIMESTAMP")) or _number(entry.get("__MONOTONIC_TIMESTAMP"))
    timestamp = None if since_boot is None else Nanoseconds(since_boot * 1_000)
    return LogRecord(message, timestamp, _number(entry.get("PRIORITY")), facility)


def _json_entries(text: str) -> Iterator[Mapping[str, object]]:
    pretty: list[str] = []
    for line in text.split("\n"):
        line = line.strip("\x1e\r ")
        if line == "{" or pretty:
            if line == "{" or len(pretty) > _LONGEST_ENTRY:
                pretty.clear()
            pretty.append(line)
            if line not in ("}", "},"):
                continue
            line = "".join(pretty).rstrip(",")
            pretty.clear()
        if line.startswith("{"):
            try:
                entry = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(entry, dict):
                yield entry


def _export_entries(data: bytes) -> Iterator[Mapping[str, object]]:
    entry: dict[str, object] = {}
    at = 0
    while at < len(data):
        end = data.find(b"\n", at)
        end = len(data) if end < 0 else end
        line = data[at:end]
        at = end + 1
        if not line:
            if entry:
                yield entry
            entry = {}
        elif b"=" in line:
            name, _, value = line.partition(b"=")
            entry[name.decode("latin-1")] = value[:_LONGEST_FIELD].decode("utf-8", "replace")
        else:
            size = int.from_bytes(data[at : at + 8], "little")
            if size > len(data) - at - 8:
                break
            value = data[at + 8 : at + 8 + min(size, _LONGEST_FIELD)]
            entry[line.decode("latin-1")] = value.decode("utf-8", "replace")
            at += 8 + size + 1
    if entry:
        yield entry


def _words(value: object) -> str | None:
    if isinstance(value, str):
        return value[:_LONGEST_FIELD]
    if isinstance(value, list):  # bytes that are no UTF-8
        return bytes(b for b in value[:_LONGEST_FIELD] if isinstance(b, int) and 0 <= b < 256).decode(
            "utf-8", "replace"
        )
    return None


def _number(value: object) -> int | None:
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20 else None
