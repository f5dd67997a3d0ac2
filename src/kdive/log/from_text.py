"""Records from text: consoles, vmcore-dmesg.txt, dmesg, journals, syslog files, netconsole, pstore."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kdive.facts.log import Log, LogRecord
from kdive.log.boots import Text, last_boot
from kdive.log.line_prefix import PrefixReader

LONGEST_LINE = 8192  # characters; printk's own limit is about 1000
KEPT_HEAD_BYTES = 16 << 20
KEPT_TAIL_BYTES = 48 << 20
_KEPT_HEAD_LINES = 100_000
_KEPT_TAIL_LINES = 400_000

_ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]{0,64}[ -/]{0,8}[@-~]|\][^\x07\x1b]{0,256}(?:\x07|\x1b\\)|[@-Z\\^_=>78]|[()][0-9A-B])"
)
_CONTROL = {code: None for code in range(32) if chr(code) not in "\t\n\x1b"} | {0x7F: None}
_PSTORE = re.compile(r"^(?:Panic|Oops|Emergency|Shutdown|Unknown)#\d+ Part\d+$", re.MULTILINE)


def read_text_log(data: bytes, left_out: int = 0) -> Log:
    """The machine's last boot in `data`, whatever wrote the text; bytes that are no text become U+FFFD.

    `left_out` is how many bytes its reader left out behind the first KEPT_HEAD_BYTES.
    """
    notes: list[str] = []
    if len(data) > KEPT_HEAD_BYTES + KEPT_TAIL_BYTES:
        left_out += len(data) - KEPT_HEAD_BYTES - KEPT_TAIL_BYTES
        data = data[:KEPT_HEAD_BYTES] + b"\n" + data[-KEPT_TAIL_BYTES:]
    if left_out:
        notes.append(f"the text is long: {left_out} bytes in its middle were not read")
    text = _read(data, notes)
    return last_boot(text, tuple(notes))


def _read(data: bytes, notes: list[str]) -> Text:
    head = data[:4096].lstrip()
    if head.startswith(b"__CURSOR="):
        from kdive.log.journal import read_export

        if (journal := read_export(data)) is not None:
            return journal
    data = _few_lines(_as_utf8(data), notes)
    if head.startswith(b"{"):
        from kdive.log.journal import read_json

        if (journal := read_json(data)) is not None:
            return journal
    lines = _lines(data.decode("utf-8", "replace"), notes)
    if _PSTORE.search(data[: 1 << 20].decode("latin-1")):
        from kdive.log.pstore import in_order

        records, _ = _read_lines(in_order(lines))
        return Text(records, "pstore")
    return Text(*_read_lines(lines))


def _as_utf8(data: bytes) -> bytes:
    """With newlines only: lines that a terminal would overwrite (CR) are lines too."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):  # a terminal program's log on Windows
        data = data.decode("utf-16", "replace").encode()
    return re.sub(rb"\r+\n?", b"\n", data.removeprefix(b"\xef\xbb\xbf")) if b"\r" in data else data


def _few_lines(data: bytes, notes: list[str]) -> bytes:
    """Without the middle of a text of very many short lines."""
    count = data.count(b"\n")
    if count <= _KEPT_HEAD_LINES + _KEPT_TAIL_LINES:
        return data
    head, tail = 0, len(data)
    for _ in range(_KEPT_HEAD_LINES):
        head = data.find(b"\n", head) + 1
    for _ in range(_KEPT_TAIL_LINES):
        tail = data.rfind(b"\n", head, tail)
    notes.append(f"the text is long: {count - _KEPT_HEAD_LINES - _KEPT_TAIL_LINES} lines in its middle were not read")
    return data[:head] + data[tail + 1 :]


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


def _lines(text: str, notes: list[str]) -> list[str]:
    """Without escapes and control characters."""
    if "\x1b" in text:
        text = _ESCAPES.sub("", text).replace("\x1b", "")
    lines = [line.rstrip() for line in text.translate(_CONTROL).split("\n")]
    long = sum(len(line) > LONGEST_LINE for line in lines)
    if long:
        lines = [line[:LONGEST_LINE] for line in lines]
        notes.append(f"{long} line{'s were' if long > 1 else ' was'} cut to {LONGEST_LINE} characters")
    while lines and not lines[-1]:
        lines.pop()
    return lines
