"""Which configuration holds on a machine: kdump.conf, else another tool's, else what is usual."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from kdive.kdump.config import KdumpConfig
from kdive.kdump.config_files import directives, of_debian, of_suse
from kdive.kdump.config_files.assignments import assignments
from kdive.kdump.config_files.directives import ConfigError
from kdive.kexec.small_files import read_small

KDUMP_CONF = "etc/kdump.conf"
SYSCONFIG = "etc/sysconfig/kdump"
KDUMP_TOOLS = "etc/default/kdump-tools"
_LIMIT_BYTES = 1 << 20


@dataclass(frozen=True)
class FoundConfig:
    """A configuration, the file that it is from ("" for none), and what of another tool's could not be carried over."""

    config: KdumpConfig
    source: str = ""
    notes: tuple[str, ...] = ()

    @property
    def imported(self) -> bool:
        """Whether it is another tool's, which `kdive setup` writes down as its own."""
        return bool(self.source) and not self.source.endswith(KDUMP_CONF)


def find_config(root: Path = Path("/")) -> FoundConfig:
    """The configuration below `root`. Raises ConfigError where it cannot be followed, with the line."""
    sysconfig = _text(root / SYSCONFIG)
    text = _text(root / KDUMP_CONF)
    if text is not None:
        config = directives.parse(text, f"/{KDUMP_CONF}")
        return FoundConfig(_with_cmdline(config, sysconfig or ""), f"/{KDUMP_CONF}")
    text = _text(root / KDUMP_TOOLS)
    if text is not None:
        return FoundConfig(*_named(of_debian.read(text), KDUMP_TOOLS))
    if sysconfig is not None and of_suse.OWN in assignments(sysconfig):
        return FoundConfig(*_named(of_suse.read(sysconfig), SYSCONFIG))
    return FoundConfig(_with_cmdline(KdumpConfig(), sysconfig or ""))


def _named(read: tuple[KdumpConfig, tuple[str, ...]], name: str) -> tuple[KdumpConfig, str, tuple[str, ...]]:
    config, notes = read
    return config, f"/{name}", notes


def _with_cmdline(config: KdumpConfig, sysconfig: str) -> KdumpConfig:
    """What RHEL's /etc/sysconfig/kdump says of the capture kernel's command line."""
    values = assignments(sysconfig)
    return replace(
        config,
        cmdline=values.get("KDUMP_COMMANDLINE", ""),
        cmdline_remove=values.get("KDUMP_COMMANDLINE_REMOVE", ""),
        cmdline_append=values.get("KDUMP_COMMANDLINE_APPEND", ""),
    )


def _text(path: Path) -> str | None:
    """None where there is no such file."""
    try:
        return read_small(path, _LIMIT_BYTES).decode("utf-8", "replace")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}", hint="check the file and its rights") from None
