"""kexec(8), for kernels that have no kexec_file_load, as Debian's for arm64: it places the segments itself."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from kdive.kexec.calls import FileFlag
from kdive.kexec.plan import LoadError, LoadPlan

_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin")
_ELF_MAGIC = b"\x7fELF"
_TIMEOUT_S = 120
_TAIL_LINES = 6


def find(folders: str | None = None, why: str = "this kernel has no kexec_file_load") -> Path:
    """kexec(8) in `folders`, else in PATH and where root's programs are. Raises LoadError when it is not installed.

    It is a program; a link to kdive by the same name is a script.
    """
    usual = [*os.environ.get("PATH", "").split(os.pathsep), *_FOLDERS]
    for folder in filter(None, usual if folders is None else folders.split(os.pathsep)):
        found = shutil.which("kexec", path=folder)
        if found and _is_program(Path(found)):
            return Path(found)
    raise LoadError(
        f"{why}, and kexec(8), which could do it, is not installed",
        hint="install kexec-tools (apt-get install kexec-tools, dnf install kexec-tools)",
    )


def load_argv(program: Path, plan: LoadPlan, kernel: str, initrd: str) -> list[str]:
    """The call that loads; `kernel` and `initrd` ("" for none) are paths that it can open."""
    argv = [str(program), "-c", "-p" if plan.crash else "-l", kernel, f"--command-line={plan.cmdline}"]
    argv += [f"--initrd={initrd}"] if initrd else []
    argv += ["-d"] if plan.flags & FileFlag.DEBUG else []
    return argv


def become(argv: Sequence[str]) -> NoReturn:
    """Hands `argv` over to kexec(8). Raises LoadError when it is not installed, or cannot be started."""
    program = find(why="kdive has no part of these options")
    try:
        os.execv(program, ["kexec", *argv])
    except OSError as error:
        raise LoadError(f"{program}: {error.strerror}", hint="install kexec-tools again") from error


def run(argv: Sequence[str], fds: Sequence[int] = ()) -> str:
    """What it says on standard error, "" when it succeeds. `fds` stay open in it."""
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, pass_fds=fds, timeout=_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return f"it did not end within {_TIMEOUT_S} s"
    except OSError as error:
        return error.strerror or str(error)
    if done.returncode == 0:
        return ""
    said = done.stderr.decode("utf-8", "replace").strip().splitlines()[-_TAIL_LINES:]
    return " / ".join(said) or f"it ended with exit code {done.returncode}"


def _is_program(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_ELF_MAGIC)) == _ELF_MAGIC
    except OSError:
        return False
