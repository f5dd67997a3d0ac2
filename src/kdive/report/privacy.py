"""What of a report leaves the house: `private` all of it, `team` nothing that leads to a machine or a person, `public`
no command line and no address of the kernel either.

The same is taken out of every format, since it is taken out before any is made. The log keeps its lines, so that
evidence still points at the right one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from kdive.facts.crash import Facts
from kdive.facts.missing import Missing
from kdive.facts.verdict import Report

T = TypeVar("T")

PRIVATE, TEAM, PUBLIC = "private", "team", "public"
LEVELS = (PRIVATE, TEAM, PUBLIC)

_HEX = r"[0-9a-fA-F]"
_MASKS = (
    (re.compile(rf"\b{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}\b"), "(UUID)"),
    (re.compile(rf"(?<![\w:.]){_HEX}{{2}}(?::{_HEX}{{2}}){{5}}(?![\w:])"), "(MAC)"),
    (re.compile(rf"(?<![\w:.])(?:{_HEX}{{1,4}}:){{7}}{_HEX}{{1,4}}(?![\w:])"), "(IP)"),
    (re.compile(rf"(?<![\w:.])(?:{_HEX}{{1,4}}:){{1,6}}:(?:{_HEX}{{1,4}}(?::{_HEX}{{1,4}}){{0,5}})?(?![\w:])"), "(IP)"),
    (re.compile(r"(?<![\w.-])(?:\d{1,3}\.){3}\d{1,3}(?![\w.-])"), "(IP)"),
    (re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), "(mail)"),
    (re.compile(r"(?i)((?:serial ?(?:number|no\.?|#)?|S/N)\s*[:=]\s*)\S+"), r"\1(serial)"),
)
_POINTERS = (re.compile(rf"\b(?:0x)?ffff{_HEX}{{12}}\b"), "(address)")
_COMMAND_LINE = (re.compile(r"(?i)((?:kernel )?command line:\s*).*"), r"\1(left out)")
_FOR_INIT = (re.compile(r"^( {4})[\w.-]+=\S*$"), r"\1(left out)")  # words of the command line that are init's
_NOBODY = frozenset(("localhost", "(none)", "debian", "ubuntu", "fedora", "linux"))  # names that lead nowhere
_SHORTEST_NAME = 3
_KERNEL_HALF = 1 << 63  # addresses from here on are the kernel's


def at_level(report: Report, level: str) -> Report:
    """The report as it may be shown at `level`, one of LEVELS."""
    if level == PRIVATE:
        return report
    report = _mapped(report, _mask(report.facts, level), hide_addresses=level == PUBLIC)
    facts = replace(report.facts, banner=_banner(report, level), container=_container(report))
    if level == PUBLIC:
        facts = replace(facts, registers=Missing(f"left out at the level {level}"))
    return replace(report, facts=facts)


def _mask(facts: Facts, level: str) -> Callable[[str], str]:
    """What makes of a text one that may be shown."""
    masks = list(_MASKS)
    nodename = facts.banner.nodename
    if isinstance(nodename, str) and len(nodename) >= _SHORTEST_NAME and nodename.lower() not in _NOBODY:
        masks.append((re.compile(rf"(?<![\w-]){re.escape(nodename)}(?![\w-])"), "(host)"))
    if level == PUBLIC:
        masks += [_COMMAND_LINE, _FOR_INIT, _POINTERS]

    def mask(text: str) -> str:
        for pattern, shown in masks:
            text = pattern.sub(shown, text)
        return text

    return mask


def _banner(report: Report, level: str) -> Any:
    banner, left_out = report.facts.banner, Missing(f"left out at the level {level}")
    changed: dict[str, Any] = {"dumpfile": _base(banner.dumpfile), "kernel": _base(banner.kernel)}
    if isinstance(banner.nodename, str):
        changed["nodename"] = left_out
    if level == PUBLIC:
        changed |= {"command_line": left_out, "task": left_out, "thread_info": left_out}
    return replace(banner, **changed)


def _container(report: Report) -> Any:
    return replace(report.facts.container, path=_base(report.facts.container.path))


def _base(path: str | Missing) -> Any:
    """The name of a file without the folders, which carry names of customers and users."""
    return path if isinstance(path, Missing) else path.rpartition("/")[2]


def _mapped(value: T, change: Callable[[str], str], hide_addresses: bool) -> T:
    """`value` with `change` applied to every text in it, however deep, and without addresses of the kernel."""
    result: Any = value
    if isinstance(value, str):
        result = change(value)
    elif isinstance(value, tuple):
        result = tuple(_mapped(item, change, hide_addresses) for item in value)
    elif isinstance(value, Mapping):
        shown = {key: item for key, item in value.items() if not (hide_addresses and _is_address(item))}
        result = {key: _mapped(item, change, hide_addresses) for key, item in shown.items()}
    elif is_dataclass(value) and not isinstance(value, type):
        changed = {}
        for field in fields(value):
            item = getattr(value, field.name)
            if hide_addresses and _is_address(item):
                changed[field.name] = None if field.default is None else Missing("left out at the level public")
            elif (mapped := _mapped(item, change, hide_addresses)) is not item:
                changed[field.name] = mapped
        result = replace(value, **changed) if changed else value
    return result  # type: ignore[no-any-return]  # of the same type, which no checker can see


def _is_address(value: object) -> bool:
    return isinstance(value, int) and value >= _KERNEL_HALF
