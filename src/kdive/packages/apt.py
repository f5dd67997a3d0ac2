"""Packages of any suite and architecture of Debian, by apt, beside the system's own: nothing is installed."""

from __future__ import annotations

import fcntl
import os
import re
import time
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from kdive import programs
from kdive.errors import KdiveError

Progress = Callable[[str], None]

_SUITES = Path(__file__).parent / "data" / "suites.toml"
_KEYS = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_LISTS_AGE_S = 24 * 3600.0
_LISTS_FRESH_S = 600.0
_DOWNLOAD_S = 1800.0
ARCHES = {"x86_64": "amd64", "aarch64": "arm64"}  # as uname -m prints it → Debian's name


@dataclass(frozen=True)
class Suite:
    name: str
    archives: tuple[tuple[str, str], ...]  # label of the mirror, suite there


@dataclass(frozen=True)
class Package:
    """What apt says of one version of a package."""

    name: str
    version: str
    depends: tuple[str, ...]  # names alone, the first of alternatives
    size: int  # bytes to download


def suites() -> list[Suite]:
    """All that the lab knows, the likeliest first."""
    with _SUITES.open("rb") as file:
        return [
            Suite(one["name"], tuple((label, suite) for label, suite in one["archives"]))
            for one in tomllib.load(file)["suite"]
        ]


@cache
def mirrors() -> dict[str, str]:
    """Label → address of the mirrors that this machine's own apt uses."""
    lines = programs.run(["apt-get", "indextargets", "--format", "$(LABEL)\t$(REPO_URI)", "Created-By: Packages"])
    pairs = (line.split("\t") for line in lines.splitlines() if line.count("\t") == 1)
    return {label: address.rstrip("/") for label, address in pairs if label and address}


