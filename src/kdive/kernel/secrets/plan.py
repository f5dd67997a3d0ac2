"""From kinds of secrets, and what a filter file names, to the ranges of memory that are erased, copies included."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from kdive.engine.erase import ErasePlan, Erasure, plan_of, together
from kdive.engine.find_words import WordSearch
from kdive.engine.kept_pages import kept_pages
from kdive.engine.kinds import PageKind
from kdive.engine.selection import Selection
from kdive.errors import DumpError, KdiveError, ReadError
from kdive.formats.filter_config import Section
from kdive.kernel.context import Kernel
from kdive.kernel.secrets import filter_rules
from kdive.kernel.secrets.copies import Copies
from kdive.kernel.secrets.kind import BASIC_LEVEL, Kind
from kdive.kernel.secrets.view import Secret, View
from kdive.memory.memory import Memory
from kdive.symbols.failures import FAILURES
from kdive.symbols.find import Symbols

_FEW = 256  # one page in so many may be unknown: firmware's are

Report = Callable[[str, int], None]  # what is done, and pages looked at


@dataclass(frozen=True)
class Wanted:
    """What is to be erased: kinds by name, and a filter file by its name and content."""

    kinds: Mapping[str, Kind] = field(default_factory=dict)
    filter_name: str = ""
    sections: tuple[Section, ...] = ()


@dataclass(frozen=True)
class Found:
    """What there is to erase: `counts` is kind → places. What this kernel does not have of it is `absent`."""

    plan: ErasePlan
    counts: dict[str, int]
    absent: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()  # why more may be left


def both(one: Found, other: Found) -> Found:
    """What either found."""
    return Found(
        together(one.plan, other.plan),
        one.counts | other.counts,
        one.absent + other.absent,
        one.warnings + other.warnings,
    )


def find_secrets(
    memory: Memory, symbols: Symbols, wanted: Wanted, level: int, report: Report = lambda what, pages: None
) -> Found:
    """What to erase so that nothing of `wanted` is in a dump of `level`.

    Raises KdiveError, with the kind's name or the file's line, where a name or a type that it takes is not known: a
    secret that cannot be looked for is not to be taken for one that is not there.
    """
    if symbols.program is None:
        raise DumpError("there are no names and types to find secrets with", hint=symbols.rung.lift)
    view = View(Kernel(memory, symbols, symbols.program))
    search = _Search(memory, view, report)
    if wanted.sections:
        search.counts["filter"] = 0
        search.take("filter", filter_rules.find(view, wanted.filter_name, wanted.sections))
    if not wanted.kinds:
        return Found(plan_of(search.erasures()), search.counts, tuple(view.absent), tuple(dict.fromkeys(view.damage)))
    if not view.has_symbol("init_task"):
        raise KdiveError("this kernel names no variables, so secrets cannot be found", hint="pass its vmlinux")
    present = {name: kind for name, kind in wanted.kinds.items() if any(map(view.has_symbol, kind.symbols))}
    search.follow(present, level | BASIC_LEVEL)
    plan = plan_of([*search.erasures(), *search.copies(level | BASIC_LEVEL)], BASIC_LEVEL)
    absent = (*view.absent, *sorted(set(wanted.kinds) - set(present)))
    return Found(plan, search.counts, absent, tuple(dict.fromkeys(view.damage)))


class _Search:
    def __init__(self, memory: Memory, view: View, report: Report) -> None:
        self.counts: dict[str, int] = {}
        self._memory = memory
        self._view = view
        self._report = report
        self._secrets: list[Secret] = []

    def follow(self, kinds: Mapping[str, Kind], level: int) -> None:
        """Finds all of `kinds`: by the kernel's own lists, then by pointers in all pages that are kept."""
        by_pointer: dict[int, list[tuple[str, Kind]]] = {}
        for name, kind in kinds.items():
            self.counts[name] = 0
            if kind.find:
                self.take(name, kind.find(self._view))
            with self._named(name):
                for word in kind.pointers(self._view) if kind.pointers else ():
                    by_pointer.setdefault(word, []).append((name, kind))
        search, selection = WordSearch(by_pointer, self._memory.dump.order), Selection(self._memory)
        looked_at = partial(self._report, "looking for secrets")
        for pfns, pages in kept_pages(self._memory, level, looked_at, selection):
            for place, word in search.find(pfns, pages):
                for name, kind in by_pointer[word]:
                    self.take(name, kind.at(self._view, place, word) if kind.at else ())

        self._view.kind = "programs' memory"
        summary = selection.summary()
        unknown, total = summary.pages[PageKind.UNKNOWN], sum(summary.pages.values())
        for doubt in summary.warnings:
            self._view.damaged(doubt)
        if unknown * _FEW > total and not summary.warnings:
            self._view.damaged(f"of {unknown} of {total} pages it is not known whether they are of it")

    def take(self, name: str, secrets: Iterable[Secret]) -> None:
        """Adds what is found of the kind `name`."""
        before = len(self._secrets)
        with self._named(name):
            self._secrets.extend(secret for secret in secrets if secret.size > 0)
        self.counts[name] += len(self._secrets) - before

    def erasures(self) -> Iterator[Erasure]:
        """Where the secrets are; what cannot be translated is said."""
        for secret in self._secrets:
            try:
                for address, size in self._view.physical(secret):
                    yield Erasure(address, size, secret.what, zeros=secret.zeros, whole=secret.size)
            except ReadError as error:
                self._view.damaged(f"{secret.what} at {secret.address:#x}: {error.message}")

    def copies(self, level: int) -> Iterator[Erasure]:
        """Where else they are."""
        copies = Copies(self._view, self._secrets)
        for pfns, pages in kept_pages(self._memory, level, partial(self._report, "looking for copies")):
            yield from copies.find(pfns, pages)

    @contextmanager
    def _named(self, name: str) -> Iterator[None]:
        """Says of which kind a fault was."""
        self._view.kind = name
        try:
            yield
        except KdiveError:
            raise
        except FAILURES as error:
            reason = error.args[0] if error.args else type(error).__name__
            raise KdiveError(
                f"{name}: cannot be looked for: {reason}",
                hint="pass the kernel's vmlinux with --vmlinux FILE, or name the kinds of secrets to be erased",
            ) from error
