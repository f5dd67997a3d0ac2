"""`kdive dump --redact`, `--erase` and `--check`: secrets on their way into a dump, and in one that there is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdive.cli.terminal import Terminal
from kdive.errors import EXIT_NO_VERDICT, EXIT_OK, KdiveError

if TYPE_CHECKING:
    from kdive.engine.key_shapes import KeyShape
    from kdive.engine.save import DumpRequest
    from kdive.kernel.secrets.plan import Found

_PLACES_SHOWN = 6


def with_erasures(
    request: DumpRequest, profile: str, filter_file: Path | None, vmlinux: Path | None, terminal: Terminal
) -> tuple[DumpRequest, Found]:
    """`request` with what it takes to erase all that is wanted. Raises KdiveError where that cannot be found."""
    from kdive.pipeline.erasure import ErasureRequest, find_erasures

    # Of two levels the lower one keeps more: what is erased from it is enough for both.
    lowest = min(request.levels)
    with terminal.progress() as progress:
        found = find_erasures(ErasureRequest(request.source, lowest, profile, filter_file, vmlinux), progress)
    levels = tuple(dict.fromkeys(level | found.plan.level for level in request.levels))
    return replace(request, levels=levels, options=replace(request.options, erase=found.plan)), found


def erased_lines(found: Found) -> list[str]:
    """What was erased, by kind, and what may be left."""
    lines = [f"  {'erased':<30}{found.plan.size:>14,} bytes, wherever their pages were kept"]
    lines += [f"    {name.replace('-', ' '):<28}{count:>14,}" for name, count in sorted(found.counts.items())]
    if found.absent:
        lines.append(f"  not in this kernel: {', '.join(found.absent)}")
    return lines + [f"  warning: {warning}: more may be left" for warning in found.warnings]


def erased_json(found: Found) -> dict[str, Any]:
    """The same as plain data."""
    return {
        "erased_bytes": found.plan.size,
        "erased": found.counts,
        "absent": list(found.absent),
        "erase_warnings": list(found.warnings),
    }


def check(paths: tuple[Path, ...], as_json: bool, terminal: Terminal) -> int:
    """Says what in a dump looks like a key or a password; exit code 1 when anything does."""
    from kdive.dumpfile.open import open_dump
    from kdive.engine.key_shapes import find_key_shapes
    from kdive.memory.open import open_memory

    if len(paths) != 1:
        raise KdiveError(f"{len(paths)} paths were given", hint="kdive dump --check IN")
    with open_dump(paths[0]) as dump, terminal.progress() as progress:
        shapes = find_key_shapes(open_memory(dump), lambda pages: progress(f"looking for keys: {pages:,} pages"))
    if as_json:
        import json

        from kdive.facts.codec import to_json

        terminal.write(json.dumps({"schema": "kdive-check/1", "found": [to_json(shape) for shape in shapes]}, indent=2))
    else:
        terminal.write("\n".join(map(_line, shapes)) or f"{paths[0]}: nothing looks like a key or a password")
    return EXIT_NO_VERDICT if shapes else EXIT_OK


def _line(shape: KeyShape) -> str:
    places = ", ".join(f"{place:#x}" for place in shape.places[:_PLACES_SHOWN])
    more = " …" if shape.count > _PLACES_SHOWN else ""
    return f"{shape.name:<24}{shape.count:>8,}  at physical {places}{more}"
