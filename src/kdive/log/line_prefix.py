"""What programs print before the text of a kernel message: time stamps, levels, host names; taken off one line."""

from __future__ import annotations

import re

from kdive.facts.log import LogRecord
from kdive.units import Nanoseconds

_FACILITIES = {
    "kern": 0, "user": 1, "mail": 2, "daemon": 3, "auth": 4, "syslog": 5, "lpr": 6, "news": 7, "uucp": 8,
    "cron": 9, "authpriv": 10, "ftp": 11,
}  # fmt: skip
_LEVELS = {"emerg": 0, "alert": 1, "crit": 2, "err": 3, "warn": 4, "notice": 5, "info": 6, "debug": 7}
USER_FACILITY = 1
_RECORDS_PER_LINE = 16  # in a line that lost its newlines

# printk's own stamp, with CONFIG_PRINTK_CALLER's column and the level that older consoles print after it
_STAMP = re.compile(r"\[ {0,11}(\d{1,11})\.(\d{6})\](?:\[ {0,10}([TC]\d{1,10})\])? ?(?:<(\d{1,3})>)?")
_PRIORITY = re.compile(r"<(\d{1,3})>(?:\d )?")
_DECODED = re.compile(r"(kern|user|mail|daemon|auth|syslog|lpr|news|uucp|cron|authpriv|ftp) {0,6}:(\w{1,6}) {0,3}: ")
_CLOCK = re.compile(  # dmesg -T, -H, --time-format iso, -d
    r"\[(?:[A-Z][a-z]{2} )?[A-Z][a-z]{2} ?[ \d]\d \d\d:\d\d(?::\d\d)?(?:\.\d+)?(?: \d{4})?\] "
    r"|\[ {1,9}[+<] {0,9}\d{1,9}\.\d{1,9}>?\] "
    r"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d,\d{6}[+-]\d\d:\d\d "
)
_SYSLOG = re.compile(  # journalctl's short forms, files and messages of syslog daemons
    r"(?:(?:[^\W\d_]{1,9}\.? [ \d]\d \d\d:\d\d:\d\d(?:\.\d{1,6})?"
    r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:?\d\d)?"
    r"|[A-Z][a-z]{2} \d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})? [A-Z]{2,5}|\d{9,11}\.\d{6})"
    r" (?:<\w+\.\w+> )?[\w.:-]{1,255} (?:[a-z]{3,8}\d?\.[a-z]{3,7} )?"
    r"(?P<program>[\w./@-]{1,64})(?:(?P<process>\[\d{1,10}\])?: ?| - - - )"
    r"|\[ {0,6}(?P<seconds>\d{1,11})\.(?P<microseconds>\d{6})(?: <[ \d.]{1,24}[ *]>| {16})?\] "
    r"[\w.-]{1,255} (?P<source>kernel|[\w./@-]{1,64}\[\d{1,10}\]): ?)"
)
_BEFORE = re.compile(  # what may stand before a stamp: the clock of the program that recorded, a mail's quotes
    r"[\[\](){}<>|\d:.,TZ+/ -]*$|(?:\[?[A-Z][a-z]{2} )?[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?: \d{4})?\]?[: ]*$"
)
_BROADCAST = re.compile(r" ?kernel: ?(?=\S)")  # syslogd's message to all terminals
_EXTENDED = re.compile(  # /dev/kmsg, and netconsole's extended form, which may begin with the release
    r"(?:[\w.+~-]{3,64},)?(\d{1,4}),(\d{1,20}),(\d{1,20}),[-c+][^;]{0,200};"
)


def stamped(seconds: str, microseconds: str) -> Nanoseconds:
    """Nanoseconds of a printk stamp."""
    return Nanoseconds((int(seconds) * 1_000_000 + int(microseconds)) * 1_000)


class PrefixReader:
    """Lines of one text; counts what kinds of prefix it met."""

    def __init__(self) -> None:
        self.journal = self.dmesg = self.plain = self.bare = 0

    def read(self, line: str) -> list[LogRecord]:
        """The records in one line: more than one where a newline was lost before a time stamp."""
        level = facility = None
        if line.startswith("> "):
            line = line.lstrip("> ")  # a mail's quotes
        if match := _PRIORITY.match(line):
            facility, level = divmod(int(match[1]), 8)
            line = line[match.end() :]
        if found := _SYSLOG.match(line):
            self.journal += 1
            return [_from_syslog(line, found, level)]
        if match:
            self.dmesg += 1
        elif match := _EXTENDED.match(line):
            self.dmesg += 1
            return [_from_extended(line, match)]
        elif match := _DECODED.match(line):
            self.dmesg += 1
            facility, level = _FACILITIES[match[1]], _LEVELS.get(match[2])
            line = line[match.end() :]
        if match := _CLOCK.match(line):
            self.dmesg += 1
            return [LogRecord(line[match.end() :], None, level, facility)]
        return self._from_console(line, level, facility)

    def _from_console(self, line: str, level: int | None, facility: int | None) -> list[LogRecord]:
        match = _STAMP.search(line)
        if match is None:
            self.bare += 1
            if broadcast := _BROADCAST.match(line):
                return [LogRecord(line[broadcast.end() :], None, level, 0)]
            return [LogRecord(line, None, level, facility)]
        self.plain += 1
        records = []
        if match.start():  # another program's output without a newline, or its prefix
            self.bare += 1
            before = line[: match.start()].rstrip()
            if not _BEFORE.match(before):
                records.append(LogRecord(before))
        while match:
            following = _STAMP.search(line, match.end()) if len(records) < _RECORDS_PER_LINE else None
            text = line[match.end() : following.start() if following else None]
            priority = match[4]
            if priority:
                facility, level = divmod(int(priority), 8)
            records.append(LogRecord(text, stamped(match[1], match[2]), level, facility, match[3] or ""))
            match = following
        return records


def _from_syslog(line: str, match: re.Match[str], level: int | None) -> LogRecord:
    text = line[match.end() :]
    program = match["source"] or match["program"] + (match["process"] or "")
    timestamp = stamped(match["seconds"], match["microseconds"]) if match["seconds"] else None
    if program != "kernel":
        return LogRecord(f"{program}: {text}", timestamp, level, USER_FACILITY)
    if own := _STAMP.match(text):
        return LogRecord(text[own.end() :], stamped(own[1], own[2]), level, 0, own[3] or "")
    return LogRecord(text, timestamp, level, 0)


def _from_extended(line: str, match: re.Match[str]) -> LogRecord:
    facility, level = divmod(int(match[1]), 8)
    text = re.sub(r"\\x([0-9a-f]{2})", lambda escape: chr(int(escape[1], 16)), line[match.end() :])
    return LogRecord(text, Nanoseconds(int(match[3]) * 1_000), level, facility, sequence=int(match[2]))
