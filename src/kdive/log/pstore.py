"""Files of pstore (dmesg-efi-*, dmesg-ramoops-*): pieces of the log's end, the newest first, put in order again."""

from __future__ import annotations

import re
from collections.abc import Sequence

_HEADER = re.compile(r"(?:Panic|Oops|Emergency|Shutdown|Unknown)#(\d+) Part(\d+)$")
_RAMOOPS = re.compile(r"====\d+\.\d+(?:-[CD])?$")


def in_order(lines: Sequence[str]) -> list[str]:
    """The lines of all parts, oldest first; what a later dump of the same log repeats is taken once."""
    dumps: dict[int, dict[int, list[str]]] = {}
    part: list[str] = []
    before = part
    for line in lines:
        if header := _HEADER.match(line):
            part = dumps.setdefault(int(header[1]), {}).setdefault(int(header[2]), [])
        elif not _RAMOOPS.match(line):
            part.append(line)
    log = list(before)
    for _, parts in sorted(dumps.items()):
        dump = [line for _, lines_of_part in sorted(parts.items(), reverse=True) for line in lines_of_part]
        if dump and dump[0] in log:
            del log[log.index(dump[0]) :]
        log += dump
    return log
