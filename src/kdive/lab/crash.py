"""The whole cycle: boot, crash, capture, and what comes out of it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kdive import programs
from kdive.errors import KdiveError
from kdive.lab import disks, guest, kind, truth
from kdive.lab.guest_run import Guest, LabError, Listener
from kdive.lab.kernel import LabKernel
from kdive.lab.kind import Kind
from kdive.lab.machine import THROTTLE, Disk, Machine, capture_cmdline, crash_cmdline
from kdive.lab.truth import Truth
from kdive.lab.vmcore_size import cut_at_its_end
from kdive.units import ByteCount

Progress = Callable[[str], None]

BOOT_S = 180.0
SAVE_S = 300.0
_ATTEMPTS = 3  # a random kernel address now and then leaves no room for the capture kernel
_INJECT_AFTER_S = 4.0
_TAIL_LINES = 6
_SYSCTL = ("kernel.sysrq=1", "kernel.panic_on_oops=1", "kernel.hung_task_timeout_secs=0")

VMCORE, DMESG, CONSOLE = "vmcore", "vmcore-dmesg.txt", "console.log"


class CannotError(KdiveError):
    """This kernel cannot crash in this way."""


@dataclass(frozen=True)
class Plan:
    """One crash to be made."""

    name: str  # of the kind
    kernel: LabKernel
    tree: Path  # the guest's user space
    module: Path | None  # the zoo, built for this kernel
    memory: ByteCount
    cpus: int
    accel: str = "tcg"
    cpu: str = ""  # QEMU's model


def check(plan: Plan) -> Kind:
    """The kind of `plan`. Raises CannotError when this kernel, or so many CPUs, cannot crash in this way."""
    known = kind.load(plan.name)
    reason = kind.lacks(known, plan.kernel.config, plan.kernel.arch)
    if not reason and plan.cpus < known.cpus:
        reason = f"needs {known.cpus} CPUs"
    if reason:
        raise CannotError(f"{plan.name} on {plan.kernel.release}: {reason}", hint="`kdive lab kernels` lists others")
    return known


def crash(plan: Plan, work: Path, progress: Progress, listener: Listener | None = None) -> Truth:
    """Makes the crash; `work` then holds vmcore, vmcore-dmesg.txt, console.log and truth.json.

    Raises LabError when the machine does something else, CannotError as `check` does.
    """
    known = check(plan)
    machine = _machine(plan, known, work)
    for attempt in range(1, _ATTEMPTS + 1):
        progress(f"{plan.name} on {plan.kernel.release}: booting")
        with Guest(machine, work, listener) as running:
            captured_by = _run(running, known, plan, work, progress)
        if captured_by:
            break
        if attempt == _ATTEMPTS:
            raise _failure(running, "no capture kernel could be loaded")
    return _conclude(plan, known, work, running.text, captured_by)


def _machine(plan: Plan, known: Kind, work: Path) -> Machine:
    arch = plan.kernel.arch
    initramfs = work / "initramfs"
    initramfs.write_bytes(
        guest.crash_initramfs(
            plan.name,
            known,
            plan.kernel,
            plan.tree,
            module=plan.module,
            capture_cmdline=" ".join(capture_cmdline(arch)),
            sysctl=_SYSCTL,
        )
    )
    image = work / VMCORE
    with image.open("wb") as disk:
        disk.truncate(plan.memory + (64 << 20))
    extra = disks.make(known.disk, work)
    return Machine(
        arch=arch,
        kernel=plan.kernel.vmlinuz,
        initramfs=initramfs,
        cmdline=crash_cmdline(arch, plan.memory, known.dump_by == "kdump", known.cmdline),
        memory=plan.memory,
        cpus=plan.cpus,
        console_log=work / CONSOLE,
        accel=plan.accel,
        cpu=plan.cpu,
        disks=(Disk(image), *((extra,) if extra else ())),
    )


def _run(running: Guest, known: Kind, plan: Plan, work: Path, progress: Progress) -> str:
    """Who captured the dump; "" when the capture kernel could not be loaded."""
    said = running.wait_for((guest.TRIGGERED, guest.NO_CAPTURE, "Kernel panic"), BOOT_S)
    if said == guest.NO_CAPTURE:
        return ""
    if not said:
        raise _failure(running, "the machine did not come up")
    progress(f"{plan.name} on {plan.kernel.release}: crashing")
    if known.inject:
        running.wait_for((f"{kind.MODULE}: here",), BOOT_S)
        running.wait_for((), _INJECT_AFTER_S)
        _inject(running, known.inject)
    if known.inject == "stall" and running.wait_for(("Kernel panic",), known.deadline_s):
        _limit_disk(running, {"bps-total": 0})  # the capture kernel reads from it while it starts
    if known.dump_by == "kdump":
        if running.wait_for((guest.CAPTURING,), known.deadline_s):
            progress(f"{plan.name} on {plan.kernel.release}: saving the dump")
            if running.wait_for((guest.SAVED,), SAVE_S):
                running.wait_for((), 20)  # it switches itself off
                return "kdump"
            raise _failure(running, "the capture kernel did not save the dump")
    else:
        running.wait_for((), known.deadline_s, silent_s=known.silent_s)
    if not running.running:
        raise _failure(running, "the machine ended without a capture kernel")
    progress(f"{plan.name} on {plan.kernel.release}: silent; QEMU saves the dump")
    _dump(running, work / VMCORE)
    return "qemu"


def _inject(running: Guest, what: str) -> None:
    if what == "nmi":
        running.qmp.command("inject-nmi")
    elif what == "stall":
        _limit_disk(running, {"bps-total": 1})  # one more request is free, the next takes an hour
    elif what == "mce":
        # Bank 9, status: valid, uncorrected, enabled, processor context corrupt; RIP is valid, a machine check is on.
        line = "mce -b 0 9 0xb200000000000000 0x5 0x0 0x0"
        running.qmp.command("human-monitor-command", {"command-line": line})
    else:
        raise LabError(f"{what}: QEMU cannot do that to a machine", hint="nmi, stall, mce")


def _limit_disk(running: Guest, limits: dict[str, int]) -> None:
    """Source: QEMU's ThrottleLimits; 0 is no limit."""
    arguments = {"path": f"/objects/{THROTTLE}", "property": "limits", "value": limits}
    running.qmp.command("qom-set", arguments)


