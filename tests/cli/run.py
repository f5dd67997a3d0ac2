"""Runs the real program."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def kdive(*argv: str | Path, stdin: bytes = b"", **env: str) -> subprocess.CompletedProcess[str]:
    """The program with `argv`, its output as text; no terminal, and nothing of the caller's locale or colours."""
    plain = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")}
    done = subprocess.run(
        [sys.executable, "-m", "kdive", *map(str, argv)],
        input=stdin,
        capture_output=True,
        env=plain | env,
        timeout=60,
        check=False,
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())
