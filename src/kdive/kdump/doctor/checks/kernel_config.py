"""The running kernel can load a capture kernel, and the capture kernel can hand out the dump.

CONFIG_KEXEC_FILE (or CONFIG_KEXEC) loads it, CONFIG_CRASH_DUMP reserves its memory, CONFIG_PROC_VMCORE shows it the
memory of the crashed kernel. A kernel without them cannot be helped by any setting.
"""

from __future__ import annotations

import re
import zlib

from kdive.facts.missing import Missing
from kdive.kdump.doctor.check import Outcome, Stage, check, fail, ok, skip, warn
from kdive.kdump.doctor.host import Host

_LINE = re.compile(r"^(CONFIG_\w+)=(\S+)$", re.MULTILINE)
_LIMIT = 4 << 20  # bytes of a configuration, unpacked


@check(Stage.KERNEL)
def look(host: Host) -> Outcome:
    release = host.release
    if isinstance(release, Missing):
        return skip(release.reason)
    found = read_config(host, release)
    if isinstance(found, Missing):
        return skip(found.reason)
    where, config = found
    lacks = [name for name in ("CONFIG_CRASH_DUMP", "CONFIG_PROC_VMCORE") if config.get(name) != "y"]
    if "y" not in (config.get("CONFIG_KEXEC"), config.get("CONFIG_KEXEC_FILE")):
        lacks.append("CONFIG_KEXEC_FILE")
    if lacks:
        return fail(
            f"this kernel cannot capture a crash: it was built without {', '.join(lacks)}",
            f"{where}: " + ", ".join(f"{name} is not set" for name in lacks),
            fix="boot a kernel of your distribution: all of them have it",
        )
    evidence = f"{where}: " + ", ".join(name for name in _WANTED if config.get(name) == "y")
    if "CONFIG_KEXEC_FILE" not in config:
        return warn(
            "this kernel has no kexec_file_load: kexec(8) must load the capture kernel, and cannot under Secure Boot",
            evidence,
            fix="apt-get install kexec-tools (dnf install kexec-tools), or boot a kernel with CONFIG_KEXEC_FILE",
        )
    return ok("the kernel has all that capturing a crash needs", evidence)


_WANTED = ("CONFIG_KEXEC", "CONFIG_KEXEC_FILE", "CONFIG_CRASH_DUMP", "CONFIG_PROC_VMCORE")


def read_config(host: Host, release: str) -> tuple[str, dict[str, str]] | Missing:
    """Where the kernel's configuration lies, and what it sets."""
    for name in (f"boot/config-{release}", f"lib/modules/{release}/config", f"usr/lib/modules/{release}/config"):
        text = host.text(name)
        if isinstance(text, str) and text:
            return f"/{name}", dict(_LINE.findall(text))
    packed = host.data("proc/config.gz")
    if isinstance(packed, Missing):
        return Missing(f"there is neither /boot/config-{release} nor /proc/config.gz")
    try:
        text = zlib.decompressobj(wbits=31).decompress(packed, _LIMIT).decode("utf-8", "replace")
    except zlib.error as error:
        return Missing(f"/proc/config.gz: {error}")
    return "/proc/config.gz", dict(_LINE.findall(text))
