"""What `kdive dump` says of its work, in words and as JSON."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kdive.engine.request import Saved
    from kdive.engine.save import Usage
    from kdive.engine.summary import Summary
    from kdive.engine.writing import Progress


class ProgressWords:
    """Says how far the writer is, how fast it goes, and how long it will take."""

    def __init__(self, show: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._show = show
        self._clock = clock
        self._phase = ""
        self._started = 0.0
        self._written = 0

    def __call__(self, state: Progress) -> None:
        now = self._clock()
        if state.phase != self._phase:
            self._phase, self._started, self._written = state.phase, now, state.written
        seconds = now - self._started
        share = 100 * state.done_pages // state.total_pages if state.total_pages else 100
        words = f"{'looking at' if state.phase == 'selecting' else 'writing'} pages: {share} %"
        if state.phase == "writing":
            words += f", {state.written >> 20} MB written"
            if seconds > 0:
                words += f", {(state.written - self._written) / seconds / 1e6:.0f} MB/s"
        left = _left(state.done_pages, state.total_pages, seconds)
        self._show(f"{words}, {left} left" if left else words)


def _left(done: int, total: int, seconds: float) -> str:
    """How long the rest takes at the rate so far; "" while that says little."""
    if done <= 0 or seconds < 1 or done >= total:
        return ""
    left = round(seconds * (total - done) / done)
    return f"{left} s" if left < 120 else f"{left // 60} min" if left < 7200 else f"{left // 3600} h"


def saved_lines(saved: Saved, *, dry_run: bool = False) -> list[str]:
    """What became of the pages."""
    result = saved.result
    where = ", ".join(result.paths)
    state = f"INCOMPLETE: {result.incomplete}" if result.incomplete else "not written" if dry_run else "complete"
    lines = [f"{where}: {state}, level {saved.level}"]
    rows = [("pages of the machine", result.pages), ("  left out: full of zeros", result.zero)]
    rows += [
        (f"  left out: {name.replace('_', ' ')}", count) for name, count in result.excluded_of_kind.items() if count
    ]
    rows += [("  not in the input", result.unavailable), ("  lost", result.lost), ("  kept", result.kept)]
    lines += [f"  {name:<30}{count:>14,}" for name, count in rows if count or name.strip() == "kept"]
    rate = f", {result.rate / 1e6:.0f} MB/s" if result.seconds else ""
    lines.append(
        f"  {'it would take' if dry_run else 'written':<30}{result.written:>14,} bytes in {result.seconds:.1f} s{rate}"
    )
    return [*lines, *_remarks(saved.summary)]


def _remarks(summary: Summary) -> list[str]:
    return [f"  warning: {text}" for text in summary.warnings] + [f"  note: {text}" for text in summary.reasons if text]


def json_of(saved: Saved, erased: Mapping[str, object], *, dry_run: bool = False) -> str:
    """The same as JSON, with what was `erased`."""
    import json

    from kdive.facts.codec import to_json

    head = {"schema": "kdive-dump/1", "dry_run": dry_run, "level": saved.level}
    remarks = {"warnings": saved.summary.warnings, "reasons": saved.summary.reasons}
    stats = {name.strip().lower().replace(" ", "_").replace("-", "_"): count for name, count in _stats(saved)}
    return json.dumps({**head, **to_json(saved.result), "stats": stats, **remarks, **erased}, indent=2)


def stats_lines(saved: Saved) -> list[str]:
    """The figures of makedumpfile's report, by its names."""
    return [f"{name:<30}: {count:#018x}" for name, count in _stats(saved)]


def _stats(saved: Saved) -> list[tuple[str, int]]:
    result = saved.result
    of_kind = result.excluded_of_kind
    return [
        ("Original pages", result.pages),
        ("  Excluded pages", sum(of_kind.values()) + result.zero),
        ("    Pages filled with zero", result.zero),
        ("    Non-private cache pages", of_kind.get("cache", 0)),
        ("    Private cache pages", of_kind.get("cache_private", 0)),
        ("    User process data pages", of_kind.get("user", 0)),
        ("    Free pages", of_kind.get("free", 0) + of_kind.get("unaccepted", 0)),
        ("    Hwpoison pages", of_kind.get("hwpoison", 0)),
        ("    Offline pages", of_kind.get("offline", 0)),
        ("  Remaining pages", result.kept),
        ("Memory hole", max(0, result.end_pfn - result.pages)),
        ("Total pages", result.end_pfn),
        ("Write bytes", result.written),
    ]


def usage_lines(usage: Usage) -> list[str]:
    """A table of what memory is used for, and of how large dumps get."""
    lines = [f"{'used for':<22}{'pages':>14}{'MB':>10}"]
    for kind, count in usage.summary.pages.items():
        name = "the kernel" if kind.name == "KEPT" else kind.name.lower().replace("_", " ")
        lines.append(f"{name:<22}{count:>14,}{count * usage.page_size >> 20:>10,}")
    lines += ["", f"{'level':<22}{'at most, uncompressed':>24}"]
    lines += [f"{level:<22}{held >> 20:>21,} MB" for level, held in usage.forecast.items()]
    lines += [f"  agrees: {text}" for text in usage.agreeing]
    return [*lines, *_remarks(usage.summary)]
