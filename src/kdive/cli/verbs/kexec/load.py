"""Load a kernel: for the next reboot, or for a crash.

  kdive kexec load /boot/vmlinuz-6.1.0-18-amd64 -i /boot/initrd.img-6.1.0-18-amd64
  kdive kexec load --panic /boot/vmlinuz-6.1.0-18-amd64 -i /var/lib/kdump/initrd --append "nr_cpus=1 reset_devices"

KERNEL is a vmlinuz (bzImage), an arm64 Image, either of them compressed, one that unpacks itself under EFI (zboot), or
a unified kernel image, whose initramfs and command line are used. Without --cmdline the kernel gets the command line
that the image brings, else that of the kernel that runs, without what belongs to that one alone.

When loading a capture kernel fails, the one that was loaded before is loaded again.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from kdive.cli.terminal import Terminal
from kdive.errors import EXIT_OK
from kdive.options import Arg, Opt

if TYPE_CHECKING:
    from kdive.kexec.plan import LoadPlan, Request

_METHODS = ("auto", "file", "segments")


@dataclass(frozen=True)
class Options:
    kernel: Annotated[Path, Arg("KERNEL", "the kernel's file")]
    initrd: Annotated[tuple[Path, ...], Opt("FILE", "an initramfs; may be repeated", short="i")] = ()
    panic: Annotated[bool, Opt(help="load the kernel that starts when this one crashes", short="p")] = False
    cmdline: Annotated[str | None, Opt("TEXT", "the command line", exclusive="base")] = None
    reuse: Annotated[bool, Opt(help="this machine's command line, instead of the image's", exclusive="base")] = False
    append: Annotated[tuple[str, ...], Opt("TEXT", "add to the command line; may be repeated")] = ()
    remove: Annotated[tuple[str, ...], Opt("NAME", "leave out NAME or NAME=VALUE; may be repeated")] = ()
    method: Annotated[str, Opt("HOW", "auto, file (kexec_file_load), segments (kexec(8))", _METHODS)] = "auto"
    debug: Annotated[bool, Opt(help="the kernel logs what it does")] = False
    no_cma: Annotated[bool, Opt(help="place nothing in memory of the contiguous allocator")] = False
    force_dtb: Annotated[bool, Opt(help="hand the device tree on (x86)")] = False
    dry_run: Annotated[bool, Opt(help="only say what would be loaded", short="n")] = False


def run(options: Options, terminal: Terminal) -> int:
    """Loads it, and says what with."""
    from kdive.kexec.calls import SystemCalls
    from kdive.kexec.load import Host, load, prepare

    host = Host(SystemCalls())
    plan = prepare(_request(options), host)
    for note in plan.notes:
        terminal.note(note)
    if not options.dry_run:
        loaded = load(plan, host)
        for note in loaded.notes[len(plan.notes) :]:
            terminal.note(note)
    terminal.write(_text(plan, options.dry_run))
    return EXIT_OK


def _request(options: Options) -> Request:
    from kdive.kexec.calls import FileFlag
    from kdive.kexec.cmdline import Wanted
    from kdive.kexec.plan import Method, Request

    chosen = {FileFlag.DEBUG: options.debug, FileFlag.NO_CMA: options.no_cma, FileFlag.FORCE_DTB: options.force_dtb}
    flags = FileFlag(sum(flag for flag, wanted in chosen.items() if wanted))
    return Request(
        kernel=options.kernel,
        initrds=options.initrd,
        crash=options.panic,
        cmdline=Wanted(options.cmdline, options.reuse, options.append, options.remove),
        flags=flags,
        method=Method(options.method),
    )


def _text(plan: LoadPlan, dry_run: bool) -> str:
    done = "would be loaded" if dry_run else "is loaded"
    when = "for a crash" if plan.crash else "for the next reboot: kdive kexec exec starts it"
    version = f" ({plan.image.version})" if plan.image.version else ""
    initrds = ["the image's own"] if plan.image.initrd else []
    initrds += [str(path) for path in plan.initrds]
    return "\n".join(
        (
            f"{plan.kernel}{version} {done} {when}",
            f"  image      {plan.image.name}",
            f"  initramfs  {', '.join(initrds) or 'none'}",
            f"  cmdline    {plan.cmdline}",
        )
    )