class Apt:
    """apt over one suite, with lists, cache and an empty status of its own below `folder`."""

    def __init__(self, folder: Path, suite: Suite, arch: str, mirror: str = "") -> None:
        """`arch` is Debian's name of it; `mirror` an address to use instead of the machine's own mirrors.

        Raises KdiveError where this machine knows no mirror, or lacks Debian's keys.
        """
        self._folder = folder / f"{suite.name}-{arch}"
        self._suite, self._arch, self._mirror = suite, arch, mirror
        if not _KEYS.exists():
            raise KdiveError(
                "Debian's keys are not installed: packages could not be checked",
                hint="apt-get install debian-archive-keyring",
            )

    def update(self, progress: Progress, age_s: float = _LISTS_AGE_S) -> None:
        """Fetches the lists of packages, where those at hand are older than `age_s`, by default a day."""
        for name in ("empty", "cache", "lists/partial"):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        with (self._folder / "status").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            stamp = self._folder / "updated"
            if stamp.exists() and time.time() - stamp.stat().st_mtime < age_s and self._sources_are_current():
                return
            progress(f"reading what Debian {self._suite.name} has for {self._arch}")
            stamp.unlink(missing_ok=True)
            self._sources.write_text(self._sources_text())
            self._run("apt-get", "update", timeout_s=_DOWNLOAD_S)
            stamp.touch()

    def names(self, pattern: str) -> list[str]:
        """Names of packages that match the regular expression as a whole, sorted."""
        wanted = re.compile(pattern)
        return sorted(name for name in self._run("apt-cache", "pkgnames").split() if wanted.fullmatch(name))

    def show(self, *names: str) -> list[Package]:
        """The newest version of each of `names`; those that do not exist are left out."""
        if not names:
            return []
        text = self._run("apt-cache", "show", "--no-all-versions", *names, codes=(0, 100))
        return [_package(paragraph) for paragraph in text.split("\n\n") if paragraph.startswith("Package:")]

    def versions(self, name: str) -> list[str]:
        """Every version of the package that the suite has, newest first."""
        text = self._run("apt-cache", "madison", name, codes=(0, 100))
        rows = (line.split("|") for line in text.splitlines())
        return list(dict.fromkeys(row[1].strip() for row in rows if len(row) > 1))

    def download(self, packages: Sequence[Package], into: Path, progress: Progress) -> list[Path]:
        """The .deb files of exactly these versions, in `into`."""
        into.mkdir(parents=True, exist_ok=True)
        total = sum(package.size for package in packages)
        progress(f"fetching {', '.join(package.name for package in packages)} ({total >> 20} MB)")
        wanted = [f"{package.name}={package.version}" for package in packages]
        self._fetch(progress, "download", *wanted, cwd=into)
        return sorted(into.glob("*.deb"))

    def download_with_depends(self, names: Sequence[str], into: Path, progress: Progress) -> list[Path]:
        """The .deb files of `names` and of all that they depend on, as for an empty machine, in `into`."""
        progress(f"fetching {names[0]} and what it needs")
        (into / "partial").mkdir(parents=True, exist_ok=True)
        archives = ("-o", f"Dir::Cache::Archives={into}")
        self._fetch(progress, *archives, "install", "--download-only", "--yes", *names)
        return sorted(into.glob("*.deb"))

    def _fetch(self, progress: Progress, *arguments: str, cwd: Path | None = None) -> None:
        """Has apt-get download; once more with new lists, since mirrors drop the versions that old lists name."""
        try:
            self._run("apt-get", *arguments, cwd=cwd, timeout_s=_DOWNLOAD_S)
        except KdiveError:
            self.update(progress, age_s=_LISTS_FRESH_S)
            self._run("apt-get", *arguments, cwd=cwd, timeout_s=_DOWNLOAD_S)

    @property
    def _sources(self) -> Path:
        return self._folder / "sources.list"

    def _sources_are_current(self) -> bool:
        try:
            return self._sources.read_text() == self._sources_text()
        except OSError:
            return False

    def _sources_text(self) -> str:
        known = mirrors()
        lines = []
        for label, suite in self._suite.archives:
            address = self._mirror if self._mirror and label == "Debian" else known.get(label, "")
            if address:
                lines.append(f"deb [signed-by={_KEYS}] {address} {suite} main\n")
        if not lines:
            raise KdiveError(
                "apt knows no mirror of Debian here", hint="run `apt-get update` once, or name one with --mirror"
            )
        return "".join(lines)

    def _run(
        self,
        program: str,
        *arguments: str,
        cwd: Path | None = None,
        timeout_s: float = 120,
        codes: Sequence[int] = (0,),
    ) -> str:
        settings = {
            "Dir::Etc::SourceList": self._sources,
            "Dir::Etc::SourceParts": self._folder / "empty",
            "Dir::Etc::Preferences": self._folder / "status",
            "Dir::Etc::PreferencesParts": self._folder / "empty",
            "Dir::State::Lists": self._folder / "lists",
            "Dir::State::Status": self._folder / "status",
            "Dir::Cache": self._folder / "cache",
            "Dir::Cache::pkgcache": "pkgcache.bin",  # images of containers turn it off: four times slower
            "Dir::Cache::srcpkgcache": "",
            "APT::Architecture": self._arch,
            "APT::Architectures": self._arch,
            "APT::Default-Release": "",
            "APT::Install-Recommends": "false",
            "APT::Sandbox::User": "root",
            "APT::Update::Error-Mode": "any",
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
            "Debug::NoLocking": "true",
        }
        options = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
        quiet = ["-qq"] if program == "apt-get" else []
        environment = {**os.environ, "LC_ALL": "C"}
        argv = [program, *quiet, *options, *arguments]
        return programs.run(argv, cwd=cwd, env=environment, timeout_s=timeout_s, codes=codes)


def _package(paragraph: str) -> Package:
    fields = dict(line.split(": ", 1) for line in paragraph.splitlines() if re.match(r"[\w-]+: ", line))
    depends = ", ".join(filter(None, (fields.get("Pre-Depends"), fields.get("Depends"))))
    names = (re.split(r"[ (:|]", part.strip())[0] for part in depends.split(","))
    return Package(fields["Package"], fields["Version"], tuple(filter(None, names)), int(fields.get("Size", 0)))
