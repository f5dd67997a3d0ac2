"""Where dumps go onto an encrypted disk, the capture kernel gets its key.

A passphrase cannot be typed at a crash, and Argon2 wants more memory than a capture kernel has. Kernels since 6.16 hand
volume keys over (x86-64); otherwise dumps need a disk that is not encrypted, or another machine.
"""

from __future__ import annotations

from kdive.errors import KdiveError
from kdive.facts.missing import Missing
from kdive.kdump.doctor.check import Outcome, Stage, check, fail, ok, skip
from kdive.kdump.doctor.host import Host
from kdive.kdump.doctor.settings import landing
from kdive.kdump.image.device_chain import block_chain

_KEYS = "sys/kernel/config/crash_dm_crypt_keys"


@check(Stage.TARGET, needs=("target-local",))
def look(host: Host) -> Outcome:
    where = landing(host)
    if isinstance(where, Missing):
        return skip(where.reason)
    if not where.number:
        return skip(f"{where.mount.device} is no block device")
    try:
        chain = block_chain(where.number, host.root)
    except KdiveError as error:
        return skip(error.message)
    devices = f"/sys: {where.mount.folder} lies on {', '.join(chain.devices)}"
    if "cryptsetup" not in chain.programs:
        return ok("dumps do not go onto an encrypted disk", devices)
    fix = "set a target in /etc/kdump.conf that is not encrypted, or another machine: ssh, nfs"
    if not host.exists(_KEYS):
        return fail("dumps go onto an encrypted disk, and this kernel hands no keys over", devices, fix=fix)
    count = host.number(f"{_KEYS}/count")
    if not count:
        return fail(
            "dumps go onto an encrypted disk, and no key of it is kept for the capture kernel",
            devices,
            f"/{_KEYS}/count: {count if isinstance(count, int) else count.reason}",
            fix="link the volume key into a keyring (crypttab: link-volume-key=), then kdive setup --refresh; or "
            + fix,
        )
    return ok("the key of the encrypted disk is kept for the capture kernel", devices, f"/{_KEYS}/count: {count}")
