"""The image that the capture kernel boots from is built, and of what is installed and configured now.

It is the capture kernel's only file system until it has mounted the target: collector, libraries and drivers are in it.
After an update of any of them, or a change of the configuration, it must be built again.
"""

from __future__ import annotations

from kdive.facts.missing import Missing
from kdive.kdump.doctor.check import Outcome, Stage, check, fail, ok, skip, warn
from kdive.kdump.doctor.host import Host
from kdive.kdump.doctor.images import image_file, record
from kdive.kdump.image.record import FOLDER, ImageRecord

_REBUILD = "kdive setup --refresh"
_SHOWN = 5


@check(Stage.IMAGE)
def look(host: Host) -> Outcome:
    file = image_file(host)
    if isinstance(file, Missing):
        if host.hidden(str(FOLDER / "x")):
            return skip(f"root alone can see into /{FOLDER}")
        unknown = host.partial or (not host.live and not host.exists("var/lib"))
        return skip("the tree holds no images") if unknown else fail(file.reason, fix="kdive setup")
    status = host.stat(file)
    evidence = f"/{file}: {status.st_size >> 20 if status else 0} MB"
    if not file.startswith("var/lib/kdive/"):
        return ok(f"/{file} was built by another tool, which looks after it", evidence)
    if status is None or not status.st_size:
        return fail(f"/{file} is empty", evidence, fix=_REBUILD)
    built = record(host)
    if isinstance(built, Missing):
        return warn(f"what /{file} was made of is not known: {built.reason}", evidence, fix=_REBUILD)
    if status.st_size != built.size:
        return fail(f"/{file} is not what was built: it should have {built.size} bytes", evidence, fix=_REBUILD)
    changed = _changed(host, built)
    if changed:
        more = f" and {len(changed) - _SHOWN} more" if len(changed) > _SHOWN else ""
        return warn(f"changed since the image was built: {', '.join(changed[:_SHOWN])}{more}", evidence, fix=_REBUILD)
    return ok(f"/{file} is built of what is installed now", evidence)


def mend(host: Host) -> str:
    """Builds it. Raises KdiveError for what the machine lacks."""
    from kdive.kdump.control import rebuild

    return rebuild(lambda _: None, host.root)


def _changed(host: Host, built: ImageRecord) -> list[str]:
    """Files that are not what they were. A saved tree has sizes of those that were saved, and no times."""
    if host.live:
        return built.changed(host.root)
    found = []
    for path, state in built.sources.items():
        status = host.stat(path)
        if status is not None and state.split(" ")[0] != str(status.st_size):
            found.append(path)
    return found
