"""The `kdive` program."""

from __future__ import annotations


def run() -> int:
    """Runs the command line; returns the exit code."""
    return 0
