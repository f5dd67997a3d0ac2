"""Print the kernel's log out of a dump.

Like vmcore-dmesg: from VMCOREINFO alone, without debuginfo. FILE may be the folder of a dump; or a log as text (of a
console, a journal, pstore), of which the machine's last boot is printed. Control characters in the log are shown as
escapes. What could not be read of it is said on standard error.

Exits with 1 when the log is empty.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from kdive.cli.terminal import Terminal
from kdive.errors import EXIT_OK, KdiveError, NoVerdictError
from kdive.options import Arg, Opt

if TYPE_CHECKING:
    from kdive.facts.log import Log


@dataclass(frozen=True)
class Options:
    file: Annotated[Path, Arg("FILE", "a dump, any file of a split one, the folder it lies in, or a log")]
    raw: Annotated[bool, Opt(help="with the level of each record in front: <6>", exclusive="format")] = False
    json: Annotated[bool, Opt(help="JSON, a member for each record", exclusive="format")] = False
    caller: Annotated[bool, Opt(help="with the thread or CPU that wrote it, where the kernel kept it")] = False


def run(options: Options, terminal: Terminal) -> int:
    """Writes the log."""
    with terminal.progress() as progress:
        progress("reading the log")
        log = _read(options.file)
    if not log.records:
        raise NoVerdictError(f"{options.file}: the log is empty", hint="; ".join(log.notes))
    terminal.write(_json(log) if options.json else _text(log, options))
    terminal.flush()
    for note in log.notes:
        terminal.note(note)
    return EXIT_OK


def _read(path: Path) -> Log:
    from kdive.dumpfile.recognise import recognise

    found = recognise(path)
    if found.kind == "log":
        from kdive.log.from_text import read_text_log

        try:
            return read_text_log(found.path.read_bytes())
        except OSError as error:
            raise KdiveError(f"{found.path}: {error.strerror}", hint="check the permissions") from error
    from kdive.dumpfile.open import open_dump
    from kdive.log.from_memory import read_log
    from kdive.memory.open import open_memory

    with open_dump(path) as dump:
        return read_log(open_memory(dump))


def _json(log: Log) -> str:
    import json

    from kdive.facts.codec import to_json

    return json.dumps({"schema": "kdive-log/1", **to_json(log)}, indent=1)


def _text(log: Log, options: Options) -> str:
    from kdive.log import format as log_format
    from kdive.report.escape import printable

    lines = log_format.raw(log, options.caller) if options.raw else log_format.human(log, options.caller)
    # A tab drives no terminal, and other programs look for it.
    return "\n".join("\t".join(map(printable, line.split("\t"))) for line in lines)
