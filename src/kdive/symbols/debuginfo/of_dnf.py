"""Debuginfo by dnf, where this machine has it, with all the repositories that it knows, the disabled ones too."""

from __future__ import annotations

import shutil
from pathlib import Path

from kdive import programs
from kdive.errors import KdiveError
from kdive.packages.download import NotThereError, Progress
from kdive.symbols.debuginfo.naming import DebuginfoPackage
from kdive.symbols.debuginfo.of_package import take_out
from kdive.symbols.debuginfo.wanted import Wanted

_DOWNLOAD_S = 3600.0


def is_here() -> bool:
    return shutil.which("dnf") is not None


def fetch(packages: tuple[DebuginfoPackage, ...], wanted: Wanted, into: Path, progress: Progress) -> str:
    """Puts the files that are wanted in `into`; the package. Raises NotThereError where no repository has it."""
    names = dict.fromkeys(f"{package.name}-{package.version}.{package.arch}" for package in packages)
    said = ""
    for name in names:
        progress(f"asking dnf for {name}")
        folder = into / "rpms"
        options = ["--quiet", "--assumeyes", "--enablerepo=*debug*", f"--destdir={folder}"]
        try:
            programs.run(["dnf", "download", *options, name], timeout_s=_DOWNLOAD_S)
        except KdiveError as error:
            said = error.message
            continue
        for file in sorted(folder.glob("*.rpm")):
            take_out(file, wanted, into, progress)
        shutil.rmtree(folder)
        return name
    raise NotThereError(f"dnf has no {' or '.join(names)}: {said}", hint="`kdive debuginfo name` says who has")
