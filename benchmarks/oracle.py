"""kdive's dumps beside makedumpfile's, page by page, of raw dumps of real machines: `make oracle`.

    python -m benchmarks.oracle CORPUS [CORPUS ...] --table docs/oracle.md

A corpus is what `kdive lab matrix` makes. KDIVE_MAKEDUMPFILE names another makedumpfile than the installed one. Exits
with 1 when a page differs for a reason that is not known.
"""

from __future__ import annotations

import argparse
import datetime
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kdive.dumpfile.dump import Dump
from kdive.dumpfile.open import open_dump
from kdive.engine.kinds import PageKind
from kdive.engine.open_pages import open_pages
from kdive.engine.save import DumpRequest, save
from kdive.engine.selection import windows
from kdive.engine.writing import WriteOptions
from kdive.facts.missing import Missing, known
from kdive.formats import vmcoreinfo
from kdive.memory.memory import Memory
from kdive.memory.open import open_memory

LEVELS = (0, 1, 2, 4, 8, 16, 17, 31)
NO_REASON = "no reason is known"
# Until its commit f50c015 makedumpfile did not know what the member that marks later pages is called since Linux 7.1.
SLAB_TAIL = "not the first page of a slab, which makedumpfile takes for a process's"
TAIL = "not the first page of another compound page of the kernel, which makedumpfile takes for a process's"
# Slabs are told by a page type since Linux 6.10; a makedumpfile of before looks for the flag that they had.
SLAB = "a page of a slab, which makedumpfile takes for a process's"
_BATCH_PAGES = 8192
_FOLIO_PAGES = 512


class NotReadError(Exception):
    """makedumpfile does not read the dump; why."""


@dataclass(frozen=True)
class Compared:
    """One dump at one level."""

    level: int
    pages: int  # that either keeps
    more: int  # that kdive alone keeps
    fewer: int  # that makedumpfile alone keeps
    content: int  # that both keep, with different content
    reasons: dict[str, int]  # why pages are kept by one alone


class Oracle:
    """Compares the dumps that kdive and makedumpfile make of `source`, a dump that leaves nothing out."""

    def __init__(self, source: Path, makedumpfile: str, work: Path) -> None:
        self._source = source
        self._makedumpfile = makedumpfile
        self._work = work
        with open_dump(source) as dump:
            self.release = known(dump.vmcoreinfo, {}).get("OSRELEASE", "")
            memory = open_memory(dump)
            self._count = max(segment.physical + segment.size for segment in dump.segments()) // dump.page_size
            self._kinds = kinds_of(memory, self._count)

    def compare(self, level: int) -> Compared:
        """Makes both dumps. Raises NotReadError."""
        ours, theirs = self._work / "ours", self._work / "theirs"
        options = WriteOptions(sync=False)
        save(DumpRequest(self._source, (ours,), (level,), options, overwrite=True))
        argv = [*self._makedumpfile.split(), "-f", "-l", "-d", str(level), str(self._source), str(theirs)]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NotReadError(done.stderr.strip()[-200:])
        with open_dump(ours) as our_dump, open_dump(theirs) as their_dump, open_dump(self._source) as source:
            our_pages, their_pages = pages_in(our_dump, self._count), pages_in(their_dump, self._count)
            alone = np.flatnonzero(our_pages != their_pages)
            memory = open_memory(source)
            return Compared(
                level,
                int(np.count_nonzero(our_pages | their_pages)),
                int(np.count_nonzero(our_pages[alone])),
                int(np.count_nonzero(their_pages[alone])),
                _differ(our_dump, their_dump, np.flatnonzero(our_pages & their_pages)),
                dict(Counter(self._reason(memory, int(pfn), bool(our_pages[pfn]), level) for pfn in alone.tolist())),
            )

    def _reason(self, memory: Memory, pfn: int, kept: bool, level: int) -> str:
        """Why a page is in one dump alone, as its struct page shows."""
        info = known(memory.dump.vmcoreinfo, {})
        structs, size = vmcoreinfo.symbol(info, "vmemmap"), vmcoreinfo.size(info, "page")
        if structs is None or size is None or not (kept and level & 8 and self._kinds[pfn] == PageKind.KEPT):
            return NO_REASON

        def member(page: int, name: str, bytes_: int) -> int:
            at = vmcoreinfo.offset(info, f"page.{name}")
            return 0 if at is None else int.from_bytes(memory.read(structs + page * size + at, bytes_), "little")

        slab = (vmcoreinfo.number(info, "PAGE_SLAB_MAPCOUNT_VALUE") or 0) & 0xFFFF_FFFF
        if slab and member(pfn, "_mapcount", 4) == slab:
            return SLAB
        if not member(pfn, "compound_info", 8) & 1:
            return NO_REASON
        head = next(
            (page for page in range(pfn, pfn - _FOLIO_PAGES, -1) if not member(page, "compound_info", 8) & 1), 0
        )
        return SLAB_TAIL if slab and member(head, "_mapcount", 4) == slab else TAIL


