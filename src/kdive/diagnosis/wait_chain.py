"""Who is to blame when a task waits for ever: the wait graph followed to where it ends."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kdive.diagnosis.classes import crash_class
from kdive.diagnosis.guilty import guilty_frame
from kdive.facts.machine import Tasks
from kdive.facts.missing import Missing
from kdive.facts.stacks import Frame, Stack, Stacks
from kdive.facts.verdict import CERTAIN, LIKELY, Evidence, Finding
from kdive.facts.waits import Chain, Wait, Waits

_WORDS = {
    "rw_semaphore": "read-write semaphore",
    "rt_mutex": "real-time mutex",
    "page": "a page to be read or unlocked",
    "io": "input or output",
    "work": "work in another thread",
}
_DEVICES = ("page", "io")
_LOCKS = ("mutex", "rw_semaphore", "rt_mutex", "semaphore", "completion")


@dataclass(frozen=True)
class WaitGraph:
    """The facts that a chain is told with."""

    waits: Waits | Missing
    stacks: Stacks | Missing
    tasks: Tasks | Missing

    def explain(self, found: Finding, pid: int | None) -> Finding | None:
        """`found`, on the blocked task `pid`, with the one that it waits for; None where memory does not say."""
        chain = None if pid is None or isinstance(self.waits, Missing) else self.waits.chain_from(pid)
        if chain is None:
            return None
        told = replace(found, evidence=(*found.evidence, *self._evidence(chain)))
        if chain.cycle:
            return self._deadlock(told, chain)
        if chain.last.owner is not None:
            return self._held(told, chain.last.owner, chain)
        return self._unowned(told, chain.last)

    def _deadlock(self, found: Finding, chain: Chain) -> Finding:
        names = " and ".join(f"`{self._comm(wait.pid)}` (PID {wait.pid})" for wait in chain.waits)
        what = f"{names} wait for each other: none of them can ever go on."
        if len(chain.waits) == 1:
            what = f"{names} waits for a lock that it holds itself."
        return replace(
            found,
            title=f"deadlock: {found.title}",
            confidence=CERTAIN,
            explanation=" ".join([what, *(self._sentence(wait) for wait in chain.waits)]),
            next_steps=("take these locks in the same order everywhere: the stacks show who takes which first",),
        )

    def _held(self, found: Finding, owner: int, chain: Chain) -> Finding:
        """The last of the chain waits for a task that waits for no lock: what that one does, all wait for."""
        stack = self._stack(owner)
        guilty = guilty_frame(stack.frames) if stack else None
        text = " ".join(self._sentence(wait) for wait in chain.waits)
        step = f"look at what `{self._comm(owner)}` (PID {owner}) does while it holds the lock"
        if stack is None or guilty is None or guilty.weak:
            return replace(found, explanation=text, next_steps=(step, *found.next_steps), confidence=LIKELY)
        place = Evidence(f"stack:{owner}#{guilty.index}", f"the holder is in {_where(guilty.frame)}", "frame")
        return replace(
            found,
            title=crash_class(found.class_).title_at(f"by {_where(guilty.frame)}"),
            function=guilty.frame.function,
            module=guilty.frame.module or None,
            confidence=CERTAIN,
            evidence=(*found.evidence, place),
            explanation=f"{text} The holder is in `{_where(guilty.frame)}`: it keeps the lock while it waits.",
            next_steps=(step, *found.next_steps),
            skipped=guilty.skipped,
        )

    def _unowned(self, found: Finding, last: Wait) -> Finding:
        if last.kind in _DEVICES:
            return self._unanswered(found, last)
        doubt = "the kernel does not say who should end this wait"
        if last.owner_gone:
            doubt = "the lock is held by a task that has ended: it died, or returned, without giving it back"
        return replace(
            found,
            explanation=f"{found.explanation} {self._sentence(last)}",
            doubts=(*found.doubts, doubt),
        )

    def _unanswered(self, found: Finding, last: Wait) -> Finding:
        """A device did not answer: no function is to blame for waiting."""
        return replace(
            found,
            title="task blocked for too long by input or output that did not end (hung task)",
            function=None,
            module=None,
            confidence=LIKELY,
            explanation=f"{self._sentence(last)} A disk, or a server behind a file system, did not answer: "
            "the function in which it waits is not at fault.",
            next_steps=("check disks, multipath and network file systems for errors before the first report",),
            doubts=found.doubts,
            skipped=(),
        )

    def _evidence(self, chain: Chain) -> list[Evidence]:
        return [
            Evidence(f"task:{wait.pid}", self._sentence(wait).replace("`", "").rstrip("."), "wait")
            for wait in chain.waits
        ]

    def _sentence(self, wait: Wait) -> str:
        text = f"`{self._comm(wait.pid)}` (PID {wait.pid}) waits for {_what(wait)}"
        if wait.owner is None:
            return f"{text}, which a task holds that has ended." if wait.owner_gone else f"{text}."
        holder = f"`{self._comm(wait.owner)}` (PID {wait.owner})"
        return f"{text}, which {holder} {'reads under' if wait.by_reader else 'holds'}."

    def _comm(self, pid: int) -> str:
        tasks = () if isinstance(self.tasks, Missing) else self.tasks.tasks
        return next((task.comm for task in tasks if task.pid == pid), "?")

    def _stack(self, pid: int) -> Stack | None:
        stacks = () if isinstance(self.stacks, Missing) else self.stacks.stacks
        return next((stack for stack in stacks if stack.pid == pid and stack.frames), None)


def _what(wait: Wait) -> str:
    words = _WORDS.get(wait.kind, wait.kind)
    if wait.kind not in _LOCKS:
        return words
    if not wait.name and wait.lock is None:
        return f"a {words}"
    return f"{words} {wait.name}" if wait.name else f"the {words} at {wait.lock:#x}"


def _where(frame: Frame) -> str:
    return f"{frame.function} [{frame.module}]" if frame.module else frame.function
