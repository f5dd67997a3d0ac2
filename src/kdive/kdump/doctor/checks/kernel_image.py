"""The kernel's file is there, whole, and of a kind that this machine loads.

The capture kernel is the running kernel's own file, started a second time. Where a package was removed, /boot is not
mounted, or the file is cut short, there is nothing to start.
"""

from __future__ import annotations

from kdive.errors import KdiveError
from kdive.facts.missing import Missing
from kdive.kdump.doctor.check import Outcome, Stage, check, fail, ok, skip, warn
from kdive.kdump.doctor.host import Host
from kdive.kdump.doctor.images import kernel_file
from kdive.kexec.files import read_image


@check(Stage.KERNEL)
def look(host: Host) -> Outcome:
    file = kernel_file(host)
    if isinstance(file, Missing):
        if not host.live and not host.glob("boot/vmlinu*"):
            return skip("the tree holds no kernels")
        return fail(
            file.reason, fix="mount /boot, or install the package of the running kernel again; or boot the newest one"
        )
    if host.hidden(file):
        return skip(f"root alone can read /{file}")
    try:
        image = read_image(host.path(file))
    except KdiveError as error:
        return fail(f"/{file} is no kernel that can be loaded: {error.message}", fix=error.hint)
    evidence = f"/{file}: {image.name}, {image.version or 'of a version that it does not say'}"
    if isinstance(host.arch, str) and image.arch and image.arch != host.arch:
        return fail(
            f"/{file} is a kernel for {image.arch}, this machine is {host.arch}",
            evidence,
            fix="install a kernel of this machine's architecture",
        )
    if isinstance(host.release, str) and image.version and image.version != host.release:
        return warn(
            f"/{file} is {image.version}, and {host.release} runs: drivers of the image may not fit it",
            evidence,
            fix="reboot into the newer kernel; kdive setup then builds its image",
        )
    return ok(f"/{file} is a {image.name}", evidence)
