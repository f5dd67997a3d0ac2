"""List the kinds of crashes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from kdive.cli.terminal import Terminal
from kdive.errors import EXIT_OK
from kdive.options import Opt


@dataclass(frozen=True)
class Options:
    json: Annotated[bool, Opt(help="JSON, with class, function and module that a right report names")] = False


def run(options: Options, terminal: Terminal) -> int:
    """Writes one line for each kind."""
    from kdive.lab import kind

    names = kind.names()
    if options.json:
        import json

        rows = [_row(name) for name in names]
        terminal.write(json.dumps({"schema": "kdive-lab-kinds/1", "kinds": rows}, indent=2))
        return EXIT_OK
    width = max(map(len, names))
    terminal.write("\n".join(f"{name:<{width}}  {kind.summary(name)}" for name in names))
    return EXIT_OK


def _row(name: str) -> dict[str, object]:
    from kdive.lab import kind

    known = kind.load(name)
    return {
        "kind": name,
        "what": kind.summary(name),
        "class": known.class_,
        "function": known.function,
        "module": known.module,
        "cpus": known.cpus,
        "arches": known.arches,
        "needs": known.needs,
        "captured_by": known.dump_by,
    }
