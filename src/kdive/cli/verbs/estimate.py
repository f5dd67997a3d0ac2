"""Say how much memory the capture kernel needs, and what to reserve with crashkernel=.

  kdive estimate
  kdive estimate --explain 2G-64G:256M,64G-:512M
  kdive estimate --root sosreport-web1/

Nothing is written, and no root's rights are needed (with them the machine's memory is known to the byte).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from kdive.cli.terminal import Terminal
from kdive.errors import EXIT_NO_VERDICT, EXIT_OK
from kdive.facts.missing import Missing
from kdive.options import Opt
from kdive.units import ByteCount, size

if TYPE_CHECKING:
    from kdive.kdump.reservation import Estimate


@dataclass(frozen=True)
class Options:
    kernel: Annotated[str, Opt("RELEASE", "for this kernel (default: the one that runs)")] = ""
    explain: Annotated[tuple[str, ...], Opt("WORDS", "say what crashkernel=WORDS reserves on this machine")] = ()
    ram: Annotated[ByteCount | None, Opt("SIZE", "on a machine with so much memory", parse=size)] = None
    arch: Annotated[str, Opt("ARCH", "of this architecture (default: this machine's)")] = ""
    root: Annotated[Path, Opt("DIR", "of the machine whose files lie there", folder=True)] = Path("/")
    json: Annotated[bool, Opt(help="JSON")] = False


def run(options: Options, terminal: Terminal) -> int:
    """Writes the sum; exits with 1 where less is reserved than is needed."""
    arch = options.arch or os.uname().machine
    if options.explain:
        return _explain(options, arch, terminal)
    from kdive.kdump.reservation import estimate

    found = estimate(options.kernel or os.uname().release, arch, options.root)
    if options.json:
        import json

        from kdive.facts.codec import to_json

        terminal.write(json.dumps({"schema": "kdive-estimate/1", **to_json(found)}, indent=2))
    else:
        terminal.write("\n".join(_lines(found)))
    enough = not isinstance(found.reserved, Missing) and found.reserved >= found.needed
    return EXIT_OK if enough else EXIT_NO_VERDICT


def _lines(found: Estimate) -> list[str]:
    lines = [f"{need.what:<36}{need.size >> 20:>7} MB" for need in found.needs]
    lines += [f"{'needed':<36}{found.needed >> 20:>7} MB", ""]
    if isinstance(found.reserved, Missing):
        lines.append(f"reserved   unknown: {found.reserved.reason}")
    elif found.reserved:
        verdict = "enough" if found.reserved >= found.needed else "too little"
        lines.append(f"reserved   {found.reserved >> 20} MB: {verdict}")
    else:
        lines.append("reserved   nothing")
    if not isinstance(found.configured, Missing) and found.configured.size:
        lines.append(f"asked for  {found.configured.why}")
    if isinstance(found.ram, Missing):
        lines.append(f"advised    unknown: {found.ram.reason}")
    elif found.advised:
        lines.append(f"advised    crashkernel={found.advised}   (this machine has {found.ram >> 20} MB)")
    else:
        lines.append(f"advised    nothing: a machine with {found.ram >> 20} MB cannot spare any")
    return [*lines, *(f"note: {note}" for note in found.notes)]


def _explain(options: Options, arch: str, terminal: Terminal) -> int:
    from kdive.errors import KdiveError
    from kdive.kdump.crashkernel_words import reservation
    from kdive.kdump.reservation import ram_of

    ram = options.ram or ram_of(options.root)
    if isinstance(ram, Missing):
        raise KdiveError(ram.reason, hint="say it with --ram 16G")
    values = [one.removeprefix("crashkernel=") for one in options.explain]
    found = reservation(values, ram, arch)
    if options.json:
        import json

        from kdive.facts.codec import to_json

        terminal.write(json.dumps({"schema": "kdive-crashkernel/1", "ram": ram, **to_json(found)}, indent=2))
    else:
        more = f"; {found.cma >> 20} MB of CMA beside it" if found.cma else ""
        terminal.write(f"{found.why}{more}" if found.size else f"reserves nothing: {found.why}{more}")
    return EXIT_OK if found.size else EXIT_NO_VERDICT
