"""Hold reports against crashes whose truth is known.

Reports on each dump of CORPUS with no debuginfo, with debuginfo where `kdive lab fetch --debuginfo` has brought it, and
on its log; counts how often class, function and module are right, and names each miss.

Exits with 1 when there is a miss.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from kdive import __version__
from kdive.cli.files import write_file
from kdive.cli.terminal import Terminal
from kdive.errors import EXIT_NO_VERDICT, EXIT_OK
from kdive.options import Arg, Opt

if TYPE_CHECKING:
    from kdive.lab.score import Scored


@dataclass(frozen=True)
class Options:
    corpus: Annotated[Path, Arg("CORPUS", "a folder of crashes, as `kdive lab matrix` makes it")]
    json: Annotated[bool, Opt(help="JSON, with every answer")] = False
    jobs: Annotated[int, Opt("N", "reports at once (default: one for each core)", short="j")] = 0
    table: Annotated[Path | None, Opt("FILE", "write a page of Markdown as well, kinds down and kernels across")] = None
    revision: Annotated[str, Opt("TEXT", "what that page calls this kdive (default: its version)")] = __version__


def run(options: Options, terminal: Terminal) -> int:
    """Writes the shares and the misses."""
    from kdive.lab import corpus
    from kdive.lab.score import score_all
    from kdive.lab.score_table import page
    from kdive.lab.store import Store

    store = Store()
    with terminal.progress() as progress:
        folders = corpus.crashes(options.corpus)
        jobs = options.jobs or len(os.sched_getaffinity(0))
        scored = score_all(folders, lambda known: store.debug_dir(known.kernel), jobs, progress)
    if options.table:
        made = f"{date.today().isoformat()}, kdive {options.revision}"
        write_file(options.table, page(scored, corpus.statuses(options.corpus), made))
    terminal.write(_json(scored) if options.json else _text(options.corpus, scored))
    return EXIT_NO_VERDICT if any(one.misses() for one in scored) else EXIT_OK


def _text(corpus: Path, scored: Sequence[Scored]) -> str:
    from kdive.lab.score import INPUTS, same_signatures, shares

    lines = [f"{len(scored)} crashes", f"{'':14}{'class':>16}{'function':>16}{'module':>16}"]
    for name in INPUTS:
        found = shares(scored, name)
        if found["class"].of:
            lines.append(f"{name:14}" + "".join(f"{found[field]!s:>16}" for field in ("class", "function", "module")))
    lines.append(f"same signature from the dump and from its log: {same_signatures(scored)}")
    misses = [(one, miss) for one in scored for miss in one.misses()]
    lines += ["", f"{len(misses)} misses" if misses else "no misses"]
    lines += [f"{one.folder.relative_to(corpus)}: {miss}" for one, miss in misses]
    untold = [(one, words) for one in scored for words in one.untold()]
    lines += ["", "what logs alone do not tell"] if untold else []
    lines += [f"{one.folder.relative_to(corpus)}: {words}" for one, words in untold]
    return "\n".join(lines)


def _json(scored: Sequence[Scored]) -> str:
    import json
    from dataclasses import asdict

    rows = [
        {
            "folder": str(one.folder),
            "truth": asdict(one.truth),
            "answers": {name: asdict(answer) for name, answer in one.answers.items()},
            "misses": one.misses(),
            "untold": one.untold(),
        }
        for one in scored
    ]
    return json.dumps({"schema": "kdive-lab-score/1", "crashes": rows}, indent=2)
