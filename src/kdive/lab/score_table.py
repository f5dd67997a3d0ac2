"""The scores of a corpus as a page of Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kdive.lab.corpus import DONE, Case, Status
from kdive.lab.score import INPUTS, Scored, same_signatures, shares

_RIGHT = "right"


def page(scored: Sequence[Scored], statuses: Mapping[Case, Status], made: str) -> str:
    """Shares, then kinds down and kernels across, then each miss, and each crash that could not be made.

    `made` says when and by which revision.
    """
    lines = ["# The matrix", "", f"Every kind of crash on every kernel, by `make matrix`: {made}.", ""]
    lines += ["| report on | class | function | module |", "|---|---|---|---|"]
    for name in INPUTS:
        found = shares(scored, name)
        if found["class"].of:
            lines.append(f"| {name} | {found['class']} | {found['function']} | {found['module']} |")
    lines += ["", f"Same signature from the dump and from its log: {same_signatures(scored)}.", ""]
    lines += _cells(scored, statuses)
    misses = [f"* {_case(one)}: {miss}" for one in scored for miss in one.misses()]
    unmade = [
        f"* {case.kind} on {case.release}, {case.cpus} CPUs: {status.state}: {status.reason}"
        for case, status in sorted(statuses.items(), key=lambda item: (item[0].kind, item[0].release, item[0].cpus))
        if status.state != DONE
    ]
    untold = [f"* {_case(one)}: {words}" for one in scored for words in one.untold()]
    for title, rows in (("Misses", misses), ("What logs alone do not tell", untold), ("Not made", unmade)):
        lines += ["", f"## {title}", "", *(rows or ["None."])]
    return "\n".join(lines)


def _cells(scored: Sequence[Scored], statuses: Mapping[Case, Status]) -> list[str]:
    cells: dict[tuple[str, tuple[str, int]], str] = {
        (case.kind, (case.release, case.cpus)): status.state for case, status in statuses.items()
    }
    for one in scored:
        wrong = one.misses()
        cells[one.truth.kind, (one.truth.kernel, one.truth.cpus)] = f"**{len(wrong)} wrong**" if wrong else _RIGHT
    kinds = sorted({kind for kind, _ in cells})
    columns = sorted({column for _, column in cells})
    lines = ["| kind | " + " | ".join(f"{release}, {cpus} CPUs" for release, cpus in columns) + " |"]
    lines.append("|---" * (len(columns) + 1) + "|")
    lines += [f"| {kind} | " + " | ".join(cells.get((kind, column), "") for column in columns) + " |" for kind in kinds]
    return lines


def _case(one: Scored) -> str:
    return f"{one.truth.kind} on {one.truth.kernel}, {one.truth.cpus} CPUs"
