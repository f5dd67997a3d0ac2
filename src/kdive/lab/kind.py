"""A kind of crash: how to bring it about, and what is right to say of it.

Each is one file of `kinds/`; those that need kernel code have a C file of the same name in `zoo/`, with a function
`zoo_NAME` that the module's table calls. Kinds are named in kebab-case: `null_deref_timer.py` is `null-deref-timer`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kdive import registry
from kdive.errors import KdiveError

KINDS = "kdive.lab.kinds"
MODULE = "crashzoo"
ZOO = Path(__file__).parent / "zoo"


@dataclass(frozen=True)
class Kind:
    """`class_`, `function` and `module` are the truth, named as in the report's verdict."""

    class_: str
    function: str | None = None
    module: str | None = None
    driver: tuple[str, str] | None = None  # module and option: the module's own, where the option is "m"
    script: tuple[str, ...] = ()  # shell lines that the guest runs; none: the module is loaded with kind=NAME
    cmdline: tuple[str, ...] = ()  # kernel parameters beyond the lab's own
    sysctl: tuple[str, ...] = ()  # "kernel.panic_on_warn=1"
    needs: tuple[str, ...] = ()  # what the configuration must have: "CONFIG_DEBUG_LIST", "CONFIG_X=m", "!CONFIG_Y"
    arches: tuple[str, ...] = ("x86_64", "aarch64")
    cpus: int = 1  # least number
    modules: tuple[str, ...] = ()  # of the kernel's own, to load beforehand
    inject: str = ""  # what QEMU does once the guest has begun: "nmi", "mce", "stall" (the disk "never")
    disk: str = ""  # a second disk: "ext4-corrupt", "never"
    dump_by: str = "kdump"  # or "qemu", where no capture kernel can start
    silent_s: int = 0  # for "qemu": how long the console must be silent before the dump
    deadline_s: int = 120  # from the trigger to the start of the capture kernel


def names() -> list[str]:
    """All kinds, sorted."""
    return [name.replace("_", "-") for name in registry.names(KINDS)]


def load(name: str) -> Kind:
    """The kind `name`. Raises KdiveError when there is none."""
    if name not in names():
        raise KdiveError(f"{name}: no such kind of crash", hint=f"kinds: {', '.join(names())}")
    kind: Kind = registry.load(KINDS, name.replace("-", "_")).KIND
    return kind


def summary(name: str) -> str:
    """What happens, in one line."""
    text = registry.load(KINDS, name.replace("-", "_")).__doc__ or ""
    return text.strip().split("\n", 1)[0]


def source(name: str) -> Path | None:
    """Its C file; None for a kind that user space brings about."""
    path = ZOO / f"{name.replace('-', '_')}.c"
    return path if path.exists() else None


def module_of(kind: Kind, config: dict[str, str]) -> str | None:
    """The module of the guilty function on a kernel of that configuration; None for the kernel itself."""
    if kind.driver:
        name, option = kind.driver
        return name if config.get(option) == "m" else None
    return kind.module


def lacks(kind: Kind, config: dict[str, str], arch: str) -> str:
    """Why a kernel cannot crash in this way; "" when it can."""
    if arch not in kind.arches:
        return f"only on {', '.join(kind.arches)}"
    missing = [need for need in kind.needs if not _has(config, need)]
    return f"the kernel's configuration lacks {', '.join(missing)}" if missing else ""


def _has(config: dict[str, str], need: str) -> bool:
    if need.startswith("!"):
        return not _has(config, need[1:])
    name, equals, value = need.partition("=")
    return config.get(name) == value if equals else config.get(name) in ("y", "m")