def kinds_of(memory: Memory, count: int) -> NDArray[np.uint8]:
    """The kind of each of the first `count` pages."""
    kinds = np.full(-(-count // (1 << 15)) << 15, PageKind.HOLE, np.uint8)
    for window in windows(memory):
        kinds[window.first_pfn : window.first_pfn + len(window.kinds)] = window.kinds
    return kinds[:count]


def pages_in(dump: Dump, count: int) -> NDArray[np.bool_]:
    """Which of the first `count` pages `dump` holds."""
    kept = np.zeros(count, np.bool_)
    for start, size in dump.kept_ranges():
        kept[start // dump.page_size : (start + size) // dump.page_size] = True
    return kept


def raw_dumps(corpora: Sequence[Path]) -> Iterator[Path]:
    """The dumps in `corpora` that leave nothing out."""
    for path in sorted(path for corpus in corpora for path in corpus.rglob("vmcore")):
        with open_dump(path) as dump:
            if not isinstance(dump.vmcoreinfo, Missing) and dump.container.format == "elf":
                yield path


def _differ(ours: Dump, theirs: Dump, pfns: NDArray[np.intp]) -> int:
    """How many of the pages have different content."""
    readers = open_pages(ours), open_pages(theirs)
    different = 0
    for first in range(0, len(pfns), _BATCH_PAGES):
        some = pfns[first : first + _BATCH_PAGES]
        content = [np.empty((len(some), ours.page_size), np.uint8) for _ in readers]
        good = [reader.read_pages(some, pages) for reader, pages in zip(readers, content, strict=True)]
        equal = (content[0].view(np.uint64) == content[1].view(np.uint64)).all(axis=1)
        different += int(np.count_nonzero(~(equal & good[0] & good[1])))
    return different


def cell(compared: Compared) -> str:
    """One field of the table."""
    if not compared.more and not compared.fewer and not compared.content:
        return f"{compared.pages:,} same"
    words = [f"{compared.pages:,}"]
    words += [f"+{compared.more:,}"] if compared.more else []
    words += [f"−{compared.fewer:,}"] if compared.fewer else []
    words += [f"{compared.content:,} unlike"] if compared.content else []
    return " ".join(words)


def version_of(makedumpfile: str) -> str:
    done = subprocess.run([*makedumpfile.split(), "-v"], capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).split(" (")[0].replace("makedumpfile: version ", "makedumpfile ").strip()


def main(argv: Sequence[str]) -> int:
    """Compares, and writes the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.oracle", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("corpus", nargs="+", type=Path, help="folder with raw dumps, as `kdive lab matrix` makes them")
    parser.add_argument("--table", type=Path, help="write the table here, in Markdown")
    arguments = parser.parse_args(argv)
    makedumpfile = os.environ.get("KDIVE_MAKEDUMPFILE") or shutil.which("makedumpfile")
    if makedumpfile is None:
        print("makedumpfile is not installed (apt: makedumpfile; or KDIVE_MAKEDUMPFILE)", file=sys.stderr)
        return 2
    rows: list[list[str]] = []
    reasons: Counter[str] = Counter()
    for path in raw_dumps(arguments.corpus):
        with tempfile.TemporaryDirectory() as work:
            oracle = Oracle(path, makedumpfile, Path(work))
            row = [oracle.release, path.parent.name]
            try:
                results = [oracle.compare(level) for level in LEVELS]
            except NotReadError as error:
                rows.append([*row, f"not read: {str(error).splitlines()[-1]}"])
                continue
        rows.append([*row, *map(cell, results)])
        for result in results:
            reasons.update(result.reasons)
        print(" | ".join(rows[-1]), flush=True)
    if arguments.table:
        arguments.table.write_text(_page(rows, reasons, version_of(makedumpfile)))
    unlike = any("unlike" in field for row in rows for field in row)
    return 1 if not rows or unlike or reasons[NO_REASON] else 0


def _page(rows: Sequence[Sequence[str]], reasons: Counter[str], version: str) -> str:
    heads = ["kernel", "crash", *(f"-d {level}" for level in LEVELS)]
    lines = [
        "# kdive beside makedumpfile, page by page",
        "",
        "Written by `make oracle` over raw dumps of lab machines. Each field is a dump made by both at that level: the",
        "pages that either keeps, “same” where both keep the same with the same content, else +pages that kdive alone",
        "keeps and −pages that makedumpfile alone keeps. `tests/engine/test_oracle.py` proves what belongs to whom,",
        "from the kernel's own lists of tasks, slabs, page tables, free pages and page cache.",
        "",
        f"{datetime.date.today()}, {version}; {len(rows)} dumps.",
        "",
        "| " + " | ".join(heads) + " |",
        "|" + "---|" * len(heads),
    ]
    lines += ["| " + " | ".join([*row, *[""] * (len(heads) - len(row))]) + " |" for row in rows]
    if reasons:
        lines += ["", "Where they differ, over all dumps and levels:", ""]
        lines += [f"* {count:,} pages: {reason}" for reason, count in reasons.most_common()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
