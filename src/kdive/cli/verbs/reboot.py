"""Reboot into an installed kernel, without the firmware.

  kdive reboot --dry-run
  kdive reboot --kernel 6.12

The kernel is the one that the boot loader would start, or the newest whose version is or begins with VERSION; its
initramfs and command line come from the boot loader's entry (GRUB, systemd-boot, a unified kernel image), else from
/boot and the kernel that runs. systemd stops all services first, where it runs; elsewhere disks are synchronised and
mounted read-only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from kdive.cli.terminal import Terminal
from kdive.errors import EXIT_OK
from kdive.options import Opt

if TYPE_CHECKING:
    from kdive.kexec.boot.entry import BootEntry
    from kdive.kexec.plan import LoadPlan


@dataclass(frozen=True)
class Options:
    kernel: Annotated[str, Opt("VERSION", "as `uname -r` prints it, or its beginning", short="k")] = ""
    append: Annotated[tuple[str, ...], Opt("TEXT", "add to the command line; may be repeated")] = ()
    remove: Annotated[tuple[str, ...], Opt("NAME", "leave out NAME or NAME=VALUE; may be repeated")] = ()
    without_initrd: Annotated[bool, Opt(help="load no initramfs")] = False
    now: Annotated[bool, Opt(help="stop no services")] = False
    list: Annotated[bool, Opt(help="list the installed kernels, and do nothing")] = False
    dry_run: Annotated[bool, Opt(help="only say what would be done", short="n")] = False


def run(options: Options, terminal: Terminal) -> int:
    """Loads and starts it; comes back only where systemd does the rest."""
    from kdive.kexec import guards, start
    from kdive.kexec.boot import find
    from kdive.kexec.calls import SystemCalls
    from kdive.kexec.load import Host, load, prepare, running_cmdline
    from kdive.kexec.machine import read_machine
    from kdive.kexec.reboot import Changes, make_request

    host = Host(SystemCalls())
    known = find.entries(host.root)
    if options.list:
        terminal.write("\n".join(_line(entry) for entry in known) or "no installed kernel is found")
        return EXIT_OK
    entry = find.choose(known, options.kernel)
    changes = Changes(options.append, options.remove, options.without_initrd)
    plan = prepare(make_request(entry, running_cmdline(host), changes), host)
    by_systemd = read_machine(host.root).systemd and not options.now
    for note in (*plan.notes, *guards.warnings(host.root)):
        terminal.note(note)
    terminal.write(_text(entry, plan, by_systemd))
    if options.dry_run:
        return EXIT_OK
    terminal.flush()
    load(plan, host)
    if by_systemd:
        start.by_systemd()
    else:
        start.at_once(host)
    return EXIT_OK


def _line(entry: BootEntry) -> str:
    return f"{'*' if entry.default else ' '} {entry.version:<32} {entry.source:<6} {entry.title}"


def _text(entry: BootEntry, plan: LoadPlan, by_systemd: bool) -> str:
    ends = "systemd stops all services" if by_systemd else "disks are synchronised and mounted read-only"
    initrds = ["the image's own"] if plan.image.initrd else []
    initrds += [str(path) for path in plan.initrds]
    return "\n".join(
        (
            f"{entry.title} ({entry.source}, {entry.file})",
            f"  kernel     {plan.kernel} ({plan.image.name} {plan.image.version})",
            f"  initramfs  {', '.join(initrds) or 'none'}",
            f"  cmdline    {plan.cmdline}",
            f"  before     {ends}",
        )
    )
