"""Save the dump of the kernel that crashed: the main job of the capture kernel.

Follows the plan that lies in the capture image: the log goes first, then memory, to the first target that takes it.
Whatever fails, the machine reboots in the end, or does what failure_action and final_action of the configuration say.

--root DIR tries it out in a folder that holds proc/vmcore (any dump) and the plan; nothing is rebooted then. Without it
kdive collect refuses to run on a machine that is no capture kernel.

Exits with 1 when the dump is not complete.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from kdive.cli.terminal import Terminal
from kdive.errors import EXIT_NO_VERDICT, EXIT_OK, KdiveError
from kdive.options import Opt


@dataclass(frozen=True)
class Options:
    plan: Annotated[Path | None, Opt("FILE", "the plan (default: etc/kdive/capture.json)")] = None
    root: Annotated[Path, Opt("DIR", "the tree to work in; nothing is rebooted", folder=True)] = Path("/")


def run(options: Options, terminal: Terminal) -> int:
    """Captures, then ends."""
    from kdive.kdump.capture_plan import PLAN, read_plan
    from kdive.kdump.collector.collect import Collector, end

    if not (options.root / "proc/vmcore").exists():
        raise KdiveError(
            f"{options.root / 'proc/vmcore'} is not there: this is no capture kernel",
            hint="kdive test crashes the machine and shows whether it is captured",
        )
    plan = read_plan(options.plan or options.root / PLAN)
    collector = Collector(plan, options.root)
    captured = collector.capture()
    for problem in captured.problems:
        terminal.note(problem)
    if captured.where:
        terminal.write(f"{'saved' if captured.complete else 'not complete'}  {captured.where}")
        terminal.flush()
    action = collector.finish(captured)
    if options.root == Path("/"):
        end(action)
    return EXIT_OK if captured.complete else EXIT_NO_VERDICT
