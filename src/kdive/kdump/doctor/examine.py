"""Runs the checks on a host: which ones there are, in which order, and which mean nothing after another failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from types import ModuleType

from kdive import registry
from kdive.errors import KdiveError
from kdive.facts.missing import Missing
from kdive.kdump.doctor.check import Check, Outcome, Result, skip
from kdive.kdump.doctor.host import Host

SCHEMA = "kdive-doctor/1"
_CHECKS = "kdive.kdump.doctor.checks"


@dataclass(frozen=True)
class Checked:
    """A check and what it found."""

    id: str
    result: Result
    reason: str
    what: str
    why: str
    evidence: tuple[str, ...]
    fix: str
    fixable: bool  # `kdive doctor --fix` does it


@dataclass(frozen=True)
class Description:
    """What a check is about."""

    id: str
    what: str
    why: str
    mends: bool


def descriptions() -> list[Description]:
    """All checks, in the order of the chain."""
    return [_describe(name) for name in known()]


@cache
def known() -> tuple[str, ...]:
    """Ids of all checks, in the order of the chain."""
    ids = [name.replace("_", "-") for name in registry.names(_CHECKS)]
    return tuple(sorted(ids, key=lambda name: (_check(name).stage, name)))


def examine(host: Host, ids: Sequence[str] = ()) -> tuple[Checked, ...]:
    """The checks `ids` (all of them for none) on `host`, in the order of the chain. Raises KdiveError for no id."""
    everything = known()
    for name in ids:
        if name not in everything:
            raise KdiveError(f"there is no check {name}", hint=f"the checks are {', '.join(everything)}")
    outcomes: dict[str, Outcome] = {}
    return tuple(_checked(name, _outcome(host, name, outcomes)) for name in everything if name in ids or not ids)


def worst(checked: Sequence[Checked]) -> Result:
    """The worst of the results; "skip" only where nothing could be checked."""
    ranks: tuple[Result, ...] = ("skip", "ok", "warn", "fail")
    return max((one.result for one in checked), key=ranks.index, default="skip")


def mend(host: Host, one: Checked) -> str | Missing:
    """Removes what the check found, and says what was done; Missing says why not. Raises KdiveError where it fails."""
    function = getattr(_module(one.id), "mend", None)
    if one.result not in ("warn", "fail"):
        return Missing("there is nothing to mend")
    if function is None:
        return Missing(f"this is left to you: {one.fix}")
    done: str | Missing = function(host)
    return done


def _outcome(host: Host, name: str, outcomes: dict[str, Outcome]) -> Outcome:
    """Memoised in `outcomes`. A check whose ground fails is not run."""
    if name not in outcomes:
        outcomes[name] = _look(host, name, outcomes)
    return outcomes[name]


def _look(host: Host, name: str, outcomes: dict[str, Outcome]) -> Outcome:
    one = _check(name)
    for needed in one.needs:
        ground = _outcome(host, needed, outcomes)
        if ground.result == "fail" or ground.reason.startswith(_AFTER):
            return skip(f"{_AFTER}{needed}")
    try:
        return one.look(host)
    except KdiveError as error:
        return skip(f"{error.message}; {error.hint}" if error.hint else error.message)


_AFTER = "not looked at before this is mended: "


def _checked(name: str, outcome: Outcome) -> Checked:
    about = _describe(name)
    return Checked(
        id=name,
        result=outcome.result,
        reason=outcome.reason,
        what=about.what,
        why=about.why,
        evidence=outcome.evidence,
        fix=outcome.fix,
        fixable=about.mends and outcome.result in ("warn", "fail"),
    )


def _describe(name: str) -> Description:
    module = _module(name)
    what, _, why = (module.__doc__ or "").strip().partition("\n")
    return Description(name, what.rstrip("."), " ".join(why.split()), hasattr(module, "mend"))


def _check(name: str) -> Check:
    found = _module(name).look
    assert isinstance(found, Check), f"{_CHECKS}.{name}.look is not a check"
    return found


def _module(name: str) -> ModuleType:
    return registry.load(_CHECKS, name.replace("-", "_"))
