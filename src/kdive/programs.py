"""Other programs, started so that none outlives us, even when we are killed."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from kdive.errors import KdiveError

_TAIL_LINES = 8


def command(argv: Sequence[str]) -> list[str]:
    """`argv`, wrapped so that the kernel kills it when the thread that started it ends.

    setpriv sets PR_SET_PDEATHSIG, prctl(2), and becomes what follows. Where we were killed before that, nothing
    sends the signal any more: the shell looks whose child it is, then becomes the program.
    """
    ours = f'[ "$PPID" = {os.getpid()} ] && exec "$@"'
    return ["setpriv", "--pdeathsig", "KILL", "--", "sh", "-c", ours, "sh", *argv]


def start(argv: Sequence[str], *, duplex: bool = False, **options: Any) -> subprocess.Popen[bytes]:
    """The running program; `duplex` opens its standard input. Raises KdiveError when it is not installed."""
    require(argv[0])
    return subprocess.Popen(command(argv), stdin=subprocess.PIPE if duplex else subprocess.DEVNULL, **options)


def run(
    argv: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout_s: float = 600,
    stdin: IO[bytes] | None = None,
    codes: Collection[int] = (0,),
) -> str:
    """What the program printed to standard output.

    Raises KdiveError with the end of its standard error when it takes too long, is not installed, or ends with another
    exit code than those in `codes`.
    """
    require(argv[0])
    try:
        done = subprocess.run(
            command(argv),
            cwd=cwd,
            env=env,
            stdin=stdin or subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout_s,
        )
    except subprocess.TimeoutExpired as error:
        raise KdiveError(f"{argv[0]} did not end within {timeout_s:.0f} s", hint=" ".join(argv)) from error
    if done.returncode not in codes:
        said = (done.stderr.strip() or done.stdout.strip()).decode("utf-8", "replace").splitlines()[-_TAIL_LINES:]
        raise KdiveError(
            f"{argv[0]} failed with exit code {done.returncode}: " + " / ".join(said or ["it said nothing"]),
            hint="the command was: " + " ".join(argv),
        )
    return done.stdout.decode("utf-8", "replace")


# Which package of Debian brings a program.
_PACKAGES = {
    "qemu-system-x86_64": "qemu-system-x86",
    "qemu-system-aarch64": "qemu-system-arm",
    "apt-get": "apt",
    "dpkg-deb": "dpkg",
    "mke2fs": "e2fsprogs",
    "debugfs": "e2fsprogs",
    "cpio": "cpio",
    "mksquashfs": "squashfs-tools",
    "systemctl": "systemd",
}


def require(program: str) -> None:
    """Raises KdiveError, with the package to install, when `program` is not there."""
    if shutil.which(program) is None:
        package = _PACKAGES.get(program, program)
        raise KdiveError(f"{program} is not installed", hint=f"apt-get install --no-install-recommends {package}")
