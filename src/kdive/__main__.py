"""`python -m kdive` is the `kdive` program."""

from __future__ import annotations

from kdive.cli.main import program

program()
