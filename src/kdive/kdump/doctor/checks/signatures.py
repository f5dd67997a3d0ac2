"""Where the kernel asks for signed kernels, the capture kernel is signed.

Under lockdown, which Secure Boot switches on in most distributions, the kernel loads a capture kernel only when it is
signed by a key that it trusts. A kernel that was built on the machine, or unwrapped from a signed image, is refused.
"""

from __future__ import annotations

from kdive.errors import KdiveError
from kdive.facts.missing import Missing
from kdive.kdump.doctor.check import Outcome, Stage, check, fail, ok, skip
from kdive.kdump.doctor.host import Host
from kdive.kdump.doctor.images import kernel_file
from kdive.kexec.files import read_image
from kdive.kexec.machine import read_machine
from kdive.kexec.state import read_state


@check(Stage.KERNEL, needs=("kernel-image",))
def look(host: Host) -> Outcome:
    lockdown = read_state(host.root).lockdown
    if isinstance(lockdown, Missing):
        return skip(lockdown.reason)
    machine = read_machine(host.root)
    evidence = [f"/sys/kernel/security/lockdown: {lockdown}"]
    if not isinstance(machine.secure_boot, Missing):
        evidence.append(f"Secure Boot is {'on' if machine.secure_boot else 'off'}")
    if lockdown == "none":
        return ok("the kernel loads unsigned kernels too", *evidence)
    file = kernel_file(host)
    if isinstance(file, Missing):
        return skip(file.reason)
    try:
        image = read_image(host.path(file))
    except KdiveError as error:
        return skip(error.message)
    if image.signed:
        keyrings = f"keyrings: {', '.join(machine.keyrings)}" if machine.keyrings else ""
        return ok(f"/{file} is signed", *evidence, *filter(None, [keyrings]))
    found = "is signed, but not the kernel inside, which alone is loaded" if image.signature_lost else "is not signed"
    return fail(
        f"the kernel is locked down ({lockdown}) and takes signed kernels alone; /{file} {found}",
        *evidence,
        fix="boot a kernel that the distribution signed; `mokutil --sb-state` shows Secure Boot",
    )
