"""kdive dump beside makedumpfile, on the same dumps and the same file system, in turn: part of `make bench`.

    python -m benchmarks.dump [--table docs/benchmarks.md]

Dumps: a machine of 448 MB and one of 4 GB, crashed by the lab at the first run and kept in KDIVE_BENCH_DIR (default:
~/.cache/kdive/bench), and machines of 4 GB, 16 GB and 1 TB that are made of the small one (see benchmarks.simulated).
KDIVE_MAKEDUMPFILE names another makedumpfile than the installed one, KDIVE_BENCH_RUNS how often each is run (3).
"""

from __future__ import annotations

import argparse
import datetime
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.oracle import version_of
from benchmarks.simulated import MIXED, MOSTLY_FREE, simulate
from benchmarks.timing import cpu_name

RUNS = int(os.environ.get("KDIVE_BENCH_RUNS", "3"))
KDIVE = str(Path(sys.executable).parent / "kdive")
_GB = 1 << 30
_NOTES = "\n## Notes\n"  # what follows in the page is written by hand, and stays


@dataclass(frozen=True)
class Run:
    """One process: seconds on the clock and of the processor, peak resident bytes, and bytes written."""

    seconds: float
    cpu_s: float
    peak: int
    written: int
    code: int


@dataclass(frozen=True)
class Race:
    """One dump and the options of both programs."""

    machine: str
    dump: Path
    options: str
    runs: int = RUNS


def races(folder: Path, work: Path) -> Iterator[Race]:
    """What is measured; dumps are made when their turn comes."""
    small = _crash(folder, "small", "bug", "448M")
    memory = work / "small"
    shutil.copyfile(small, memory)
    for options in ("-z -d 31", "-z -d 0", "-l -d 31", "-l -d 0", "-c -d 31", "-c -d 0"):
        yield Race("448 MB", memory, options)
    memory.unlink()
    large = _crash(folder, "large", "sysrq", "4G")
    yield Race("4 GB, most of it never used", large, "-z -d 31")
    yield Race("4 GB, most of it never used", large, "-z -d 0")
    for name, size, uses, zeros, levels in (
        ("4 GB, mixed", 4 * _GB, MIXED, 0.18, ("-z -d 31", "-z -d 0")),
        ("16 GB, mixed", 16 * _GB, MIXED, 0.18, ("-z -d 31",)),
        ("1 TB, mostly free", 1024 * _GB, MOSTLY_FREE, 0.99, ("-z -d 31",)),
    ):
        simulate(small, memory, size, uses, zeros)
        for options in levels:
            yield Race(name, memory, options, RUNS if size < 1024 * _GB else 1)
        memory.unlink()


def _crash(folder: Path, name: str, kind: str, memory: str) -> Path:
    """The raw dump of a lab machine, made if it is not there."""
    vmcore = folder / name / "vmcore"
    if not vmcore.exists():
        argv = [KDIVE, "lab", "crash", kind, "--memory", memory, "-o", str(folder / name)]
        subprocess.run(argv, check=False, stdout=subprocess.DEVNULL)
    return vmcore


# A process counts as its own the memory of the one that started it. This one is small.
_LAUNCHER = """
import os, subprocess, sys, time
start = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
seconds = time.perf_counter() - start
print(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, os.waitstatus_to_exitcode(status))
"""


def run(argv: Sequence[str], output: Path) -> Run:
    """Runs one of them."""
    output.unlink(missing_ok=True)
    launcher = [sys.executable, "-I", "-S", "-c", _LAUNCHER, *argv]
    seconds, cpu_s, peak, code = subprocess.run(launcher, stdout=subprocess.PIPE, check=True).stdout.split()
    written = output.stat().st_size if output.exists() else 0
    return Run(float(seconds), float(cpu_s), int(peak), written, int(code))


def measure(race: Race, makedumpfile: str, output: Path) -> Mapping[str, list[Run]]:
    """Both programs in turn; kdive with one thread, and as it comes, with one for each processor."""
    end = [str(race.dump), str(output)]
    contenders = {
        "makedumpfile": [*makedumpfile.split(), "--message-level", "0", *race.options.split(), *end],
        "kdive -j 1": [KDIVE, "dump", "-j", "1", *race.options.split(), *end],
        "kdive": [KDIVE, "dump", *race.options.split(), *end],
    }
    results: dict[str, list[Run]] = {name: [] for name in contenders}
    for _ in range(race.runs):
        for name, argv in contenders.items():
            results[name].append(run(argv, output))
    return results


def rows(race: Race, results: Mapping[str, list[Run]]) -> Iterator[str]:
    """A line of the table for each program."""
    theirs = statistics.median(one.seconds for one in results["makedumpfile"])
    their_cpu = statistics.median(one.cpu_s for one in results["makedumpfile"])
    for name, runs in results.items():
        seconds, cpu_s = (statistics.median(getattr(one, field) for one in runs) for field in ("seconds", "cpu_s"))
        written = f"{runs[0].written:,}" if not any(one.code for one in runs) else f"failed ({runs[0].code})"
        ratios = f"{theirs / seconds:.2f} | {their_cpu / cpu_s:.2f}" if name != "makedumpfile" else " | "
        fields = (race.machine, race.options, name, f"{seconds:.2f}", f"{cpu_s:.2f}", ratios)
        yield f"| {' | '.join(fields)} | {max(one.peak for one in runs) >> 20} | {written} |"


def main(argv: Sequence[str]) -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dump", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--table", type=Path, help="write the table here, in Markdown")
    arguments = parser.parse_args(argv)
    makedumpfile = os.environ.get("KDIVE_MAKEDUMPFILE") or shutil.which("makedumpfile")
    if makedumpfile is None:
        print("makedumpfile is not installed (apt: makedumpfile; or KDIVE_MAKEDUMPFILE)", file=sys.stderr)
        return 2
    folder = Path(os.environ.get("KDIVE_BENCH_DIR") or Path.home() / ".cache/kdive/bench")
    folder.mkdir(parents=True, exist_ok=True)
    lines = _head(makedumpfile)
    print("\n".join(lines), flush=True)
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as work:
        for race in races(folder, Path(work)):
            new = list(rows(race, measure(race, makedumpfile, Path(work) / "out")))
            lines += new
            print("\n".join(new), flush=True)
    if arguments.table:
        old = arguments.table.read_text() if arguments.table.exists() else ""
        notes = old[old.index(_NOTES) :] if _NOTES in old else ""
        arguments.table.write_text("\n".join(lines) + "\n" + notes)
    return 0


def _head(makedumpfile: str) -> list[str]:
    load = os.getloadavg()[0]
    return [
        "# kdive dump beside makedumpfile",
        "",
        "Written by `make bench`: whole processes, start-up counted, in turn on the same tmpfs; medians. Ratios are",
        "makedumpfile's time by kdive's, on the clock and of the processor: above 1, kdive is faster. makedumpfile",
        "runs with one thread, which is its fastest on two CPUs.",
        "",
        f"{datetime.date.today()}; {cpu_name()}; load {load:.1f} from elsewhere at the start; Python"
        f" {sys.version.split()[0]}; {version_of(makedumpfile)}.",
        "",
        "| machine | options | | s | CPU s | × clock | × CPU | peak MB | bytes |",
        "|---|---|---|---|---|---|---|---|---|",
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
