"""Crash machines in many ways on many kernels, and keep all dumps.

  kdive lab matrix CORPUS --kernel 6.1 --kernel newest --kind null-deref --kind soft-lockup

Each crash that CORPUS holds already is left as it is: an interrupted matrix goes on where it was. `kdive lab score
CORPUS` then holds the reports against what is known.

Exits with 1 when a crash failed; one that a kernel cannot have is no failure.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from kdive.cli.terminal import Terminal
from kdive.errors import EXIT_NO_VERDICT, EXIT_OK
from kdive.options import Arg, Opt
from kdive.units import ByteCount


@dataclass(frozen=True)
class Options:
    corpus: Annotated[Path, Arg("CORPUS", "the folder that gets the crashes")]
    kind: Annotated[tuple[str, ...], Opt("KIND", "may be repeated (default: all)")] = ()
    kernel: Annotated[tuple[str, ...], Opt("RELEASE", "may be repeated (default: 6.1)", short="k")] = ()
    arch: Annotated[str, Opt("ARCH", "x86_64 or aarch64", choices=("x86_64", "aarch64"))] = "x86_64"
    cpus: Annotated[tuple[int, ...], Opt("N", "processors; may be repeated (default: 2)")] = ()
    jobs: Annotated[int, Opt("N", "machines at once (default: as this machine allows)", short="j")] = 0
    accel: Annotated[str, Opt("HOW", "auto, kvm or tcg", choices=("auto", "kvm", "tcg"))] = "auto"
    mirror: Annotated[str, Opt("URL", "fetch packages from here instead of this machine's own mirror")] = ""


def run(options: Options, terminal: Terminal) -> int:
    """Makes the crashes and writes the table."""
    from kdive.lab import kind, matrix
    from kdive.lab.corpus import FAILED, Case, Status
    from kdive.lab.machine import board
    from kdive.lab.prepare import Wanted, prepare
    from kdive.lab.store import Store

    names = options.kind or kind.names()
    for name in names:
        kind.load(name)
    with terminal.progress() as progress:
        kernels = options.kernel or ("6.1",)
        benches = [
            prepare(Store(), Wanted(kernel, options.arch, options.accel, options.mirror), progress)
            for kernel in kernels
        ]
        plans = [bench.plan(name, cpus) for bench in benches for cpus in options.cpus or (2,) for name in names]
        ended = 0

        def tell(case: Case, status: Status) -> None:
            nonlocal ended
            ended += 1
            progress(f"{ended} of {len(plans)}: {case.kind} on {case.release}: {status.state}")

        memory = ByteCount(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
        cores = len(os.sched_getaffinity(0))
        jobs = options.jobs or matrix.default_jobs(cores, memory, board(options.arch).memory)
        progress(f"{len(plans)} crashes, {jobs} at once")
        results = matrix.run(plans, options.corpus, jobs, tell)
    terminal.write(matrix.table(results))
    return EXIT_NO_VERDICT if any(status.state == FAILED for status in results.values()) else EXIT_OK
