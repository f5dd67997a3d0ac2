"""Whether two crashes are the same bug: their signatures level by level, then what else differs.

The levels: "area" is family of classes and module, "function" the key of the signature, "path" the first frames from
the guilty one on. Equal paths are the same bug; an equal function reached another way most likely is.
"""

from __future__ import annotations

from kdive.diagnosis.differences import differences
from kdive.diagnosis.guilty import guilty_frame
from kdive.diagnosis.signature import family, normalised
from kdive.diagnosis.tiers import tiers
from kdive.facts.comparison import DIFFERENT, LIKELY_SAME, RELATED, SAME, UNKNOWN, Comparison, Level
from kdive.facts.verdict import Report

_PATH_FRAMES = 5
_SHARED_FRAMES = 3  # of the path: fewer are chance
_UNLIKE = {False: "differ", None: "are not known of both"}


def compare(first: Report, second: Report) -> Comparison:
    """The two crashes held against each other."""
    levels = (
        Level("area", _area(first), _area(second)),
        Level("function", first.diagnosis.signature.key, second.diagnosis.signature.key),
        Level("path", " < ".join(_path(first)), " < ".join(_path(second))),
    )
    answer, why = _judge(first, second, levels)
    return Comparison(answer, why, levels, differences(first, second))


def _judge(first: Report, second: Report, levels: tuple[Level, ...]) -> tuple[str, tuple[str, ...]]:
    area, function, path = levels
    without = [name for name, report in (("first", first), ("second", second)) if not _has_verdict(report)]
    if without:
        return UNKNOWN, (f"the {' and the '.join(without)} one has no verdict to compare",)
    where, other = (report.diagnosis.signature.text.partition(" ")[2] for report in (first, second))
    if function.same is None and _families_differ(first, second):
        return DIFFERENT, (f"the one is {where}, the other {other}",)
    if function.same is None:
        return UNKNOWN, ("a crash that names no function is like every other of its class",)
    if function.same:
        if path.same:
            return SAME, (f"both are {where}", "the functions that led there are the same")
        return LIKELY_SAME, (f"both are {where}", "the functions that led there " + _UNLIKE[path.same])
    shared = [name for name in _path(first) if name in _path(second)]
    reasons = []
    if len(shared) >= _SHARED_FRAMES:
        reasons.append(f"both went through {', '.join(shared)}")
    if area.same:
        reasons.append(f"both are of the area {area.first}")
    if len(shared) >= _SHARED_FRAMES:
        return RELATED, tuple(reasons)
    return DIFFERENT, (f"the one is {where}, the other {other}", *reasons)


def _has_verdict(report: Report) -> bool:
    verdict = report.diagnosis.verdict
    return verdict is not None and verdict.class_ != "none"


def _families_differ(first: Report, second: Report) -> bool:
    verdicts = first.diagnosis.verdict, second.diagnosis.verdict
    return len({family(verdict.class_) for verdict in verdicts if verdict}) > 1


def _area(report: Report) -> str:
    verdict = report.diagnosis.verdict
    if verdict is None or verdict.class_ == "none":
        return ""
    return f"{family(verdict.class_)} in {verdict.module or 'vmlinux'}"


def _path(report: Report) -> list[str]:
    """Names of the first frames from the guilty one on: those that a log prints too, so no inlined ones."""
    frames = [frame for frame in report.stack if frame.how != "inline" and frame.reliable and frame.function]
    guilty = guilty_frame(frames)
    if guilty is None:
        return []
    names = []
    for frame in frames[guilty.index : guilty.index + _PATH_FRAMES]:
        if tiers().entry(frame.function).startswith("T2"):
            break  # where every system call comes through, or every interrupt
        names.append(normalised(frame.function))
    return names
