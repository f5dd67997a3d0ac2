"""A dump in, a smaller one out; or what there is to leave out of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from kdive.dumpfile.open import open_dump
from kdive.engine.kinds import PageKind, excluded_kinds
from kdive.engine.meminfo import self_check
from kdive.engine.output import FileOutput
from kdive.engine.reassemble import reassemble
from kdive.engine.request import DumpRequest as DumpRequest
from kdive.engine.request import Saved as Saved
from kdive.engine.request import write_log as write_log
from kdive.engine.selection import Selection
from kdive.engine.split import write_split
from kdive.engine.summary import Summary
from kdive.engine.write import write_dump
from kdive.engine.writing import Report, no_report
from kdive.memory.open import open_memory
from kdive.units import ByteCount

if TYPE_CHECKING:
    from kdive.engine.output import Output

LEVELS = (0, 1, 2, 4, 8, 16, 17, 31)  # for which a forecast is made


@dataclass(frozen=True)
class Usage:
    """What the pages of a machine were used for; `forecast` is level → bytes of pages that a dump holds at most."""

    page_size: ByteCount
    summary: Summary
    forecast: dict[int, ByteCount]
    agreeing: tuple[str, ...] = ()  # of a running kernel: what its own counts confirm; what they do not is a warning


def save(request: DumpRequest, report: Report = no_report, output: Output | None = None) -> Saved:
    """Writes the dump; to `output`, where it is given. Raises DumpError, OutputError, OutputFullError as writers do.

    An incomplete dump is no error: `result.incomplete` says why, and what was written opens.
    """
    for level in request.levels:
        with open_dump(request.source) as dump:
            memory = open_memory(dump)
            selection = Selection(memory)
            options = replace(request.options, level=level)
            if output is not None:
                result = write_dump(memory, selection.windows(), output, options, report)
            elif len(request.outputs) > 1:
                outputs = request.outputs
                result = write_split(memory, selection.windows(), outputs, options, report, overwrite=request.overwrite)
            else:
                (path,) = request.outputs
                with FileOutput(path, overwrite=request.overwrite, limit_bytes=options.limit_bytes) as file:
                    result = write_dump(memory, selection.windows(), file, options, report)
            saved = Saved(result, level, selection.summary())
        if not result.full or level == request.levels[-1] or output is not None:
            break
        for path in request.outputs:
            path.unlink(missing_ok=True)
    return saved


def join(parts: Sequence[Path], path: Path, overwrite: bool) -> str:
    """Puts a split set together again; why the result is incomplete, or ""."""
    with FileOutput(path, overwrite=overwrite) as output:
        return reassemble(parts, output)


def measure(
    source: Path, looked_at: Callable[[int], None] = lambda pages: None, meminfo: Path = Path("/proc/meminfo")
) -> Usage:
    """What the pages of `source` were used for, a dump or /proc/kcore. Raises DumpError when it is neither."""
    agreeing: tuple[str, ...] = ()
    with open_dump(source) as dump:
        selection = Selection(open_memory(dump))
        seen = 0
        for window in selection.windows():
            seen += len(window.kinds)
            looked_at(seen)
        summary = selection.summary()
        size = dump.page_size
        if dump.container.format == "kcore":
            with suppress(OSError):
                agreeing, differing = self_check(summary, size, meminfo.read_text())
                summary = replace(summary, warnings=(*summary.warnings, *differing))
    forecast = {level: ByteCount(size * _kept(summary, level)) for level in LEVELS}
    return Usage(ByteCount(size), summary, forecast, agreeing)


def _kept(summary: Summary, level: int) -> int:
    """Pages that a dump of that level keeps; those full of zeros are only known when they are read."""
    excluded = excluded_kinds(level)
    return sum(count for kind, count in summary.pages.items() if PageKind(kind) not in excluded)
