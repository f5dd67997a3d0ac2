"""The capture image that a configuration asks for on this machine, and whether the one that is there is it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

from kdive.errors import KdiveError
from kdive.facts.missing import Missing
from kdive.kdump.collector.attempt import PRE_FOLDER
from kdive.kdump.collector.collect import EMERGENCY_FOLDER, POST_FOLDER
from kdive.kdump.config import KdumpConfig, LocalTarget, RawTarget
from kdive.kdump.image.capture_texts import capture_texts
from kdive.kdump.image.device_chain import Chain, watchdogs
from kdive.kdump.image.plan import ImagePlan, ImageRequest, plan_image
from kdive.kdump.image.record import image_path, read_record, states
from kdive.kdump.image.remote_needs import remote_needs
from kdive.kdump.image.target_needs import chain_of, disk_of, is_remote, module_of, targets_of
from kdive.kdump.image.write import made_here

# Libraries that compress in the way that core_collector asks for: makedumpfile(8).
_PACKAGES = {"-c": ("cramjam",), "-l": ("lzallright",), "-p": ("cramjam",)}
_ALWAYS = ("numpy", "zstandard")
_TIME_ZONE = "/etc/localtime"
_HERE = "127.0.0.1"
_HOOK_FOLDERS = (PRE_FOLDER, POST_FOLDER, EMERGENCY_FOLDER)


@dataclass(frozen=True)
class Targets:
    """What the targets need together."""

    chain: Chain
    required: tuple[str, ...]
    notes: tuple[str, ...]


def plan_for(config: KdumpConfig, release: str, python: bool, root: Path) -> ImagePlan:
    """The image for `config`. Raises KdiveError for what the machine lacks."""
    targets, remote = _targets(config, root), remote_needs(config, root)
    hooks = [path for path in (config.kdump_pre, config.kdump_post, config.kdump_emergency) if path]
    for folder in _HOOK_FOLDERS:
        hooks += [f"/{folder}/{path.name}" for path in sorted((root / folder).glob("*")) if path.is_file()]
    request = ImageRequest(
        release=release,
        modules=(*targets.chain.modules, *remote.modules, *watchdogs(root).modules, *config.extra_modules),
        required=(*targets.required, *remote.required),
        programs=(*targets.chain.programs, *remote.programs, *hooks, *config.extra_bins),
        texts={
            "collector.sh": (files(__package__) / "data" / "collector.sh").read_text(),
            **capture_texts(config, release, remote.address or _HERE, root),
            **remote.texts,
        },
        copies=(*remote.copies, *((_TIME_ZONE,) if (root / _TIME_ZONE.lstrip("/")).exists() else ())),
        packages=(*_ALWAYS, *_compressors(config.core_collector)),
        tls=remote.tls,
        python=python,
    )
    plan = plan_image(request, root)
    return replace(plan, notes=(*plan.notes, *targets.notes, *remote.notes))


def stale(plan: ImagePlan, root: Path) -> str:
    """Why the image that is there is not that of `plan`; "" where it is."""
    record = read_record(plan.release, root)
    if not image_path(plan.release, root).exists():
        return "there is none yet"
    if isinstance(record, Missing):
        return record.reason
    wanted = states((*plan.outer, *plan.inner))
    different = [path for path in {**wanted, **record.sources} if wanted.get(path) != record.sources.get(path)]
    if different:
        others = f", and {len(different) - 1} other files" if len(different) > 1 else ""
        return f"{different[0]} has changed{others}"
    return "" if record.content == made_here(plan.outer) else "what it has to do has changed"


def _targets(config: KdumpConfig, root: Path) -> Targets:
    """Of the first target everything must be there; of those that follow what is."""
    chain, required, notes = Chain(), [], []
    for number, target in enumerate(targets_of(config)):
        if is_remote(target):
            continue
        assert isinstance(target, LocalTarget | RawTarget)
        try:
            disk = disk_of(target, config.path, root)
            found = chain_of(disk, root)
        except KdiveError as error:
            if number == 0:
                raise
            notes.append(f"{error.message}: it cannot be fallen back on")
            continue
        chain.modules.update(found.modules)
        chain.programs.update(found.programs)
        if number == 0 and disk.fstype:
            required.append(module_of(disk.fstype))
    return Targets(chain, tuple(required), tuple(notes))


def _compressors(core_collector: str) -> tuple[str, ...]:
    try:
        words = shlex.split(core_collector)
    except ValueError:
        return ()
    return tuple(name for word in words for name in _PACKAGES.get(word, ()))
