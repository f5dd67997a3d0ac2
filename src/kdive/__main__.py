"""`python -m kdive` is the `kdive` program."""

from __future__ import annotations

import sys

from kdive.cli.main import run

sys.exit(run())
