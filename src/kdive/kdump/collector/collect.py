"""The capture as a whole: one target after the other until one has the dump, and an end whatever happens."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kdive.kdump.capture_plan import CapturePlan
from kdive.kdump.collector import machine
from kdive.kdump.collector.attempt import Task, attempt, read_dump_log
from kdive.kdump.collector.child import Ended, Limits, Send, Stopping, in_child
from kdive.kdump.collector.core_collector import Way
from kdive.kdump.collector.hooks import programs_in, run_hook
from kdive.kdump.collector.machine import Console, MemoryUse, Watchdog
from kdive.kdump.collector.targets.opening import MOUNTS

POST_FOLDER = "etc/kdump/post.d"
EMERGENCY_FOLDER = "etc/kdump/emergency.d"
_LAST_S = 30.0  # for what is done once the capture is over
_CLOSING_S = 20.0  # for a dump that is cut short
_SHELL = "/bin/sh"


@dataclass(frozen=True)
class Captured:
    """What became of it."""

    complete: bool
    where: str = ""
    folder: str = ""  # where it is mounted
    log_saved: bool = False
    problems: tuple[str, ...] = ()  # of each target that did not take the whole dump


class Collector:
    """One capture, in the tree below `root`."""

    def __init__(self, plan: CapturePlan, root: Path = Path("/")) -> None:
        self._plan = plan
        self._root = root
        self._console = Console(root)
        self._memory = MemoryUse(root)
        self._watchdog = Watchdog(root)
        self._stop = Stopping()
        self._begun = time.time()
        self._ends = time.monotonic() + plan.deadline_s

    def capture(self) -> Captured:
        """Saves the dump, and runs the hooks. What is mounted stays so."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._stop.ask)
        self._spare_us()
        plan = self._plan
        test = f", test {plan.test_id}" if plan.test_id else ""
        self._console.say(f"{plan.host} ({plan.kernel}) has crashed{test}: its dump is being saved")
        captured = self._try_targets()
        if not captured.log_saved:
            self._keep_log()
        said = f"the dump is saved to {captured.where}" if captured.complete else "the dump is not complete"
        self._console.say(said)
        self._hooks(captured)
        return captured

    def finish(self, captured: Captured) -> str:
        """Lets go of what is mounted; the final action that is due."""
        in_child(self._unmount, Limits(_LAST_S, _LAST_S, closing_s=1), self._tick, Stopping())
        action = self._plan.failure_action
        if not captured.complete and action == "shell":
            self._watchdog.disarm()
            with suppress(OSError):
                subprocess.run([_SHELL], check=False)
        if captured.complete or action in ("shell", "dump_to_rootfs"):
            action = self._plan.final_action
        if action == "halt":
            self._watchdog.disarm()
        return action

    def _try_targets(self) -> Captured:
        plan = self._plan
        name = f"{plan.address}-{time.strftime('%Y-%m-%d-%H:%M:%S', time.localtime(self._begun))}"
        best, pre = Captured(False), None
        problems: list[str] = []
        tries = [(place, way) for place in plan.places for way in Way]
        not_made = False
        for place, way in tries:
            if way != Way.FILTER and not not_made:
                continue
            task = Task(plan, place, name, self._root, self._begun, tuple(problems), pre, way)
            ended = self._attempt(task)
            pre, not_made = ended.said.get("pre", pre), ended.not_made
            found = self._captured(ended)
            best = max(best, found, key=lambda one: (one.complete, one.log_saved, bool(one.where)))
            if found.complete:
                break
            why = ended.problem or str(ended.said.get("reason", "")) or "it ended early"
            problems.append(f"{ended.said.get('where') or place.device or place.login or place.url}: {why}")
            self._console.say(problems[-1])
            if pre or self._stop.asked or time.monotonic() > self._ends:
                break
        return Captured(best.complete, best.where, best.folder, best.log_saved, tuple(problems))

    def _attempt(self, task: Task) -> Ended:
        def work(send: Send, stopping: Stopping) -> None:
            attempt(task, self._memory, send, stopping)

        left = max(1.0, self._ends - time.monotonic())
        limits = Limits(left, self._plan.stall_s, min(_CLOSING_S, self._plan.stall_s))
        return in_child(work, limits, self._tick, self._stop)

    @staticmethod
    def _captured(ended: Ended) -> Captured:
        said = ended.said
        complete = said.get("complete") is True and not ended.problem
        return Captured(complete, said.get("where", ""), said.get("folder", ""), said.get("log") is True)

    def _keep_log(self) -> None:
        """No target took the log."""

        def work(send: Send, stopping: Stopping) -> None:
            kept = self._console.keep_log(read_dump_log(self._root / "proc/vmcore"))
            self._console.say("the end of the log is kept in pstore and on the console" if kept else "the log is lost")

        in_child(work, Limits(_LAST_S, _LAST_S, closing_s=1), self._tick, Stopping())

    def _hooks(self, captured: Captured) -> None:
        status = "0" if captured.complete else "1"
        plan, environment = self._plan, {"KDIVE_DUMP": captured.folder, "KDIVE_STATUS": status}
        programs = [*programs_in(self._root / POST_FOLDER), *([plan.kdump_post] if plan.kdump_post else [])]
        if not captured.complete:
            programs += programs_in(self._root / EMERGENCY_FOLDER)
            programs += [plan.kdump_emergency] if plan.kdump_emergency else []
        for program in programs:
            code = run_hook([program, status], plan.hook_deadline_s, lambda: self._tick(True), environment)
            if code:
                self._console.say(f"{program} ended with {code}")

    def _unmount(self, send: Send, stopping: Stopping) -> None:
        from kdive.kdump.collector import mounting

        for index in range(len(self._plan.places)):
            folder = self._root / MOUNTS / str(index)
            if os.path.ismount(folder):
                mounting.unmount(folder)
        os.sync()

    def _tick(self, progress: bool) -> None:
        self._memory.sample()
        if progress:
            self._watchdog.pet()

    def _spare_us(self) -> None:
        """Memory is made free by ending the child, which this process outlives."""
        if self._root == Path("/"):
            with suppress(OSError):
                Path("/proc/self/oom_score_adj").write_text("-1000")


def end(action: str) -> None:
    """Reboots, halts or switches off, at once."""
    machine.end(action)
