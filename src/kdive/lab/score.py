"""Holds kdive's own reports against the truth of crashes that were made on purpose."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kdive.errors import KdiveError
from kdive.lab import truth
from kdive.lab.crash import CONSOLE, DMESG, VMCORE, kdive
from kdive.lab.truth import Truth

Progress = Callable[[str], None]

INPUTS = NOTHING, DEBUGINFO, LOG, SERIAL = ("no debuginfo", "debuginfo", "log", "console")


@dataclass(frozen=True)
class Answer:
    """What a report on one input said; `error` when it said nothing."""

    class_: str | None
    function: str | None
    module: str | None
    confidence: str
    signature: str  # the bucket's key; "" where nothing is to be counted
    rung: str
    error: str = ""


@dataclass(frozen=True)
class Scored:
    """One crash: its truth, and the answer for each input that was tried."""

    folder: Path
    truth: Truth
    answers: dict[str, Answer]

    def misses(self) -> list[str]:
        """What reports on the dump have wrong, in words, and a signature that its log does not share."""
        found = self._wrong(NOTHING, DEBUGINFO)
        dump, log = self.answers.get(NOTHING), self.answers.get(LOG)
        if dump and log and not (dump.error or log.error) and dump.signature != log.signature:
            found.append(f"signature {dump.signature or 'none'} of the dump, {log.signature or 'none'} of its log")
        return found

    def untold(self) -> list[str]:
        """What logs alone do not tell: no miss, where it takes memory to know it."""
        return self._wrong(LOG, SERIAL)

    def _wrong(self, *names: str) -> list[str]:
        tried = [(name, self.answers[name]) for name in names if name in self.answers]
        return [f"{name}: {wrong}" for name, answer in tried if (wrong := _wrong(self.truth, answer))]


@dataclass(frozen=True)
class Share:
    right: int
    of: int

    def __str__(self) -> str:
        return f"{self.right}/{self.of}" + (f" {100 * self.right / self.of:.1f} %" if self.of else "")


def score(folder: Path, debug_dir: Path | None) -> Scored:
    """Runs `kdive report` on all that the crash in `folder` left. Raises KdiveError when it has no truth."""
    known = truth.read(folder)
    inputs: dict[str, Sequence[str]] = {NOTHING: ("--no-debuginfo", str(folder / VMCORE))}
    if debug_dir:
        inputs[DEBUGINFO] = ("--debug-dir", str(debug_dir), str(folder / VMCORE))
    inputs[LOG] = ("--console", str(folder / DMESG))
    inputs[SERIAL] = ("--console", str(folder / CONSOLE))
    return Scored(folder, known, {name: _answer(arguments) for name, arguments in inputs.items()})


def score_all(
    folders: Sequence[Path], debug_dir: Callable[[Truth], Path | None], jobs: int, progress: Progress
) -> list[Scored]:
    """All of `folders`, `jobs` at a time, in their order."""

    def one(folder: Path) -> Scored:
        progress(f"{folder.parent.name}/{folder.name}")
        return score(folder, debug_dir(truth.read(folder)))

    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(one, folders))


def shares(scored: Sequence[Scored], name: str) -> dict[str, Share]:
    """How many answers to the input `name` have class, function and module right."""
    pairs = [(one.truth, one.answers[name]) for one in scored if name in one.answers]
    counts = {
        "class": sum(known.class_ == answer.class_ for known, answer in pairs),
        "function": sum(known.function == answer.function for known, answer in pairs),
        "module": sum(known.module == answer.module for known, answer in pairs),
    }
    return {field: Share(right, len(pairs)) for field, right in counts.items()}


def same_signatures(scored: Sequence[Scored]) -> Share:
    """How many dumps have the signature of their own log."""
    pairs = [(one.answers[NOTHING], one.answers[LOG]) for one in scored]
    return Share(sum(dump.signature == log.signature for dump, log in pairs), len(pairs))


def _answer(arguments: Sequence[str]) -> Answer:
    try:
        report: dict[str, Any] = json.loads(kdive("report", "--json", *arguments, codes=(0, 1)))
    except KdiveError as error:
        return Answer(None, None, None, "", "", "", error=error.message)
    verdict = report["verdict"]
    if verdict is None:
        return Answer(None, None, None, "", "", report["rung"], error="no verdict")
    return Answer(
        class_=verdict["class"],
        function=verdict["function"],
        module=verdict["module"],
        confidence=verdict["confidence"],
        signature=report["signature"]["key"],
        rung=report["rung"],
    )


def _wrong(known: Truth, answer: Answer) -> str:
    if answer.error:
        return answer.error
    fields = (
        ("class", known.class_, answer.class_),
        ("function", known.function, answer.function),
        ("module", known.module, answer.module),
    )
    return ", ".join(f"{name} {said} for {right}" for name, right, said in fields if right != said)
