"""Why the kernel refuses an image: each error number told apart by what is known of the machine."""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path

import pytest

from kdive.kexec.calls import FileFlag
from kdive.kexec.explain import Refusal, refused, refused_start, refused_unload, tool_failed
from kdive.kexec.image import Image
from kdive.kexec.machine import Machine
from kdive.kexec.plan import LoadPlan, Method
from kdive.kexec.state import State
from tests.kexec.fake import machine, state

IMAGE = Image("bzImage", "x86_64", b"k" * (8 << 20), cmdline_limit=2047, memory=40 << 20)


def refusal(
    error: int,
    *,
    crash: bool = True,
    known: State | None = None,
    on: Machine | None = None,
    image: Image = IMAGE,
    cmdline: str = "ro",
    initrd_bytes: int = 20 << 20,
    log: tuple[str, ...] = (),
) -> Refusal:
    plan = LoadPlan(Path("/boot/vmlinuz"), image, (), cmdline, crash, FileFlag(0), Method.AUTO)
    return Refusal(error, crash, known or state(), on or machine(), plan, initrd_bytes, log)


SIGNED_OUTSIDE = replace(IMAGE, signature_lost=True, wrappings=("UKI",))
CASES = [
    (refusal(errno.EPERM, on=machine(may_boot=False)), "root alone", "sudo"),
    (refusal(errno.EPERM, on=machine(may_boot=False, container="docker")), "in a container (docker)", "on the host"),
    (refusal(errno.EPERM, known=state(disabled=True)), "kernel.kexec_load_disabled is 1", "reboot"),
    (refusal(errno.EPERM, known=state(limit=0)), "kernel.kexec_load_limit_panic allowed are used up", "reboot"),
    (refusal(errno.EPERM, known=state(lockdown="integrity")), "locked down (integrity)", "distribution signed"),
    (refusal(errno.EPERM, known=state(lockdown="integrity"), image=replace(IMAGE, signed=True)), "no key", "mokutil"),
    (refusal(errno.EPERM, known=state(lockdown="integrity"), image=SIGNED_OUTSIDE), "not the kernel inside", "signed"),
    (refusal(errno.EPERM, on=machine(modules=("lockdown", "selinux"))), "(selinux)", "ausearch"),
    (refusal(errno.EPERM), "nothing that kdive can see", "dmesg"),
    (refusal(errno.EACCES), "IMA policy", "evmctl ima_sign"),
    (refusal(errno.EACCES, image=SIGNED_OUTSIDE), "has none of its own", "unwrapped"),
    (refusal(errno.EBUSY), "another program", "try again"),
    (refusal(errno.EINVAL, cmdline="x" * 2030), "the command line is too long: 2030", "--remove"),
    (refusal(errno.EINVAL, known=state(crash_size=0)), "no memory is reserved", "crashkernel=256M"),
    (refusal(errno.EINVAL, image=replace(IMAGE, format="vmlinux")), "does not load a vmlinux", "give a bzImage"),
    (refusal(errno.EINVAL), "does not accept the call", "dmesg"),
    (refusal(errno.ENOEXEC), "no loader for it: it is a bzImage", "bzImage"),
    (refusal(errno.ENOEXEC, image=replace(IMAGE, arch="i686")), "of 32 bits", "--method segments"),
    (refusal(errno.ENOSYS, on=machine(config={"CONFIG_KEXEC": "y"})), "CONFIG_KEXEC is", "kexec-tools"),
    (refusal(errno.ENOSYS, on=machine(config={})), "neither CONFIG_KEXEC_FILE nor", "kexec-tools"),
    (refusal(errno.ENOKEY), "a key that this machine does not trust", ".builtin_trusted_keys"),
    (refusal(errno.ENOKEY, on=machine(secure_boot=True)), "Secure Boot is on", "mokutil --import"),
    (refusal(errno.EKEYREJECTED, on=machine(secure_boot=False)), "cannot check signatures", "--method segments"),
    (refusal(errno.EKEYREJECTED, on=machine(secure_boot=True)), "revoked", "mokutil"),
    (refusal(errno.ENODATA, image=SIGNED_OUTSIDE), "not the kernel inside", "distribution"),
    (refusal(errno.ENOPKG), "a method that this kernel does not know", "distribution"),
    (refusal(errno.EBADMSG), "signature is damaged", "distribution"),
    (refusal(errno.ELIBBAD), "executable is damaged", "distribution"),
    (refusal(errno.EMSGSIZE), "cut short", "distribution"),
    (refusal(errno.ENOTSUP), "kind of image", "--method segments"),
    (refusal(errno.EADDRNOTAVAIL), "(60 MB) find no place, and crashkernel= reserves 256 MB", "crashkernel="),
    (refusal(errno.ENOMEM, crash=False), "in the 4096 MB of this machine", "compact_memory"),
    (refusal(errno.EFBIG), "larger than the kernel reads", "smaller"),
    (refusal(errno.ETXTBSY), "open for writing", "fuser -v /boot/vmlinuz"),
    (refusal(errno.EIO), "Input/output error", "dmesg"),
]


@pytest.mark.parametrize(("case", "message", "hint"), CASES)
def test_the_cause_is_told_by_the_evidence_with_what_to_do(case: Refusal, message: str, hint: str) -> None:
    error = refused(case)
    assert error.message.startswith("/boot/vmlinuz is not loaded: ")
    assert errno.errorcode[case.error] in error.message
    assert message in error.message
    assert hint in error.hint


def test_what_the_kernel_logged_is_evidence() -> None:
    said = refused(refusal(errno.EPERM, log=("Lockdown: kexec: kexec of unsigned images is restricted",)))
    assert 'the kernel logged: "Lockdown: kexec: kexec of unsigned images is restricted"' in said.message


def test_an_unload_that_is_refused_says_which() -> None:
    error = refused_unload(Refusal(errno.EPERM, True, state(), machine(may_boot=False)))
    assert (
        error.message == "the capture kernel is not unloaded: root alone may do that (capability CAP_SYS_BOOT) (EPERM)"
    )


def test_a_start_with_nothing_loaded_says_how_to_load() -> None:
    error = refused_start(errno.EINVAL, state(), machine())
    assert "no kernel is loaded" in error.message
    assert "kdive kexec load" in error.hint


def test_what_kexec_8_says_is_passed_on() -> None:
    said = tool_failed(refusal(0), "Cannot load /boot/vmlinuz")
    assert said.message == "/boot/vmlinuz is not loaded: kexec(8) says: Cannot load /boot/vmlinuz"
    assert "lockdown" in tool_failed(refusal(0, known=state(lockdown="integrity")), "Cannot load").hint
