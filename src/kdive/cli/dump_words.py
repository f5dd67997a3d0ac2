"""What `kdive dump` says of its work, in words and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from kdive.engine.save import Saved, Usage
    from kdive.engine.selection import Summary
    from kdive.engine.writing import Progress


def words(state: Progress) -> str:
    """How far the writer is."""
    share = 100 * state.done_pages // state.total_pages if state.total_pages else 100
    verb: Literal["looking at", "writing"] = "looking at" if state.phase == "selecting" else "writing"
    return f"{verb} pages: {share} %, {state.written >> 20} MB written"


def saved_lines(saved: Saved) -> list[str]:
    """What became of the pages."""
    result = saved.result
    where = ", ".join(result.paths)
    lines = [f"{where}: {'INCOMPLETE: ' + result.incomplete if result.incomplete else 'complete'}, level {saved.level}"]
    rows = [("pages of the machine", result.pages), ("  left out: full of zeros", result.zero)]
    rows += [
        (f"  left out: {name.replace('_', ' ')}", count) for name, count in result.excluded_of_kind.items() if count
    ]
    rows += [("  not in the input", result.unavailable), ("  lost", result.lost), ("  kept", result.kept)]
    lines += [f"  {name:<30}{count:>14,}" for name, count in rows if count or name.strip() == "kept"]
    rate = f", {result.rate / 1e6:.0f} MB/s" if result.seconds else ""
    lines.append(f"  {'written':<30}{result.written:>14,} bytes in {result.seconds:.1f} s{rate}")
    return [*lines, *_remarks(saved.summary)]


def _remarks(summary: Summary) -> list[str]:
    return [f"  warning: {text}" for text in summary.warnings] + [f"  note: {text}" for text in summary.reasons if text]


def json_of(saved: Saved) -> str:
    """The same as JSON."""
    import json

    from kdive.facts.codec import to_json

    remarks = {"warnings": saved.summary.warnings, "reasons": saved.summary.reasons}
    return json.dumps({"schema": "kdive-dump/1", "level": saved.level, **to_json(saved.result), **remarks}, indent=2)


def usage_lines(usage: Usage) -> list[str]:
    """A table of what memory is used for, and of how large dumps get."""
    lines = [f"{'used for':<22}{'pages':>14}{'MB':>10}"]
    for kind, count in usage.summary.pages.items():
        name = "the kernel" if kind.name == "KEPT" else kind.name.lower().replace("_", " ")
        lines.append(f"{name:<22}{count:>14,}{count * usage.page_size >> 20:>10,}")
    lines += ["", f"{'level':<22}{'at most, uncompressed':>24}"]
    lines += [f"{level:<22}{held >> 20:>21,} MB" for level, held in usage.forecast.items()]
    return [*lines, *_remarks(usage.summary)]
