"""What to load: made out of what is asked for, the image, and the machine, before anything is asked of the kernel.

The kernel frees the image that it holds for a crash before it looks at the new one, and every call may be counted:
what can be known to fail fails here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from kdive.errors import KdiveError
from kdive.facts.missing import Missing
from kdive.kexec import cmdline
from kdive.kexec.calls import FileFlag
from kdive.kexec.image import Image
from kdive.kexec.machine import Machine
from kdive.kexec.state import State

# Flags that change how a kernel is loaded, the newest first: a kernel that does not know one knows none before it.
OPTIONAL = (FileFlag.FORCE_DTB, FileFlag.NO_CMA, FileFlag.DEBUG)
_NUL = 1
_UNLIMITED = -1
NO_FLAGS = FileFlag(0)
NOTHING_RESERVED = (
    "no memory is reserved for a capture kernel",
    "boot with crashkernel=256M on the command line; `dmesg | grep -i crashkernel` says why it was refused",
)


class LoadError(KdiveError):
    """A kernel that is not loaded."""


class Method(StrEnum):
    """How to load."""

    AUTO = "auto"  # kexec_file_load, and where the kernel lacks it an installed kexec(8)
    FILE = "file"  # kexec_file_load alone
    SEGMENTS = "segments"  # kexec_load, by an installed kexec(8)


@dataclass(frozen=True)
class Request:
    """What is asked for."""

    kernel: Path
    initrds: tuple[Path, ...] = ()
    crash: bool = False  # the kernel that starts at a crash, instead of at a reboot
    cmdline: cmdline.Wanted = field(default_factory=cmdline.Wanted)
    flags: FileFlag = NO_FLAGS  # of OPTIONAL
    method: Method = Method.AUTO


@dataclass(frozen=True)
class LoadPlan:
    """All that the calls need."""

    kernel: Path
    image: Image
    initrds: tuple[Path, ...]  # after the image's own
    cmdline: str
    crash: bool
    flags: FileFlag
    method: Method
    notes: tuple[str, ...] = ()  # for the user to know


def make_plan(
    request: Request, image: Image, initrd_bytes: int, running: str, machine: Machine, state: State
) -> LoadPlan:
    """The plan. `initrd_bytes` is the size of the files of `request`, `running` the text of /proc/cmdline.

    Raises LoadError for what the kernel is known to refuse.
    """
    line = cmdline.build(request.cmdline, running, image.cmdline, request.crash)
    _check_image(request, image, machine)
    _check_cmdline(request, image, line)
    if request.crash:
        _check_reservation(request, image, initrd_bytes, state)
    flags, dropped = _flags_within_limit(request, state)
    return LoadPlan(
        kernel=request.kernel,
        image=image,
        initrds=request.initrds,
        cmdline=line,
        crash=request.crash,
        flags=flags,
        method=request.method,
        notes=(*_notes(request, image, initrd_bytes), *_last_load(request, state), *dropped),
    )


def limit_of(state: State, crash: bool) -> int:
    """How many loads are left; -1 when they are not counted."""
    limit = state.load_limit_panic if crash else state.load_limit_reboot
    return _UNLIMITED if isinstance(limit, Missing) else limit


def counted(state: State, crash: bool) -> bool:
    """Whether each call brings the machine nearer to its last one."""
    return limit_of(state, crash) != _UNLIMITED


def _check_image(request: Request, image: Image, machine: Machine) -> None:
    same = image.arch in ("", machine.arch) or {image.arch, machine.arch} == {"i686", "x86_64"}
    if not same:
        raise LoadError(
            f"{request.kernel}: a kernel for {image.arch}, and this machine is {machine.arch}",
            hint=f"install a kernel for {machine.arch}",
        )
    if image.format == "EFI program":
        raise LoadError(
            f"{request.kernel}: an EFI program without a kernel in it (no section .linux)",
            hint="give the vmlinuz or the unified kernel image that it starts",
        )
    if image.format == "vmlinux" and machine.arch in ("x86_64", "i686", "aarch64"):
        wanted = "Image" if machine.arch == "aarch64" else "vmlinuz (bzImage)"
        raise LoadError(
            f"{request.kernel}: the kernel as the linker left it, which cannot be loaded on {machine.arch}",
            hint=f"give the {wanted} that was made from it, usually in /boot",
        )


def _check_cmdline(request: Request, image: Image, line: str) -> None:
    length = len(line.encode("utf-8", "surrogateescape"))
    if image.cmdline_limit is not None and length > image.cmdline_limit:
        raise LoadError(
            f"the command line has {length} bytes, and {request.kernel} takes {image.cmdline_limit}",
            hint="leave parameters out: --remove NAME",
        )


def _check_reservation(request: Request, image: Image, initrd_bytes: int, state: State) -> None:
    size = state.crash_size
    if isinstance(size, Missing):
        return  # the kernel will say what is wrong
    if size == 0:
        raise LoadError(*NOTHING_RESERVED)
    need = image.need + initrd_bytes
    if need > size:
        raise LoadError(
            f"{request.kernel} and its initramfs take {_mb(need)}, and crashkernel= reserves {_mb(size)}",
            hint="reserve more with crashkernel=, or make the initramfs smaller",
        )


def _flags_within_limit(request: Request, state: State) -> tuple[FileFlag, tuple[str, ...]]:
    """A flag that the kernel does not know fails a call that counts: then none is tried."""
    if not request.flags or not counted(state, request.crash):
        return request.flags, ()
    names = ", ".join(flag_names(request.flags))
    return NO_FLAGS, (f"loads are counted on this machine: {names} is left out, since the kernel may not know it",)


def flag_names(flags: FileFlag) -> list[str]:
    """The options that set `flags`, as they are typed."""
    return ["--" + flag.name.lower().replace("_", "-") for flag in OPTIONAL if flag & flags and flag.name]


def _notes(request: Request, image: Image, initrd_bytes: int) -> list[str]:
    notes = []
    if image.signature_lost:
        notes.append(
            f"{request.kernel} is signed, the kernel inside is not: where signatures are enforced it is refused"
        )
    if not initrd_bytes and not image.initrd:
        notes.append("no initramfs: the kernel must find its root file system with what is built in")
    if request.initrds and image.initrd:
        notes.append("the initramfs of the unified kernel image comes first, the given ones after it")
    return notes


def _last_load(request: Request, state: State) -> list[str]:
    if request.crash and state.crash_loaded and limit_of(state, True) == 1:
        return ["this is the last load that the machine allows: if it fails, there is no capture kernel any more"]
    return []


def _mb(size: int) -> str:
    return f"{-(-size >> 20)} MB"
