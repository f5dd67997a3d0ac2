"""The configuration can be read, and says nothing that is not understood.

What is misspelt would otherwise be found by the capture kernel, which can ask nobody.
"""

from __future__ import annotations

from kdive.errors import KdiveError
from kdive.kdump.config_files.find import find_config
from kdive.kdump.doctor.check import Outcome, Stage, check, fail, ok
from kdive.kdump.doctor.host import Host


@check(Stage.IMAGE)
def look(host: Host) -> Outcome:
    try:
        found = find_config(host.root)
    except KdiveError as error:
        return fail(error.message, fix=error.hint)
    source = found.source or "no file: what is usual holds"
    return ok(f"dumps go to {found.config.path}", source, f"core_collector {found.config.core_collector}", *found.notes)