def _dump(running: Guest, path: Path) -> None:
    path.unlink()
    arguments = {"paging": False, "protocol": f"file:{path}", "format": "kdump-zlib"}
    running.qmp.command("dump-guest-memory", arguments, timeout_s=SAVE_S)


def _conclude(plan: Plan, known: Kind, work: Path, console: str, captured_by: str) -> Truth:
    vmcore = work / VMCORE
    if captured_by == "kdump":
        cut_at_its_end(vmcore)
    (work / DMESG).write_text(kdive("dmesg", str(vmcore)))
    pid, comm, cpu = truth.who(console)
    known_truth = Truth(
        pid=pid,
        comm=comm,
        cpu=cpu,
        class_=known.class_,
        function=known.function,
        module=kind.module_of(known, plan.kernel.config),
        kernel=plan.kernel.release,
        arch=plan.kernel.arch,
        kind=plan.name,
        cpus=plan.cpus,
        captured_by=captured_by,
    )
    truth.write(known_truth, work)
    return known_truth


def keep(work: Path, output: Path) -> None:
    """Moves the results of `crash` from `work` to the folder `output`, all or nothing; what was there is replaced."""
    new = work / "result"
    new.mkdir()
    for name in (VMCORE, DMESG, CONSOLE, truth.FILE_NAME):
        (work / name).rename(new / name)
    if output.exists():
        shutil.rmtree(output)
    output.parent.mkdir(parents=True, exist_ok=True)
    new.rename(output)


def kdive(*arguments: str, codes: Sequence[int] = (0,)) -> str:
    """What kdive itself prints, as a program of its own. Raises KdiveError when its exit code is not in `codes`."""
    return programs.run([sys.executable, "-m", "kdive", *arguments], timeout_s=300, codes=codes)


def _failure(running: Guest, what: str) -> LabError:
    tail = [line for line in running.text.splitlines() if line.strip()][-_TAIL_LINES:]
    said = running.complaint()
    return LabError(what + (f"; QEMU: {said}" if said else ""), hint="the console ended: " + " / ".join(tail))
