"""Records from text: consoles, vmcore-dmesg.txt, dmesg, journals, syslog files, netconsole, pstore."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kdive.facts.log import Log, LogRecord
from kdive.log.boots import Text, last_boot
from kdive.log.line_prefix import PrefixReader

LONGEST_LINE = 8192  # characters; printk's own limit is about 1000
_KEPT_HEAD_BYTES = 16 << 20
_KEPT_TAIL_BYTES = 48 << 20

_ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]{0,64}[ -/]{0,8}[@-~]|\][^\x07\x1b]{0,256}(?:\x07|\x1b\\)|[@-Z\\^_=>78]|[()][0-9A-B])"
)
_CONTROL = {code: None for code in range(32) if chr(code) not in "\t\n\x1b"} | {0x7F: None}
_PSTORE = re.compile(r"^(?:Panic|Oops|Emergency|Shutdown|Unknown)#\d+ Part\d+$", re.MULTILINE)


def read_text_log(data: bytes) -> Log:
    """The machine's last boot in `data`, whatever wrote the text; bytes that are no text become U+FFFD."""
    notes = []
    if len(data) > _KEPT_HEAD_BYTES + _KEPT_TAIL_BYTES:
        left_out = len(data) - _KEPT_HEAD_BYTES - _KEPT_TAIL_BYTES
        data = data[:_KEPT_HEAD_BYTES] + b"\n" + data[-_KEPT_TAIL_BYTES:]
        notes.append(f"the text is long: {left_out} bytes in its middle were not read")
    text = _read(data, notes)
    return last_boot(text, tuple(notes))


def _read(data: bytes, notes: list[str]) -> Text:
    head = data[:4096].lstrip()
    if head.startswith((b"{", b"__CURSOR=")):
        from kdive.log.journal import read_export, read_json

        journal = read_json(data) if head.startswith(b"{") else read_export(data)
        if journal is not None:
            return journal
    lines = _lines(_decode(data), notes)
    if _PSTORE.search(data[: 1 << 20].decode("latin-1")):
        from kdive.log.pstore import in_order

        records, _ = _read_lines(in_order(lines))
        return Text(records, "pstore")
    reader_records, source = _read_lines(lines)
    return Text(reader_records, source)


def _read_lines(lines: Sequence[str]) -> tuple[list[LogRecord], str]:
    reader = PrefixReader()
    records: list[LogRecord] = []
    for line in lines:
        records += reader.read(line)
    if reader.journal > max(reader.dmesg, reader.plain):
        return records, "journal"
    if reader.dmesg > reader.plain or (reader.plain and not reader.bare) or reader.dmesg > reader.bare:
        return records, "dmesg"
    return records, "console"


def _decode(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):  # a terminal program's log on Windows
        return data.decode("utf-16", "replace")
    return data.decode("utf-8", "replace").removeprefix("\ufeff")


def _lines(text: str, notes: list[str]) -> list[str]:
    """Without escapes and control characters; lines that a terminal would overwrite (CR) are lines too."""
    if "\x1b" in text:
        text = _ESCAPES.sub("", text).replace("\x1b", "")
    if "\r" in text:
        text = re.sub(r"\r+\n", "\n", text).replace("\r", "\n")
    lines = [line.rstrip() for line in text.translate(_CONTROL).split("\n")]
    long = sum(len(line) > LONGEST_LINE for line in lines)
    if long:
        lines = [line[:LONGEST_LINE] for line in lines]
        notes.append(f"{long} lines were cut to {LONGEST_LINE} characters")
    while lines and not lines[-1]:
        lines.pop()
    return lines
