"""A machine as the checks see it: this one, or a saved tree of one, such as a sosreport.

Nothing here writes, starts programs, or leaves the tree: links are followed inside of it, and what is no file is not
opened. A sosreport keeps outputs of commands in sos_commands/; they stand in where the file itself was not saved.
"""

from __future__ import annotations

import fnmatch
import os
import re
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path, PurePosixPath

from kdive.facts.missing import Missing
from kdive.formats.machines import of_utsname
from kdive.kexec import cmdline

_LIMIT = 1 << 20  # bytes read of one file
_LINKS = 40  # followed at most, as the kernel does
_FILES = 4096  # that one pattern may find


@dataclass(frozen=True)
class Host:
    """The machine below `root`."""

    root: Path = Path("/")
    network: bool = False  # whether a check may ask the dump's target

    def again(self) -> Host:
        """The same machine, looked at anew."""
        return replace(self)

    @property
    def live(self) -> bool:
        """This machine itself, not a saved tree."""
        return self.root == Path("/")

    @cached_property
    def partial(self) -> bool:
        """A sosreport: what is not in it may well be on the machine."""
        return self.exists("sos_logs") or self.exists("sos_reports")

    @cached_property
    def now(self) -> float:
        """Seconds since 1970; of a saved tree, when it was saved."""
        saved = self.stat("proc/cmdline")
        return time.time() if self.live or saved is None else saved.st_mtime

    def path(self, name: str) -> Path:
        """Where the file `name` lies; links are followed as they were on that machine."""
        parts = list(reversed(PurePosixPath("/" + name).parts[1:]))
        here: list[str] = []
        links = 0
        while parts:
            part = parts.pop()
            if part == "..":
                here = here[:-1]
                continue
            try:
                target = os.readlink(self.root.joinpath(*here, part))
            except (OSError, ValueError):
                here.append(part)
                continue
            links += 1
            if links > _LINKS:
                return self.root / name.lstrip("/")
            if target.startswith("/"):
                here = []
            parts += [one for one in reversed(target.split("/")) if one not in ("", ".")]
        return self.root.joinpath(*here)

    def exists(self, name: str) -> bool:
        """Whether there is a file or folder of that name."""
        return self.stat(name) is not None

    def hidden(self, name: str) -> bool:
        """Whether root alone can see the file, or read it."""
        try:
            path = self.path(name)
            path.lstat()
        except PermissionError:
            return True
        except (OSError, ValueError):
            return False
        return not os.access(path, os.R_OK, effective_ids=True)

    def stat(self, name: str) -> os.stat_result | None:
        """What stat(2) says of the file; None where it is not there, or not to be seen."""
        try:
            return self.path(name).lstat()
        except (OSError, ValueError):
            return None

    def data(self, name: str, limit: int = _LIMIT) -> bytes | Missing:
        """The first `limit` bytes of the file."""
        try:
            fd = os.open(self.path(name), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            return Missing(f"there is no /{name.lstrip('/')}")
        except (OSError, ValueError) as error:
            return Missing(f"/{name.lstrip('/')}: {getattr(error, 'strerror', None) or error}")
        try:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                return Missing(f"/{name.lstrip('/')} is no file")
            with os.fdopen(os.dup(fd), "rb") as file:
                return file.read(limit)
        except OSError as error:
            return Missing(f"/{name.lstrip('/')}: {error.strerror}")
        finally:
            os.close(fd)

    def text(self, *names: str) -> str | Missing:
        """The text of the first of the files that can be read, without white space around it."""
        first: Missing | None = None
        for name in names:
            data = self.data(name)
            if not isinstance(data, Missing):
                return data.decode("utf-8", "replace").strip()
            first = data if first is None else first
        return Missing("no file is named") if first is None else first

    def glob(self, pattern: str) -> list[str]:
        """Names, from the root on, of what fits `pattern`, sorted; of the first thousands. Links count as they are."""
        found = [""]
        for segment in pattern.split("/"):
            if "*" in segment:
                found = [f"{name}/{inner}".lstrip("/") for name in found for inner in self._names(name, segment)]
            else:
                found = [f"{name}/{segment}".lstrip("/") for name in found]
                found = [name for name in found if self._is_there(name)]
            del found[_FILES:]
        return found

    def _names(self, folder: str, pattern: str) -> list[str]:
        try:
            with os.scandir(self.path(folder)) as scan:
                names = [one.name for one in islice(scan, _FILES)]
        except (OSError, ValueError):
            return []
        return sorted(fnmatch.filter(names, pattern))

    def _is_there(self, name: str) -> bool:
        folder, _, last = name.rpartition("/")
        try:
            (self.path(folder) / last).lstat()
        except (OSError, ValueError):
            return False
        return True

    def number(self, name: str) -> int | Missing:
        """The decimal number that the file holds."""
        text = self.text(name)
        if isinstance(text, Missing):
            return text
        return int(text) if re.fullmatch(r"-?[0-9]{1,20}", text) else Missing(f"/{name}: not a number: {text[:40]}")

    def sysctl(self, name: str) -> int | Missing:
        """The number of a sysctl: "kernel.panic"."""
        number = self.number("proc/sys/" + name.replace(".", "/"))
        if isinstance(number, Missing) and name in self._sysctls:
            return self._sysctls[name]
        return number

    @cached_property
    def _sysctls(self) -> dict[str, int]:
        text = self.text("sos_commands/kernel/sysctl_-a")
        found = re.findall(r"^([\w.]+) = (-?[0-9]{1,20})$", text, re.MULTILINE) if isinstance(text, str) else []
        return {name: int(value) for name, value in found}

    @cached_property
    def _uname(self) -> re.Match[str] | None:
        """`uname -a`: Linux HOST RELEASE … MACHINE GNU/Linux; some print the processor as well."""
        text = self.text("sos_commands/kernel/uname_-a")
        return re.match(r"Linux \S+ (\S+) .*?(\w+)(?: \w+){0,2} GNU/Linux", text) if isinstance(text, str) else None

    @cached_property
    def release(self) -> str | Missing:
        """The running kernel's release, as `uname -r` prints it."""
        if self.live:
            return os.uname().release
        text = self.text("proc/sys/kernel/osrelease")
        if isinstance(text, str) and text:
            return text
        version = self.text("proc/version")
        found = re.match(r"Linux version (\S+)", version) if isinstance(version, str) else self._uname
        return found.group(1) if found else Missing("nothing in the tree names the kernel's release")

    @cached_property
    def arch(self) -> str | Missing:
        """The machine's architecture, as `uname -m` prints it on a kernel of its own size."""
        if self.live:
            return of_utsname(os.uname().machine)
        text = self.text("proc/sys/kernel/arch")  # v6.1
        if isinstance(text, str) and text:
            return of_utsname(text)
        if self._uname:
            return of_utsname(self._uname.group(2))
        release = self.release if isinstance(self.release, str) else ""
        for ending, arch in _ARCH_OF_RELEASE.items():
            if release.endswith(ending):
                return arch
        return Missing("nothing in the tree names the architecture")

    @cached_property
    def cmdline(self) -> str | Missing:
        """The running kernel's command line."""
        return self.text("proc/cmdline")

    def words(self) -> Iterator[str]:
        """The parameters of the command line, quoted ones whole."""
        if isinstance(self.cmdline, str):
            yield from cmdline.words(self.cmdline)

    def parameter(self, name: str) -> list[str]:
        """The values that the command line gives to `name`, "" where it only names it."""
        found = [word.partition("=") for word in self.words()]
        return [value.strip('"') for key, _, value in found if key.replace("-", "_") == name.replace("-", "_")]

    @cached_property
    def log(self) -> str | Missing:
        """The kernel's log of this boot, as far as it is kept."""
        if self.live:
            from kdive.kdump.doctor.live import kernel_log

            return kernel_log()
        return self.text("sos_commands/kernel/dmesg", "var/log/dmesg")


_ARCH_OF_RELEASE = {
    ".x86_64": "x86_64", "-amd64": "x86_64", ".aarch64": "aarch64", "-arm64": "aarch64",
    ".ppc64le": "ppc64le", ".s390x": "s390x", ".riscv64": "riscv64",
}  # fmt: skip
