"""What is to be erased from a dump, found in a child process: names and types come from libraries that may fall."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

from kdive.errors import DumpError, KdiveError
from kdive.pipeline.isolation import Child, Limits, Stage

if TYPE_CHECKING:
    from kdive.kernel.secrets.plan import Found, Wanted
    from kdive.memory.memory import Memory

_LIMITS = Limits(memory_bytes=2 << 30, silence_s=60)
_LIMITS_DEBUGINFO = Limits(memory_bytes=8 << 30, silence_s=300)  # the index of a big vmlinux with all its modules

Progress = Callable[[str], None]


@dataclass(frozen=True)
class ErasureRequest:
    """What to erase from the dump `path`, which is to be written at `level`."""

    path: Path
    level: int
    profile: str = ""  # or kinds of secrets: "keyrings,tls"
    filter: Path | None = None  # a file as of makedumpfile --config
    vmlinux: Path | None = None


def find_erasures(request: ErasureRequest, progress: Progress) -> Found:
    """Raises KdiveError where what is to be erased cannot be found, and why: then nothing is to be written."""
    wanted = _wanted(request)

    def work(stage: Stage) -> None:
        from kdive.dumpfile.open import open_dump
        from kdive.memory.open import open_memory

        def report(what: str, pages: int) -> None:
            progress(f"{what}: {pages:,} pages")
            stage.emit("alive", pages)

        with open_dump(request.path) as dump:
            search = _Search(open_memory(dump), request, report, lambda: stage.allow(_LIMITS_DEBUGINFO))
            stage.emit("found", search.find(wanted))

    progress("reading names and types of the kernel")
    outcome = Child(work, _LIMITS).result()
    if "found" not in outcome.values:
        raise DumpError(
            f"{request.path}: what is to be erased could not be found: {outcome.failure or 'the search ended early'}",
            hint="`kdive dump --verify` says whether the dump is damaged",
        )
    found: Found = outcome.values["found"]
    return found


class _Search:
    def __init__(
        self, memory: Memory, request: ErasureRequest, report: Callable[[str, int], None], before: Callable[[], None]
    ) -> None:
        self._memory = memory
        self._request = request
        self._report = report
        self._before_debuginfo = before

    def find(self, wanted: Wanted) -> Found:
        """Kinds are found by what the kernel says of itself and its modules, a filter's variables take debuginfo."""
        from kdive.kernel.secrets.plan import both

        parts = []
        if wanted.kinds:
            parts.append(self._kinds(replace(wanted, sections=())))
        if wanted.sections or not parts:
            parts.append(self._by_symbols(replace(wanted, kinds={}), own=False))
        return reduce(both, parts)

    def _kinds(self, wanted: Wanted) -> Found:
        if self._request.vmlinux is not None:
            return self._by_symbols(wanted, own=False)
        try:
            return self._by_symbols(wanted, own=True)
        except KdiveError as error:
            try:
                return self._by_symbols(wanted, own=False)
            except KdiveError:
                raise error from None  # what the kernel itself lacks is what matters

    def _by_symbols(self, wanted: Wanted, *, own: bool) -> Found:
        from kdive.kernel.secrets.plan import find_secrets
        from kdive.symbols.find import SymbolOptions, find_symbols

        options = SymbolOptions(self._request.vmlinux, none=own)
        symbols = find_symbols(self._memory, options, before_debuginfo=self._before_debuginfo)
        return find_secrets(self._memory, symbols, wanted, self._request.level, self._report)


def _wanted(request: ErasureRequest) -> Wanted:
    from kdive.formats.filter_config import LIMIT_BYTES, parse
    from kdive.kernel.secrets.kind import chosen
    from kdive.kernel.secrets.plan import Wanted

    kinds = chosen(request.profile) if request.profile else {}
    if request.filter is None:
        return Wanted(kinds)
    try:
        with request.filter.open("rb") as file:
            text = file.read(LIMIT_BYTES + 1)
    except OSError as error:
        raise KdiveError(f"{request.filter}: {error.strerror}", hint="check the name and the permissions") from error
    name = str(request.filter)
    return Wanted(kinds, name, parse(text, name))
