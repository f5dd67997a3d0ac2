"""Many crashes, several at a time; what is done stays done."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path

from kdive.errors import KdiveError
from kdive.lab import corpus as corpora
from kdive.lab.corpus import CANNOT, DONE, FAILED, Case, Status
from kdive.lab.crash import CannotError, Plan, check, crash, keep
from kdive.lab.guest_run import LabError
from kdive.lab.workdir import workdir
from kdive.units import ByteCount

Ended = Callable[[Case, Status], None]


def case_of(plan: Plan) -> Case:
    return Case(plan.name, plan.kernel.release, plan.cpus)


def default_jobs(cpus: int, memory: ByteCount, guest_memory: ByteCount) -> int:
    """How many machines run at once: one for each core, as half of the memory allows. Guests wait a lot."""
    return max(1, min(cpus, memory // 2 // guest_memory))


def run(plans: Sequence[Plan], corpus: Path, jobs: int, ended: Ended) -> dict[Case, Status]:
    """Makes every crash of `plans` that `corpus` does not hold; `ended` is told of each, as it ends.

    One that failed before is tried again. Interrupted, it leaves nothing half made.
    """
    results: dict[Case, Status] = {}
    todo: list[Plan] = []
    for plan in plans:
        known = corpora.status(corpus, case_of(plan))
        if known and known.state == DONE:
            results[case_of(plan)] = known
        else:
            todo.append(plan)
    pool = ThreadPoolExecutor(jobs)
    try:
        futures: dict[Future[Status], Case] = {pool.submit(_make, plan, corpus): case_of(plan) for plan in todo}
        for future in as_completed(futures):
            case = futures[future]
            results[case] = future.result()
            ended(case, results[case])
    finally:
        # Not waited for: machines at work end with this process.
        pool.shutdown(wait=False, cancel_futures=True)
    return results


def _make(plan: Plan, corpus: Path) -> Status:
    case, started = case_of(plan), time.monotonic()
    output = corpus / case.folder
    try:
        known = check(plan)
        with workdir(corpus / "work") as work:
            if crash(plan, work, lambda stage: None).captured_by != known.dump_by:
                raise LabError("the machine hung instead", hint="no capture kernel started")
            keep(work, output)
    except CannotError as error:
        ended = Status(CANNOT, error.message)
    except KdiveError as error:
        ended = Status(FAILED, " ".join(filter(None, (error.message, error.hint))))
    else:
        return Status(DONE, seconds=time.monotonic() - started)
    corpora.write_status(corpus, case, ended)
    return ended


def table(results: dict[Case, Status]) -> str:
    """Kinds down, kernels across: what became of each; then the reason of each that is not done."""
    columns = sorted({(case.release, case.cpus) for case in results})
    kinds = sorted({case.kind for case in results})
    heads = [f"{release} ({cpus} CPU{'s' * (cpus > 1)})" for release, cpus in columns]
    rows = [["kind", *heads]]
    for kind in kinds:
        cells = [results.get(Case(kind, release, cpus)) for release, cpus in columns]
        rows.append([kind, *(cell.state if cell else "" for cell in cells)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    reasons = [
        f"{case.kind} on {case.release} ({case.cpus}): {ended.state}: {ended.reason}"
        for case, ended in sorted(results.items(), key=lambda item: (item[0].kind, item[0].release, item[0].cpus))
        if ended.state != DONE
    ]
    return "\n".join([*lines, *([""] if reasons else []), *reasons])
