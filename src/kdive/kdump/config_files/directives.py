"""/etc/kdump.conf, as kdump.conf(5) of RHEL, CentOS and Fedora has it, with a few directives of kdive's own.

A line is a directive and its value; "#" starts a comment, wherever it stands; a value may stand in double quotes. There
is one target, and each directive stands once.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, get_args

from kdive.errors import KdiveError
from kdive.kdump.config import (
    FailureAction,
    FinalAction,
    HttpTarget,
    KdumpConfig,
    LocalTarget,
    NfsTarget,
    RawTarget,
    SshTarget,
    Target,
)
from kdive.units import size

FILESYSTEMS = ("ext2", "ext3", "ext4", "xfs", "btrfs", "minix", "virtiofs")
_TARGETS = (*FILESYSTEMS, "raw", "nfs", "ssh", "http")
_GONE = {
    "net": 'say "ssh USER@HOST" or "nfs HOST:/EXPORT"',
    "nfs4": 'say "nfs HOST:/EXPORT"',
    "options": "list modules with extra_modules; their options belong into /etc/modprobe.d",
    "link_delay": "say network_deadline SECONDS",
    "disk_timeout": "disks are waited for as long as the deadline allows",
    "debug_mem_level": "the manifest beside each dump says how much memory the capture took",
    "blacklist": "only modules that the target needs are in the image",
    "override_resettable": "leave the line out",
}
_HINT = "docs/kdump-conf.md lists what a configuration may say"
_DEVICE = re.compile(r"/dev/\S+|(?:UUID|LABEL|PARTUUID|PARTLABEL)=\S+")
_LOGIN = re.compile(r"[\w.+-]+@(?:[\w.:-]+|\[[\da-fA-F:.]+\])")
_EXPORT = re.compile(r"(?:[\w.-]+|\[[\da-fA-F:.]+\]):/\S*")
_MOST = 1 << 31


class ConfigError(KdiveError):
    """A configuration that cannot be followed; the message names file and line."""


def parse(text: str, where: str) -> KdumpConfig:
    """The configuration in `text`. Raises ConfigError, with `where` and the line."""
    reader = _Reader(where)
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].strip()
        if words:
            name, _, value = words.partition(" ") if " " in words else words.partition("\t")
            reader.take(number, name, _unquoted(value.strip()))
    return reader.config()


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value


class _Reader:
    def __init__(self, where: str) -> None:
        self._where = where
        self._number = 0
        self._seen: dict[str, int] = {}
        self._values: dict[str, Any] = {}
        self._target: Target | None = None
        self._key = ""

    def take(self, number: int, name: str, value: str) -> None:
        """One directive."""
        self._number = number
        if name in _GONE:
            raise self._error(f"{name} is not understood any more", _GONE[name])
        if name not in _TARGETS and name not in _READERS and name != "sshkey":
            raise self._error(f"{name} is no directive", _hint_for(name))
        if not value:
            raise self._error(f"{name} has no value", _HINT)
        kind = "target" if name in _TARGETS else _ALIASES.get(name, name)
        if kind in self._seen:
            what = "there is one target" if kind == "target" else f"{name} stands"
            raise self._error(f"{what} already in line {self._seen[kind]}", "leave one of the two lines out")
        self._seen[kind] = number
        if name in _TARGETS:
            self._target = self._read_target(name, value)
        elif name == "sshkey":
            self._key = value
        elif name == "second_target":
            kind_, _, rest = value.partition(" ")
            if kind_ not in _TARGETS or not rest.strip():
                raise self._error(f"{value} is no target", "for example: second_target nfs HOST:/EXPORT")
            self._values[name] = self._read_target(kind_, rest.strip())
        else:
            field = _ALIASES.get(name, name)
            try:
                self._values[field] = _READERS[name](value)
            except ValueError as error:
                raise self._error(f"{name} {value}: {error}", _HINT) from None

    def config(self) -> KdumpConfig:
        """All of it together."""
        if self._values.get("force_rebuild") and self._values.get("force_no_rebuild"):
            self._number = self._seen["force_no_rebuild"]
            raise self._error("force_rebuild and force_no_rebuild shut each other out", "leave one of the two out")
        target = self._target or LocalTarget()
        if self._key:
            if isinstance(target, SshTarget):
                target = replace(target, key=self._key)
            second = self._values.get("second_target")
            if isinstance(second, SshTarget):
                self._values["second_target"] = replace(second, key=self._key)
        return KdumpConfig(target=target, **self._values)

    def _read_target(self, name: str, value: str) -> Target:
        if name == "ssh":
            return SshTarget(self._like(_LOGIN, value, "USER@HOST"))
        if name == "nfs":
            return NfsTarget(self._like(_EXPORT, value, "HOST:/EXPORT"))
        if name == "raw":
            return RawTarget(self._like(_DEVICE, value, "a device"))
        if name == "http":
            if not value.startswith(("http://", "https://")):
                raise self._error(f"{value} is no address", "for example: http https://dumps.example.org/incoming")
            return HttpTarget(value)
        device = value if name == "virtiofs" else self._like(_DEVICE, value, "a device, UUID=… or LABEL=…")
        return LocalTarget(device, name)

    def _like(self, form: re.Pattern[str], value: str, words: str) -> str:
        if not form.fullmatch(value):
            raise self._error(f"{value} is not {words}", _HINT)
        return value

    def _error(self, message: str, hint: str) -> ConfigError:
        return ConfigError(f"{self._where}:{self._number}: {message}", hint=hint)


def _hint_for(name: str) -> str:
    from difflib import get_close_matches

    like = get_close_matches(name, [*_READERS, *_TARGETS, "sshkey"], 1)
    return f"did you mean {like[0]}?" if like else _HINT


def _one_of(choices: tuple[str, ...]) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value not in choices:
            raise ValueError(f"one of {', '.join(choices)} is wanted")
        return value

    return read


def _flag(value: str) -> bool:
    if value not in ("0", "1", "yes", "no"):
        raise ValueError("0 or 1 is wanted")
    return value in ("1", "yes")


def _number(value: str) -> int:
    if not (value.isascii() and value.isdigit()) or int(value) >= _MOST:
        raise ValueError("a whole number is wanted")
    return int(value)


def _words(value: str) -> tuple[str, ...]:
    return tuple(value.split())


def _dracut_args(value: str) -> str:
    if value.count("--mount") > 1:
        raise ValueError("one --mount is all that there may be")
    return value


def _path(value: str) -> str:
    if not value.startswith("/"):
        raise ValueError("a path begins with /")
    if ".." in value.split("/"):
        raise ValueError("a path without .. is wanted")
    return value.rstrip("/") or "/"


_ALIASES = {
    "default": "failure_action",
    "deadline": "deadline_s",
    "hook_deadline": "hook_deadline_s",
    "network_deadline": "network_deadline_s",
}
_READERS: dict[str, Callable[[str], Any]] = {
    "path": _path,
    "core_collector": str,
    "kdump_pre": str,
    "kdump_post": str,
    "kdump_emergency": str,
    "extra_bins": _words,
    "extra_modules": _words,
    "dracut_args": _dracut_args,
    "failure_action": _one_of(get_args(FailureAction)),
    "default": _one_of(get_args(FailureAction)),
    "final_action": _one_of(get_args(FinalAction)),
    "force_rebuild": _flag,
    "force_no_rebuild": _flag,
    "fence_kdump_nodes": _words,
    "fence_kdump_args": str,
    "auto_reset_crashkernel": _flag,
    # kdive's own
    "second_target": str,
    "deadline": _number,
    "hook_deadline": _number,
    "network_deadline": _number,
    "keep": _number,
    "reserve": size,
    "mail_to": str,
    "webhook": str,
}


def render(config: KdumpConfig) -> str:
    """`config` as a file that `parse` reads: every directive that is not as it would be without."""
    usual = KdumpConfig()
    lines = [
        "# What happens when this machine crashes: kdump.conf(5), and docs/kdump-conf.md of kdive.",
        *_target_lines(config.target),
    ]
    if config.second_target is not None:
        lines.append(f"second_target {_target_line(config.second_target)}")
    fields = {_ALIASES.get(name, name): name for name in _READERS if name not in ("default", "second_target")}
    for field, name in fields.items():
        value = getattr(config, field)
        if name == "path" or value != getattr(usual, field):
            lines.append(f"{name} {_text(value)}")
    return "\n".join(lines) + "\n"


def _target_lines(target: Target) -> list[str]:
    if target == LocalTarget():
        return []
    key = [f"sshkey {target.key}"] if isinstance(target, SshTarget) else []
    return [_target_line(target), *key]


def _target_line(target: Target) -> str:
    if isinstance(target, SshTarget):
        return f"ssh {target.login}"
    if isinstance(target, NfsTarget):
        return f"nfs {target.export}"
    if isinstance(target, RawTarget):
        return f"raw {target.device}"
    if isinstance(target, HttpTarget):
        return f"http {target.url}"
    return f"{target.fstype or 'ext4'} {target.device}"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return " ".join(value) if isinstance(value, tuple) else str(value)
