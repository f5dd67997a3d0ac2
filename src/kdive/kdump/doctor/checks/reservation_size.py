"""What is reserved is enough for kernel, image and collector.

The capture kernel has that memory and no other: kernel and image are in it, then the image's unpacked files, then what
the collector takes. Too little shows as a crash within the crash, and no dump.
"""

from __future__ import annotations

from kdive.errors import KdiveError
from kdive.facts.missing import Missing
from kdive.kdump.doctor.check import Outcome, Stage, check, fail, ok, skip, warn
from kdive.kdump.doctor.host import Host
from kdive.kdump.doctor.images import kernel_file, record
from kdive.kdump.setup import PYTHON_NEEDS
from kdive.kexec.files import read_image
from kdive.kexec.state import read_state

_MORE = "kdive estimate names a size that fits; kdive setup writes it; then reboot"


@check(Stage.IMAGE, needs=("memory-reserved", "capture-image"))
def look(host: Host) -> Outcome:
    size, built, file = read_state(host.root).crash_size, record(host), kernel_file(host)
    for part in (size, built, file):
        if isinstance(part, Missing):
            return skip(part.reason)
    assert not isinstance(size, Missing) and not isinstance(built, Missing) and not isinstance(file, Missing)
    try:
        kernel = read_image(host.path(file)).need
    except KdiveError as error:
        return skip(error.message)
    evidence = (
        f"/sys/kernel/kexec_crash_size: {size >> 20} MB",
        f"/{file}: {kernel >> 20} MB; image {built.size >> 20} MB, unpacked {built.unpacked >> 20} MB",
    )
    if kernel + built.size + built.unpacked > size:
        return fail("kernel and image do not fit into what is reserved", *evidence, fix=_MORE)
    if not built.python:
        return warn(
            f"less than {PYTHON_NEEDS >> 20} MB are reserved: the shell collector copies memory as it is, unfiltered",
            *evidence,
            fix=_MORE,
        )
    return ok(f"kernel and image leave {size - kernel - built.size - built.unpacked >> 20} MB", *evidence)
