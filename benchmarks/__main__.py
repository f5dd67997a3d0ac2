"""kdive beside its peers on the same dumps, in one run: `make bench`.

Dumps: the bundled sample, and every *.vmcore in KDIVE_SAMPLES. Peers run where they are installed and where a vmlinux
with debuginfo is found under KDIVE_DEBUG_DIRS (colon-separated; /usr/lib/debug always): `drgn-crash` from kdive's own
environment, and `crash` (KDIVE_CRASH names another program). Each does `sys; bt; ps; log`.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.timing import Contender, Measured, cpu_name, race
from kdive.symbols.debuginfo.find import candidates
from kdive.symbols.debuginfo.target import find_target

RUNS = int(os.environ.get("KDIVE_BENCH_RUNS", "5"))
BIN = Path(sys.executable).parent
PEER_COMMANDS = "sys\nbt\nps\nlog\nq\n"
BUNDLED = Path(__file__).parent.parent / "samples" / "sample.vmcore"


def dumps() -> Iterator[Path]:
    """The dumps to measure on."""
    yield BUNDLED
    folder = os.environ.get("KDIVE_SAMPLES")
    if folder:
        yield from sorted(Path(folder).glob("*.vmcore"))
    else:
        print("KDIVE_SAMPLES is not set: only the bundled sample is measured")


def find_vmlinux(dump: Path) -> Path | None:
    """The vmlinux with debuginfo for `dump`."""
    roots = [Path(root) for root in os.environ.get("KDIVE_DEBUG_DIRS", "").split(":") if root]
    found = candidates(str(dump), find_target(str(dump)).kernel, roots)
    return next((one.path for one in found if not one.why_not), None)


def contenders(dump: Path, vmlinux: Path | None) -> Iterator[Contender]:
    """kdive's ways to the verdict first, then the peers."""
    kdive = str(BIN / "kdive")
    yield Contender("kdive report --brief", [kdive, "report", "--brief", str(dump)])
    yield Contender("kdive report", [kdive, "report", str(dump)])
    yield Contender("kdive info", [kdive, "info", str(dump)])
    if vmlinux is None:
        print(f"{dump.name}: no vmlinux with debuginfo found (KDIVE_DEBUG_DIRS): peers are not run")
        return
    yield Contender("kdive report --vmlinux", [kdive, "report", "--vmlinux", str(vmlinux), str(dump)])
    yield Contender("drgn-crash (DWARF)", [str(BIN / "drgn-crash"), str(vmlinux), str(dump)], PEER_COMMANDS)
    crash = os.environ.get("KDIVE_CRASH") or shutil.which("crash")
    if crash:
        yield Contender("crash (DWARF)", [crash, "-s", str(vmlinux), str(dump)], PEER_COMMANDS)
    else:
        print("crash is not installed (apt: crash; or KDIVE_CRASH): not run")


def table(results: dict[str, Measured]) -> Iterator[str]:
    """Medians, spread, memory, and the ratio to each peer."""
    peers = [name for name in ("drgn-crash (DWARF)", "crash (DWARF)") if name in results]
    header = f"{'':24}{'median s':>9}{'min':>7}{'max':>7}{'peak MB':>9}"
    yield header + "".join(f"{'x ' + peer.split()[0]:>13}" for peer in peers) + "  exit"
    for name, measured in results.items():
        row = f"{name:24}{measured.median_s:9.3f}{min(measured.seconds):7.3f}{max(measured.seconds):7.3f}"
        row += f"{measured.peak_bytes / 1e6:9.0f}"
        row += "".join(f"{measured.median_s / results[peer].median_s:13.2f}" for peer in peers)
        yield row + "  " + ",".join(map(str, sorted(measured.exit_codes)))


def main(argv: Sequence[str]) -> None:
    """Prints one table per dump."""
    print(f"{cpu_name()}; Python {sys.version.split()[0]}; {RUNS} runs each, in turn")
    print("\nkdive --help")
    print("\n".join(table(dict(race([Contender("kdive --help", [str(BIN / "kdive"), "--help"])], RUNS)))))
    for dump in dumps():
        print(f"\n{dump.name}")
        results = race(list(contenders(dump, find_vmlinux(dump))), RUNS)
        print("\n".join(table(dict(results))), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
