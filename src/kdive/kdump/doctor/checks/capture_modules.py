"""The image has the drivers of what lies between the capture kernel and the disk of its dumps.

File system, volume manager, controller and bus each need their module. A disk that was moved to another controller, or
a file system that was converted, is found by the running system; the image only has what it was built with.
"""

from __future__ import annotations

from kdive.errors import KdiveError
from kdive.facts.missing import Missing
from kdive.kdump.config import LocalTarget, RawTarget
from kdive.kdump.doctor.check import Outcome, Stage, check, fail, ok, skip
from kdive.kdump.doctor.host import Host
from kdive.kdump.doctor.images import record
from kdive.kdump.doctor.settings import configuration
from kdive.kdump.image.modules import read_index
from kdive.kdump.image.target_needs import chain_of, disk_of


@check(Stage.TARGET, needs=("capture-image", "target-local"))
def look(host: Host) -> Outcome:
    built = record(host)
    if isinstance(built, Missing):
        return skip(built.reason)
    config = configuration(host)
    if not isinstance(config.target, LocalTarget | RawTarget):
        return skip("dumps do not go to a disk of this machine")
    try:
        chain = chain_of(disk_of(config.target, config.path, host.root), host.root)
        index = read_index(host.root / "lib/modules" / built.release)
    except KdiveError as error:
        return skip(error.message)
    except OSError as error:
        return skip(f"{error.filename}: {error.strerror}")
    wanted = index.closure(chain.modules)
    lacking = [name for name in wanted.paths if name not in built.modules]
    evidence = f"/sys: {' on '.join(chain.devices)}; modules {', '.join(wanted.paths) or 'all built in'}"
    if lacking:
        return fail(f"the image lacks {', '.join(lacking)}", evidence, fix="kdive setup --refresh")
    return ok("the image has all modules of the way to the disk", evidence)


def mend(host: Host) -> str:
    """Builds the image. Raises KdiveError for what the machine lacks."""
    from kdive.kdump.control import rebuild

    return rebuild(lambda _: None, host.root)
