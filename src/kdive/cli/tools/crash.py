"""crash(8): its command line, for the commands that kdive has."""

from __future__ import annotations

from collections.abc import Sequence

from kdive.cli.terminal import Terminal


def run(argv: Sequence[str], terminal: Terminal) -> int:
    """Does what crash(8) would with `argv`, as far as `kdive crash` takes its options."""
    from kdive.cli.main import run as run_kdive

    return run_kdive(["crash", *argv])
