"""Why the kernel refused an image: its error number, told apart by what is known of the machine.

Pure: evidence in, an error with the next thing to do out. The order in each function is the order in which the kernel
checks: kernel/kexec_file.c, kernel/kexec.c, kernel/kexec_core.c.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass

from kdive.facts.missing import Missing
from kdive.kexec.machine import Machine
from kdive.kexec.plan import NOTHING_RESERVED, LoadError, LoadPlan, limit_of
from kdive.kexec.state import State


@dataclass(frozen=True)
class Refusal:
    """A failed call, and what is known around it."""

    error: int  # errno
    crash: bool
    state: State  # before the call
    machine: Machine
    plan: LoadPlan | None = None  # None for unloading
    initrd_bytes: int = 0  # of the plan's files
    log: tuple[str, ...] = ()  # what the kernel logged meanwhile


def name_of(error: int) -> str:
    """ "EBUSY" of its number."""
    return errno.errorcode.get(error, f"errno {error}")


def refused(refusal: Refusal) -> LoadError:
    """The error of a failed load."""
    cause = _EXPLANATIONS.get(refusal.error, _unknown)(refusal)
    return _error(refusal, f"{_what(refusal)} is not loaded", cause)


def refused_unload(refusal: Refusal) -> LoadError:
    """The error of a failed unload."""
    what = "capture kernel" if refusal.crash else "kernel for the next reboot"
    cause = _EXPLANATIONS.get(refusal.error, _unknown)(refusal)
    return _error(refusal, f"the {what} is not unloaded", cause)


def refused_start(error: int, state: State, machine: Machine) -> LoadError:
    """The error of a start that came back."""
    if state.loaded is False:
        cause = "no kernel is loaded", "load one first: kdive kexec load /boot/vmlinuz-… --initrd /boot/initrd…"
    else:
        cause = _EXPLANATIONS.get(error, _unknown)(Refusal(error, False, state, machine))
    return _error(Refusal(error, False, state, machine), "the loaded kernel does not start", cause)


def tool_failed(refusal: Refusal, said: str) -> LoadError:
    """The error of a kexec(8) that failed."""
    hint = "this kernel lacks kexec_file_load, and so kexec(8) was run"
    if _locked_down(refusal):
        hint = "under lockdown the kernel takes no image from kexec_load: boot one with CONFIG_KEXEC_FILE"
    return LoadError(f"{_what(refusal)} is not loaded: kexec(8) says: {said}", hint=hint)


_Cause = tuple[str, str]  # what it is, and what to do


def _what(refusal: Refusal) -> str:
    return str(refusal.plan.kernel) if refusal.plan else "the kernel"


def _error(refusal: Refusal, what: str, cause: _Cause) -> LoadError:
    evidence = f' (the kernel logged: "{refusal.log[-1]}")' if refusal.log else ""
    return LoadError(f"{what}: {cause[0]} ({name_of(refusal.error)}){evidence}", hint=cause[1])


def _eperm(refusal: Refusal) -> _Cause:
    state, machine = refusal.state, refusal.machine
    kind = "panic" if refusal.crash else "reboot"
    if machine.container and not machine.may_boot:
        return (
            f"this runs in a container ({machine.container}), and the kernel is the host's",
            "run it on the host",
        )
    if not machine.may_boot:
        return "root alone may do that (capability CAP_SYS_BOOT)", "run it as root: sudo kdive kexec …"
    if state.load_disabled:
        return (
            "kernel.kexec_load_disabled is 1, and stays so until the next boot",
            "find who sets it: grep -r kexec_load_disabled /etc/sysctl.* /usr/lib/sysctl.d; load before that; reboot",
        )
    if limit_of(state, refusal.crash) == 0:
        return (
            f"all loads that kernel.kexec_load_limit_{kind} allowed are used up",
            f"reboot; find who sets it: grep -r kexec_load_limit_{kind} /etc/sysctl.* /usr/lib/sysctl.d",
        )
    if _locked_down(refusal):
        signed = refusal.plan is not None and refusal.plan.image.signed
        found = "its signature is by no key that it trusts" if signed else "it is not signed"
        if refusal.plan is not None and refusal.plan.image.signature_lost:
            found = "the file is signed, but not the kernel inside, which alone is loaded"
        return (
            f"the kernel is locked down ({state.lockdown}) and takes signed kernels alone; {found}",
            "load a kernel that the distribution signed; `mokutil --sb-state` shows Secure Boot",
        )
    if machine.container:
        return f"this runs in a container ({machine.container}), which may not do that", "run it on the host"
    modules = [name for name in machine.security_modules if name in ("selinux", "apparmor", "smack", "tomoyo", "bpf")]
    if modules:
        return (
            f"nothing that kdive can see forbids it; a security module may ({', '.join(modules)})",
            "look for a denial: ausearch -m avc -ts recent, or journalctl -k -g denied",
        )
    return "the kernel forbids it, and nothing that kdive can see says why", "look at `dmesg | tail`"


def _locked_down(refusal: Refusal) -> bool:
    return not isinstance(refusal.state.lockdown, Missing) and refusal.state.lockdown != "none"


def _eacces(refusal: Refusal) -> _Cause:
    if refusal.plan is not None and refusal.plan.image.wrappings:
        return (
            "the machine's IMA policy wants a signature with the file, and the kernel inside of "
            f"{refusal.plan.kernel} has none of its own",
            "give an unwrapped kernel that is signed (security.ima in its extended attributes, or appended)",
        )
    return (
        "the machine's IMA policy or a security module does not accept the file",
        "look at `journalctl -k -g integrity`, and sign the kernel: evmctl ima_sign --key KEY FILE",
    )


def _ebusy(refusal: Refusal) -> _Cause:
    return (
        "another program is loading or unloading a kernel, or CPUs or memory are being plugged",
        "try again; `ps -ef | grep -E 'kexec|kdump'` may show who it is",
    )


def _einval(refusal: Refusal) -> _Cause:
    plan = refusal.plan
    if refusal.crash and refusal.state.crash_size == 0:
        return NOTHING_RESERVED
    if plan is not None and plan.image.cmdline_limit is not None:
        length = len(plan.cmdline.encode("utf-8", "surrogateescape"))
        if length + _ADDED_FOR_CRASH > plan.image.cmdline_limit and refusal.crash:
            return (
                f"the command line is too long: {length} bytes and what the kernel adds for a capture kernel, and the "
                f"image takes {plan.image.cmdline_limit}",
                "leave parameters out: --remove NAME",
            )
    if plan is not None and plan.image.format not in _NATIVE.get(refusal.machine.arch, (plan.image.format,)):
        return f"this kernel does not load a {plan.image.name}", f"give a {_NATIVE[refusal.machine.arch][0]}"
    return (
        "the kernel does not accept the call; the image may be damaged, or of a kind that it does not load",
        "look at `dmesg | tail`, and install the kernel's package again",
    )


_ADDED_FOR_CRASH = 30  # bytes of "elfcorehdr=0x…": arch/x86/kernel/kexec-bzimage64.c
_NATIVE = {"x86_64": ("bzImage",), "aarch64": ("arm64 Image",), "riscv64": ("riscv Image", "vmlinux")}


def _enoexec(refusal: Refusal) -> _Cause:
    name = refusal.plan.image.name if refusal.plan else "image"
    loads = _NATIVE.get(refusal.machine.arch, ("kernel of its own architecture",))[0]
    if refusal.plan and refusal.plan.image.arch == "i686" and refusal.machine.arch == "x86_64":
        return "it is a kernel of 32 bits, and kexec_file_load takes those of 64", "use --method segments"
    return f"this kernel knows no loader for it: it is a {name}", f"give a {loads}"


def _enosys(refusal: Refusal) -> _Cause:
    config = refusal.machine.config
    if isinstance(config, Missing) or config.get("CONFIG_KEXEC_FILE") == "y":
        found = "it was built without, or its architecture has none"
    elif config.get("CONFIG_KEXEC") == "y":
        found = "CONFIG_KEXEC_FILE is not set, CONFIG_KEXEC is"
    else:
        found = "neither CONFIG_KEXEC_FILE nor CONFIG_KEXEC is set"
    return (
        f"this kernel has no kexec_file_load: {found}",
        "use --method segments with kexec-tools installed, or boot a kernel with CONFIG_KEXEC_FILE",
    )


def _signature(what: str) -> Callable[[Refusal], _Cause]:
    def explain(refusal: Refusal) -> _Cause:
        lost = refusal.plan is not None and refusal.plan.image.signature_lost
        inside = "; the file is signed, but not the kernel inside, which alone is loaded" if lost else ""
        keyrings = ", ".join(refusal.machine.keyrings) or "keyctl list %:.builtin_trusted_keys"
        known = not isinstance(refusal.machine.secure_boot, Missing)
        secure_boot = f"; Secure Boot is {'on' if refusal.machine.secure_boot else 'off'}" if known else ""
        return (
            f"{what}{inside}{secure_boot}",
            "load a kernel that the distribution signed, or enrol its key: mokutil --import KEY; "
            f"the keyrings are {keyrings}",
        )

    return explain


def _ekeyrejected(refusal: Refusal) -> _Cause:
    if refusal.machine.secure_boot is False and refusal.state.lockdown == "none":
        return (
            "this kernel cannot check signatures of such images, and wants one",
            "use --method segments with kexec-tools installed: nothing forbids it here",
        )
    return _signature("its signature is revoked, or by a key that may not sign kernels")(refusal)


def _too_big(refusal: Refusal) -> _Cause:
    plan = refusal.plan
    need = plan.image.need + refusal.initrd_bytes if plan else 0
    if refusal.crash:
        if refusal.state.crash_size == 0:
            return NOTHING_RESERVED
        have = refusal.state.crash_size
        reserved = "" if isinstance(have, Missing) else f", and crashkernel= reserves {_mb(have)}"
        return (
            f"kernel and initramfs ({_mb(need)}) find no place{reserved}",
            "reserve more with crashkernel=, or make the initramfs smaller",
        )
    have = refusal.machine.memory
    memory = "" if isinstance(have, Missing) else f" in the {_mb(have)} of this machine"
    return (
        f"kernel and initramfs ({_mb(need)}) find no place{memory}",
        "free memory (echo 3 > /proc/sys/vm/drop_caches; echo 1 > /proc/sys/vm/compact_memory) and try again",
    )


def _enotsup(refusal: Refusal) -> _Cause:
    name = refusal.plan.image.name if refusal.plan else "image"
    return (
        f"the kernel does not load this kind of image, or not with this kind of signature: {name}",
        "use --method segments with kexec-tools installed",
    )


def _efbig(refusal: Refusal) -> _Cause:
    return "kernel or initramfs are larger than the kernel reads", "make the initramfs smaller"


def _etxtbsy(refusal: Refusal) -> _Cause:
    files = [str(path) for path in (refusal.plan.kernel, *refusal.plan.initrds)] if refusal.plan else []
    return "a program has the file open for writing", f"wait until it is written: fuser -v {' '.join(files)}"


def _unknown(refusal: Refusal) -> _Cause:
    return f"the kernel answers: {os.strerror(refusal.error)}", "look at `dmesg | tail`"


def _mb(size: int) -> str:
    return f"{-(-size >> 20)} MB"


_EXPLANATIONS: dict[int, Callable[[Refusal], _Cause]] = {
    errno.EPERM: _eperm,
    errno.EACCES: _eacces,
    errno.EBUSY: _ebusy,
    errno.EINVAL: _einval,
    errno.ENOEXEC: _enoexec,
    errno.ENOSYS: _enosys,
    errno.ENOPKG: _signature("its signature uses a method that this kernel does not know"),
    errno.ENOKEY: _signature("it is signed by a key that this machine does not trust"),
    errno.EKEYREJECTED: _ekeyrejected,
    errno.EBADMSG: _signature("its signature is damaged"),
    errno.ELIBBAD: _signature("its signature cannot be read: the executable is damaged"),
    errno.EMSGSIZE: _signature("its signature is cut short"),
    errno.ENODATA: _signature("it is not signed, and the kernel wants a signature"),
    errno.ENOTSUP: _enotsup,
    errno.EADDRNOTAVAIL: _too_big,
    errno.ENOMEM: _too_big,
    errno.EFBIG: _efbig,
    errno.ETXTBSY: _etxtbsy,
}
