"""The configuration can be read, and says nothing that is not understood.

What is misspelt would otherwise be found by the capture kernel, which can ask nobody.
"""

from __future__ import annotations

from kdive.errors import KdiveError
from kdive.kdump.doctor.check import Outcome, Stage, check, fail, ok
from kdive.kdump.doctor.host import Host
from kdive.kdump.doctor.settings import configuration


@check(Stage.IMAGE)
def look(host: Host) -> Outcome:
    try:
        config = configuration(host)
    except KdiveError as error:
        return fail(error.message, fix=error.hint)
    return ok(f"dumps go to {config.path}", f"core_collector {config.core_collector}")
