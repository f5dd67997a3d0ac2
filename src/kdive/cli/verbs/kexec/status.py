"""Tell what is loaded.

Which kernels are loaded, what is reserved for the one that starts at a crash, and whether loads are allowed still.

Exits with 0; with --loaded, with 1 when that kernel is not loaded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from kdive.cli.terminal import Terminal
from kdive.errors import EXIT_NO_VERDICT, EXIT_OK
from kdive.options import Opt

if TYPE_CHECKING:
    from kdive.facts.missing import Missing
    from kdive.kexec.remember import Loaded
    from kdive.kexec.state import State


@dataclass(frozen=True)
class Options:
    json: Annotated[bool, Opt(help="JSON")] = False
    loaded: Annotated[str, Opt("WHICH", "exit with 1 when it is not loaded: reboot, crash", ("reboot", "crash"))] = ""
    root: Annotated[Path, Opt("DIR", "look at this saved tree instead of the machine", folder=True)] = Path("/")


def run(options: Options, terminal: Terminal) -> int:
    """Writes what is loaded."""
    from kdive.kexec.remember import recall
    from kdive.kexec.state import read_state

    state = read_state(options.root)
    known = {"reboot": recall(False, options.root), "crash": recall(True, options.root)}
    terminal.write(_json(state, known) if options.json else "\n".join(_lines(state, known)))
    wanted = {"reboot": state.loaded, "crash": state.crash_loaded, "": True}[options.loaded]
    return EXIT_OK if wanted else EXIT_NO_VERDICT


def _json(state: State, known: dict[str, Loaded | Missing]) -> str:
    import json

    from kdive.facts.codec import to_json

    return json.dumps({"schema": "kdive-kexec-status/1", **to_json(state), "images": to_json(known)}, indent=2)


def _lines(state: State, known: dict[str, Loaded | Missing]) -> Iterator[str]:
    from kdive.facts.missing import Missing

    yield f"at a reboot   {_loaded(state.loaded, known['reboot'])}"
    yield f"at a crash    {_loaded(state.crash_loaded, known['crash'])}"
    yield f"reserved      {_reserved(state)}"
    if isinstance(state.cma_ranges, str) and state.cma_ranges:
        yield f"from CMA      {state.cma_ranges}"
    if not isinstance(state.elfcorehdr_size, Missing):
        yield "hotplug       the kernel itself tells the capture kernel of new CPUs and memory"
    if state.load_disabled:
        yield "loads         none any more: kernel.kexec_load_disabled is set until the next boot"
    for name, limit in (("reboot", state.load_limit_reboot), ("crash", state.load_limit_panic)):
        if not isinstance(limit, Missing) and limit >= 0:
            yield f"loads         {limit} left for {name}"
    if not isinstance(state.lockdown, Missing) and state.lockdown != "none":
        yield f"lockdown      {state.lockdown}: signed kernels alone"


def _loaded(value: bool | Missing, known: Loaded | Missing) -> str:
    from kdive.facts.missing import Missing

    if isinstance(value, Missing):
        return f"not known: {value.reason}"
    if not value:
        return "nothing is loaded"
    if isinstance(known, Missing):
        return f"a kernel is loaded; {known.reason}"
    changed = known.changed()
    words = f"{known.kernel.path} ({known.version})" if known.version else known.kernel.path
    return f"{words} is loaded" + (f"; since then changed: {', '.join(changed)}" if changed else "")


def _reserved(state: State) -> str:
    from kdive.facts.missing import Missing

    if isinstance(state.crash_size, Missing):
        return f"not known: {state.crash_size.reason}"
    if state.crash_size == 0:
        return "nothing: the kernel was booted without crashkernel=, or could not reserve it"
    text = f"{state.crash_size >> 20} MB"
    if not isinstance(state.reserved, Missing):
        text += " (" + ", ".join(f"{one.start:#x}-{one.end:#x}" for one in state.reserved) + ")"
    return text
