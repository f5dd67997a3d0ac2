"""The dumps that there are have been looked at, and are whole.

A dump that is cut short says that the next one will be too: the disk was full, the capture kernel ran out of memory, a
deadline passed. What pstore holds is of crashes that came without a dump.
"""

from __future__ import annotations

from kdive.errors import KdiveError
from kdive.facts.missing import Missing
from kdive.kdump import places
from kdive.kdump.doctor.check import Outcome, Stage, check, ok, skip, warn
from kdive.kdump.doctor.host import Host
from kdive.kdump.doctor.settings import configuration
from kdive.kdump.dumps import dumps_in

_PSTORE = ("sys/fs/pstore/dmesg-*", "var/lib/systemd/pstore/*/dmesg-*")
_SHOWN = 3


@check(Stage.PROOF)
def look(host: Host) -> Outcome:
    try:
        dumps = dumps_in(places.dump_folders(configuration(host), host.root))
    except KdiveError as error:
        return skip(error.message)
    if host.partial:
        return skip(
            f"a sosreport holds no dumps; logs of {len(dumps)} crashes", *(dump.folder for dump in dumps[:_SHOWN])
        )
    if dumps and not dumps[0].complete:
        return warn(
            f"the last dump is not whole: {dumps[0].problem}",
            *(f"{dump.folder}: {dump.problem}" for dump in dumps[:_SHOWN] if not dump.complete),
            fix=f"kdive report {dumps[0].folder} says what there is; {_log(dumps[0].log)} may say why",
        )
    unread = [dump.folder for dump in dumps if not dump.reported]
    if unread:
        return warn(f"{len(unread)} dumps were never reported on", *unread[:_SHOWN], fix="kdive after")
    left = [name for pattern in _PSTORE for name in host.glob(pattern)]
    if left and not dumps:
        return warn(
            "the firmware keeps the log of a crash that left no dump",
            *(f"/{name}" for name in left[:_SHOWN]),
            fix=f"kdive report /{left[0]}",
        )
    return ok(f"{len(dumps)} dumps, the last one whole" if dumps else "no dumps", *(dump.folder for dump in dumps[:1]))


def _log(log: str | Missing) -> str:
    return "kexec-dmesg.log" if isinstance(log, Missing) else f"kexec-dmesg.log beside {log}"
