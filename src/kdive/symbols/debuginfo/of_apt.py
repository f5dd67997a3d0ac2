"""Debuginfo of Debian's kernels by apt, with its signature checks, in the exact version of the dump."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kdive.errors import KdiveError
from kdive.packages.apt import Apt, suites
from kdive.packages.download import NotThereError, Progress
from kdive.symbols.debuginfo.naming import DebuginfoPackage
from kdive.symbols.debuginfo.of_package import take_out
from kdive.symbols.debuginfo.wanted import Wanted


def fetch(package: DebuginfoPackage, wanted: Wanted, lists: Path, into: Path, progress: Progress) -> str:
    """Puts the files that are wanted in `into`; the suite that had them. `lists` is a folder for apt's lists.

    Raises NotThereError when no suite of the mirror has this version, and says which versions there are.
    """
    others: list[str] = []
    for suite in suites():
        apt = Apt(lists, suite, package.arch)
        try:
            apt.update(progress)
        except KdiveError:
            continue  # a mirror need not have every suite
        versions = apt.versions(package.name)
        if package.version not in versions:
            others += versions
            continue
        exact = [replace(one, version=package.version) for one in apt.show(package.name)]
        [deb] = apt.download(exact, into / "debs", progress)
        take_out(deb, wanted, into, progress)
        deb.unlink()
        deb.parent.rmdir()
        return suite.name
    there = f"; it has {', '.join(dict.fromkeys(others))}" if others else ""
    raise NotThereError(
        f"no suite of apt's mirror has {package.name} in version {package.version}{there}", hint=package.where
    )
