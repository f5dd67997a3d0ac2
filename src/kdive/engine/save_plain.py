"""A dump in, a new one out, with the standard library alone: without numpy no page is left out for its use."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

from kdive.dumpfile.open import open_dump
from kdive.engine.output import FileOutput
from kdive.engine.plain_writer import write_plain
from kdive.engine.request import DumpRequest, Saved
from kdive.engine.summary import Summary
from kdive.engine.writing import ZERO_PAGES, Report, no_report
from kdive.errors import KdiveError
from kdive.memory.open import open_memory

if TYPE_CHECKING:
    from kdive.engine.output import Output

_REASON = "numpy is missing: only pages full of zeros are left out, the others are compressed with zlib"


def save_plain(request: DumpRequest, report: Report = no_report, output: Output | None = None) -> Saved:
    """Writes all pages that the input holds; errors as for `kdive.engine.save.save`.

    Raises KdiveError for what cannot be done without numpy.
    """
    options = request.options
    for wanted, what in (
        (options.format == "elf", "an ELF core"),
        (len(request.outputs) > 1, "a split set"),
        (options.erase is not None, "a dump with secrets erased"),
    ):
        if wanted:
            raise KdiveError(f"{what} cannot be written without numpy", hint="install numpy, or write a plain dump")
    level = request.levels[0] & ZERO_PAGES
    with open_dump(request.source) as dump:
        file = None
        if output is None:
            (path,) = request.outputs
            file = FileOutput(path, overwrite=request.overwrite, limit_bytes=options.limit_bytes)
        with file or nullcontext():
            target = file or output
            assert target is not None
            result = write_plain(open_memory(dump), target, replace(options, level=level), report)
    name = result.paths[0] if request.outputs else "OUT"
    later = f"filter it where numpy is: kdive dump --refilter {name} SMALLER"
    return Saved(result, level, Summary({}, (), (_REASON, later)))
