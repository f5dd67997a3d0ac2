"""From kinds of secrets to the ranges of memory that are erased, copies of them included."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from kdive.engine.erase import ErasePlan, Erasure, plan_of
from kdive.engine.find_words import WordSearch
from kdive.engine.kept_pages import kept_pages
from kdive.errors import DumpError, KdiveError, ReadError
from kdive.kernel.context import Kernel
from kdive.kernel.secrets.copies import Copies
from kdive.kernel.secrets.kind import BASIC_LEVEL, Kind
from kdive.kernel.secrets.view import Secret, View
from kdive.memory.memory import Memory
from kdive.symbols.failures import FAILURES
from kdive.symbols.find import Symbols

Report = Callable[[str, int], None]  # what is done, and pages looked at


@dataclass(frozen=True)
class Found:
    """What the kinds gave: `counts` is kind → places; kinds that this kernel does not have are `absent`."""

    plan: ErasePlan
    counts: dict[str, int]
    absent: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()  # why more may be left


@dataclass
class _Gathered:
    secrets: list[Secret] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    by_pointer: dict[int, list[tuple[str, Kind]]] = field(default_factory=dict)


def view_of(memory: Memory, symbols: Symbols) -> View:
    """Raises DumpError where the dump gives no names and types to find anything by."""
    if symbols.program is None:
        raise DumpError("there are no names and types to find secrets with", hint=symbols.rung.lift)
    return View(Kernel(memory, symbols, symbols.program))


def plan_redaction(
    memory: Memory, view: View, kinds: dict[str, Kind], level: int, report: Report = lambda what, pages: None
) -> Found:
    """What to erase so that none of `kinds` is in a dump of `level`.

    Raises KdiveError, with the kind's name, where a name or a type that it takes is not known: a secret that cannot be
    looked for is not to be taken for one that is not there.
    """
    if not view.has_symbol("init_task"):
        raise KdiveError("this kernel names no variables, so secrets cannot be found", hint="pass its vmlinux")
    level |= BASIC_LEVEL
    present = {name: kind for name, kind in kinds.items() if any(map(view.has_symbol, kind.symbols))}
    gathered = _Gathered(counts=dict.fromkeys(present, 0))
    for name, kind in present.items():
        with _named(view, name):
            _gather(view, name, kind, gathered)
    search = WordSearch(gathered.by_pointer, memory.dump.order)
    for pfns, pages in kept_pages(memory, level, lambda done: report("looking for secrets", done)):
        for place, word in search.find(pfns, pages):
            for name, kind in gathered.by_pointer[word]:
                with _named(view, name):
                    _take(gathered, name, kind.at(view, place, word) if kind.at else ())
    copies = Copies(view, gathered.secrets)
    found = [one for secret in gathered.secrets for one in _erasures(view, secret)]
    for pfns, pages in kept_pages(memory, level, lambda done: report("looking for copies", done)):
        found += copies.find(pfns, pages)
    absent = tuple(sorted(set(kinds) - set(present)))
    return Found(plan_of(found, BASIC_LEVEL), gathered.counts, absent, tuple(dict.fromkeys(view.damage)))


def _gather(view: View, name: str, kind: Kind, gathered: _Gathered) -> None:
    if kind.find:
        _take(gathered, name, kind.find(view))
    for word in kind.pointers(view) if kind.pointers else ():
        gathered.by_pointer.setdefault(word, []).append((name, kind))


def _take(gathered: _Gathered, name: str, secrets: Iterable[Secret]) -> None:
    before = len(gathered.secrets)
    gathered.secrets.extend(secret for secret in secrets if secret.size > 0)
    gathered.counts[name] += len(gathered.secrets) - before


def _erasures(view: View, secret: Secret) -> Iterator[Erasure]:
    try:
        for address, size in view.physical(secret):
            yield Erasure(address, size, secret.what, whole=secret.size)
    except ReadError as error:
        view.damaged(f"{secret.what} at {secret.address:#x}: {error.message}")


@contextmanager
def _named(view: View, name: str) -> Iterator[None]:
    """Says of which kind a fault was."""
    view.kind = name
    try:
        yield
    except KdiveError:
        raise
    except FAILURES as error:
        reason = error.args[0] if error.args else type(error).__name__
        raise KdiveError(
            f"{name}: cannot be looked for: {reason}",
            hint="pass the kernel's vmlinux with --vmlinux FILE, or name the kinds of secrets that are to be erased",
        ) from error
