"""Which troubles of a kernel become a crash: sysctls that turn them into a panic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kdive.errors import KdiveError

FILE = Path("etc/sysctl.d/60-kdive.conf")
REBOOT_AFTER_S = 10


@dataclass(frozen=True)
class Trigger:
    """A sysctl, and what happens where it is not set."""

    sysctl: str
    wanted: int
    without: str
    advised: bool = False  # on every machine that captures its crashes; the others are a matter of taste

    @property
    def line(self) -> str:
        """As sysctl.d(5) has it."""
        return f"{self.sysctl} = {self.wanted}"


TRIGGERS = (
    Trigger("kernel.panic_on_oops", 1, "the kernel goes on after an oops, and no dump is made", advised=True),
    Trigger("kernel.panic", REBOOT_AFTER_S, "a machine whose capture fails stays as it is, for good", advised=True),
    Trigger("kernel.softlockup_panic", 1, "a CPU that hangs in the kernel is only logged"),
    Trigger("kernel.hardlockup_panic", 1, "a CPU that hangs with interrupts off is only logged"),
    Trigger("kernel.hung_task_panic", 1, "tasks that wait for ever are only logged"),
    Trigger("kernel.panic_on_rcu_stall", 1, "a stall of RCU is only logged"),
    Trigger("kernel.unknown_nmi_panic", 1, "the NMI button of the machine, or of its management, makes no dump"),
    Trigger("kernel.panic_on_unrecovered_nmi", 1, "errors of memory that an NMI reports are only logged"),
    Trigger("kernel.panic_on_io_nmi", 1, "errors of devices that an NMI reports are only logged"),
    Trigger("vm.panic_on_oom", 1, "a machine out of memory kills a process and goes on"),
    Trigger("kernel.panic_on_warn", 1, "warnings are only logged"),
)


def is_set(trigger: Trigger, value: int) -> bool:
    """Whether `value` has the effect: any but 0 has it."""
    return value != 0


def file_of(triggers: Sequence[Trigger]) -> str:
    """The text of the file that sets them at each boot."""
    return "".join(["# Which troubles become a crash. Written by kdive.\n", *(f"{one.line}\n" for one in triggers)])


def apply(triggers: Sequence[Trigger], root: Path = Path("/")) -> None:
    """Sets them now, and for each boot. Raises KdiveError where that cannot be."""
    path = root / FILE
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file_of(triggers))
    except OSError as error:
        raise KdiveError(f"{path}: {error.strerror}", hint="run it as root") from error
    switch_on(triggers, root)


def switch_on(triggers: Sequence[Trigger], root: Path = Path("/")) -> None:
    """Sets them now, until the next boot. Raises KdiveError where that cannot be."""
    for one in triggers:
        path = root / "proc/sys" / one.sysctl.replace(".", "/")
        try:
            path.write_text(f"{one.wanted}\n")
        except OSError as error:
            raise KdiveError(f"{path}: {error.strerror}", hint="run it as root") from error
