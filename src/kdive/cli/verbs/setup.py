"""Set this machine up to capture its own crashes.

  kdive setup --dry-run              the differences it would make, and nothing else
  kdive setup --triggers advised     an oops becomes a crash, and a machine whose capture fails starts anew

Builds the image that the capture kernel runs from, writes systemd's units and the hooks that keep it current, stops
other tools that would load a capture kernel of their own, and loads it where memory is reserved already. What was there
before is kept: kdive teardown puts it back. A second run changes only what is not as it should be.
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from kdive.cli.terminal import Terminal
from kdive.errors import EXIT_OK, KdiveError
from kdive.options import Opt

if TYPE_CHECKING:
    from kdive.kdump.setup import SetupPlan, SetupRequest
    from kdive.kdump.triggers import Trigger

_SMALLEST = "192M"  # enough on a machine of 1 GB, which no distribution's table has
_TRIGGERS = ("keep", "advised", "all")


@dataclass(frozen=True)
class Options:
    dry_run: Annotated[bool, Opt(help="only show what would be changed", short="n", exclusive="what")] = False
    refresh: Annotated[bool, Opt(help="only build the image where it is stale, and load it", exclusive="what")] = False
    image: Annotated[str, Opt("RELEASE", "only build the image for this kernel", exclusive="what")] = ""
    triggers: Annotated[str, Opt("WHICH", "troubles that become a crash: keep, advised, all", _TRIGGERS)] = "keep"
    root: Annotated[Path, Opt("DIR", "plan for the machine whose files lie there", folder=True)] = Path("/")


def run(options: Options, terminal: Terminal) -> int:
    """Sets up, or shows how."""
    from kdive.kdump.config_files.find import find_config
    from kdive.kdump.setup import SetupRequest, alone, carry_out, plan_setup

    if options.root != Path("/") and not options.dry_run:
        raise KdiveError(
            "--root is for planning alone", hint="add --dry-run, or run kdive setup on that machine itself"
        )
    release = os.uname().release
    found = find_config(options.root)
    if options.dry_run:
        plan = plan_setup(_request(release, options), found, options.root)
        terminal.write(_differences(plan, options.root))
        return EXIT_OK
    _must_be_root()
    with alone():
        if options.refresh or options.image:
            return _refresh(options, release, terminal)
        request = SetupRequest(_program(), release, _triggers(options.triggers))
        plan = plan_setup(request, found)
        for note in plan.notes:
            terminal.note(note)
        carry_out(plan, request, terminal.note)
        for change in plan.changes:
            terminal.write(f"written   {change.path}")
        for name in plan.services.disable:
            terminal.write(f"disabled  {name}, which would load a capture kernel of its own")
        for name in plan.services.enable:
            terminal.write(f"enabled   {name}")
        return _load(release, terminal)


def _request(release: str, options: Options) -> SetupRequest:
    from kdive.kdump.setup import SetupRequest

    if options.root != Path("/"):
        installed = sorted(path.name for path in (options.root / "lib/modules").glob("*") if path.is_dir())
        if not installed:
            raise KdiveError(f"{options.root}/lib/modules: no kernel is installed", hint="is it the root of a machine?")
        release = release if release in installed else installed[-1]
    return SetupRequest(_program(), release, _triggers(options.triggers))


def _refresh(options: Options, release: str, terminal: Terminal) -> int:
    from kdive.kdump.places import configured
    from kdive.kdump.setup import refresh

    refresh(configured(), (options.image or release,), terminal.note)
    if options.image and options.image != release:
        return EXIT_OK
    return _load(release, terminal)


def _load(release: str, terminal: Terminal) -> int:
    """Loads, and says how it stands."""
    from kdive.facts.missing import Missing
    from kdive.kdump.image.record import image_path, read_record
    from kdive.kdump.setup import load_if_reserved
    from kdive.kexec.calls import SystemCalls
    from kdive.kexec.load import Host

    record = read_record(release)
    if not isinstance(record, Missing):
        kind = "Python and the shell" if record.python else "the shell alone: too little memory is reserved for Python"
        terminal.write(f"image     {image_path(release)}, {record.size >> 20} MB, {kind}")
    loaded = load_if_reserved(release, Host(SystemCalls()))
    if loaded is None:
        terminal.write("reboot    needed: no memory is reserved for the capture kernel yet")
        terminal.note(f"the kernel's command line must have {_crashkernel()}: kdive estimate shows why")
        return EXIT_OK
    for note in loaded.notes:
        terminal.note(note)
    terminal.write(f"loaded    {loaded.kernel}\nready     a crash of this machine is captured from now on")
    return EXIT_OK


def _crashkernel() -> str:
    from kdive.facts.missing import Missing
    from kdive.formats.machines import of_utsname
    from kdive.kdump.reservation import choose, ram_of

    ram = ram_of()
    advised = "" if isinstance(ram, Missing) else choose(ram, of_utsname(os.uname().machine))
    return f"crashkernel={advised or _SMALLEST}"


def _differences(plan: SetupPlan, root: Path) -> str:
    from kdive.kdump.setup_files import diff

    parts = [diff(change, root) for change in plan.changes]
    parts += [f"would disable {name}" for name in plan.services.disable]
    parts += [f"would enable {name}" for name in plan.services.enable]
    if plan.stale:
        parts.append(f"would build the capture image for {plan.image.release}: {plan.stale}")
        parts.append(f"  modules: {', '.join(plan.image.modules) or 'all that it needs are built in'}")
    return "\n".join([*(parts or ["nothing is to be changed"]), *(f"note: {note}" for note in plan.notes)])


def _triggers(which: str) -> tuple[Trigger, ...]:
    from kdive.kdump.triggers import TRIGGERS

    if which == "keep":
        return ()
    return tuple(one for one in TRIGGERS if one.advised or which == "all")


def _must_be_root() -> None:
    if os.geteuid() != 0:
        raise KdiveError("only root can set this machine up", hint="sudo kdive setup; --dry-run shows what it does")


def _program() -> str:
    """The command by which units and hooks start this kdive."""
    return shutil.which("kdive") or f"{sys.executable} -m kdive"
