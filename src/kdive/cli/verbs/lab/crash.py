"""Crash a machine in one way, and report on it.

  kdive lab crash null-deref-timer
  kdive lab crash soft-lockup --kernel 6.12 --cpus 4 -o /tmp/lockup

KIND is one of `kdive lab kinds`. The folder gets vmcore, vmcore-dmesg.txt, console.log, and truth.json, which says what
a right report must name. What is needed is fetched first: a kernel of the distribution, its compiler, a user space.

Exits with 0 when the report names class, function and module rightly, and with 1 when it does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from kdive.cli.terminal import Terminal
from kdive.errors import EXIT_NO_VERDICT, EXIT_OK
from kdive.options import Arg, Opt
from kdive.units import ByteCount, size

if TYPE_CHECKING:
    from kdive.lab.score import Scored


@dataclass(frozen=True)
class Options:
    kind: Annotated[str, Arg("KIND", "how to crash: see `kdive lab kinds`")]
    kernel: Annotated[str, Opt("RELEASE", 'a release or its start, "newest" (default: 6.1)', short="k")] = "6.1"
    arch: Annotated[str, Opt("ARCH", "x86_64 or aarch64", choices=("x86_64", "aarch64"))] = "x86_64"
    memory: Annotated[
        ByteCount | None, Opt("SIZE", "memory of the machine (default: 448M, aarch64 512M)", parse=size)
    ] = None
    cpus: Annotated[int, Opt("N", "processors of the machine (default: 2)")] = 2
    cpu: Annotated[str, Opt("MODEL", "QEMU's model of the processor")] = ""
    accel: Annotated[str, Opt("HOW", "auto, kvm or tcg", choices=("auto", "kvm", "tcg"))] = "auto"
    mirror: Annotated[str, Opt("URL", "fetch packages from here instead of this machine's own mirror")] = ""
    output: Annotated[Path | None, Opt("DIR", "where the results go (default: KIND-RELEASE)", short="o")] = None
    console: Annotated[bool, Opt(help="show the machine's console while it runs")] = False


def run(options: Options, terminal: Terminal) -> int:
    """Makes the crash and writes the verdict."""
    from kdive.lab import kind
    from kdive.lab.crash import check, crash, kdive, keep
    from kdive.lab.prepare import Wanted, prepare
    from kdive.lab.score import score
    from kdive.lab.store import Store
    from kdive.lab.workdir import workdir

    kind.load(options.kind)  # a typing error is said before anything is fetched
    wanted = Wanted(options.kernel, options.arch, options.accel, options.mirror)
    with terminal.progress() as progress:
        bench = prepare(Store(), wanted, progress, zoo=kind.source(options.kind) is not None)
        plan = bench.plan(options.kind, options.cpus, options.memory, options.cpu)
        check(plan)
        output = options.output or Path(f"{options.kind}-{bench.kernel.release}")
        with workdir(output) as work:
            crash(plan, work, progress, terminal.write_now if options.console else None)
            keep(work, output)
        progress("reporting on it")
        scored = score(output, None)
        brief = kdive("report", "--brief", str(output / "vmcore"), codes=(EXIT_OK, EXIT_NO_VERDICT))
    terminal.write(f"{brief.rstrip()}\n\n{_closing(output, scored)}")
    return EXIT_NO_VERDICT if scored.misses() else EXIT_OK


def _closing(output: Path, scored: Scored) -> str:
    known, misses = scored.truth, scored.misses()
    where = f"{known.function} [{known.module}]" if known.function else "nothing is at fault"
    lines = [f"  truth: {known.class_}, {where}"]
    lines.append("  the report is right" if not misses else "  the report is WRONG: " + "; ".join(misses))
    if known.captured_by == "qemu":
        lines.append("  QEMU saved the dump: no capture kernel could have")
    lines.append(f"  files: {output}/ (kdive report {output})")
    return "\n".join(lines)
