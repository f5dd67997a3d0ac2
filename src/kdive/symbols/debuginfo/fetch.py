"""From a kernel to its vmlinux: in the cache, else from the first source that has the right one."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from kdive.errors import KdiveError, MismatchError
from kdive.packages.download import NotThereError, Progress, is_address
from kdive.symbols.belongs import check
from kdive.symbols.debuginfo import of_apt, of_debuginfod, of_dnf, of_package, of_repository
from kdive.symbols.debuginfo.cache import VMLINUX, Cache, Entry
from kdive.symbols.debuginfo.naming import debuginfo_packages, debuginfod_of
from kdive.symbols.debuginfo.wanted import Wanted
from kdive.symbols.identity import KernelIdentity
from kdive.symbols.vmlinux import read_vmlinux

PACKAGE_SUFFIXES = (".rpm", ".deb", ".ddeb")


@dataclass(frozen=True)
class Source:
    """A place that may have it; `get` puts files in a folder, and raises NotThereError where it has none."""

    name: str
    get: Callable[[Path, Progress], object]


def fetch(wanted: Wanted, sources: Iterator[Source], cache: Cache, progress: Progress, limit: int) -> Entry:
    """The debuginfo of the kernel, in the cache.

    Raises MismatchError when all that is found is of another kernel, KdiveError when no source has it.
    """
    here = cache.find(wanted.kernel)
    if here is not None and all((here.folder / f"{name}.ko.debug").exists() for name in wanted.modules):
        return here
    said: list[KdiveError] = []
    with cache.making(wanted.kernel) as folder:
        for source in sources:
            try:
                source.get(folder, progress)
                kernel = _verified(folder, wanted, source.name)
            except KdiveError as error:
                said.append(error)
                continue
            entry = cache.keep(folder, kernel, source.name)
            cache.prune(limit, keep=entry)
            return entry
    raise _failure(wanted, said)


def _verified(folder: Path, wanted: Wanted, source: str) -> KernelIdentity:
    """The kernel, with what its vmlinux says beyond the dump. Raises KdiveError, and removes it, when it is wrong."""
    path = folder / VMLINUX
    if not path.exists():
        raise NotThereError(f"{source}: holds no vmlinux of {wanted.kernel.release}", hint="is it the right package?")
    try:
        file = read_vmlinux(path)
        check(file, wanted.kernel)
        if not file.has_debuginfo:
            raise KdiveError(f"{source}: its vmlinux has no debuginfo", hint="the debuginfo package has")
    except KdiveError:
        path.unlink()
        raise
    missing = [name for name in wanted.modules if not (folder / f"{name}.ko.debug").exists()]
    if missing:
        raise NotThereError(f"{source}: has no module {', '.join(sorted(missing))}", hint="leave --module out")
    build_id = wanted.kernel.build_id or file.build_id
    return KernelIdentity(wanted.kernel.release or file.release, wanted.kernel.version, build_id)


def _failure(wanted: Wanted, said: list[KdiveError]) -> KdiveError:
    if not said:
        return KdiveError(
            f"nobody is known who would have the debuginfo of {wanted.kernel.release or 'this kernel'}",
            hint="name a package, its address, or a repository with --from",
        )
    if len(said) == 1:
        return said[0]
    kind = MismatchError if all(isinstance(error, MismatchError) for error in said) else KdiveError
    reasons = "; ".join(error.message for error in said)
    return kind(f"no source has it: {reasons}", hint="`kdive debuginfo name` says what it is called")


def usual_sources(wanted: Wanted, lists: Path) -> Iterator[Source]:
    """Servers of the environment, this machine's package manager, then the kernel's own maker."""
    servers = of_debuginfod.servers()
    packages = debuginfo_packages(wanted.kernel, wanted.arch)
    if wanted.kernel.build_id:
        for server in servers:
            yield Source(server, partial(of_debuginfod.fetch, server, wanted))
    if packages and packages[0].vendor == "debian" and shutil.which("apt-get"):
        yield Source("apt", partial(of_apt.fetch, packages[0], wanted, lists))
    if any(package.file for package in packages) and of_dnf.is_here():
        yield Source("dnf", partial(of_dnf.fetch, packages, wanted))
    vendor = debuginfod_of(wanted.kernel)
    if vendor and wanted.kernel.build_id and vendor not in servers:
        yield Source(vendor, partial(of_debuginfod.fetch, vendor, wanted))
    for address in dict.fromkeys(address for package in packages for address in package.addresses):
        yield Source(address, partial(of_package.fetch, address, wanted))


def named_source(name: str, wanted: Wanted, lists: Path) -> Source:
    """What --from says: "apt", "dnf", a package's file or address, a repository's, or a debuginfod server's."""
    packages = debuginfo_packages(wanted.kernel, wanted.arch)
    if name == "apt":
        if not packages or packages[0].vendor != "debian":
            raise KdiveError(f"{wanted.kernel.release}: not a kernel of Debian", hint="leave --from out")
        return Source("apt", partial(of_apt.fetch, packages[0], wanted, lists))
    if name == "dnf":
        return Source("dnf", partial(of_dnf.fetch, packages, wanted))
    if name.endswith(PACKAGE_SUFFIXES):
        return Source(name, partial(of_package.fetch, name, wanted))
    if is_address(name):
        return Source(name, partial(_server_or_repository, name, wanted))
    raise KdiveError(f"{name}: neither a package nor an address", hint="--from apt, dnf, FILE.rpm, FILE.deb or URL")


def _server_or_repository(address: str, wanted: Wanted, into: Path, progress: Progress) -> None:
    if of_repository.is_one(address):
        of_repository.fetch(address, debuginfo_packages(wanted.kernel, wanted.arch), wanted, into, progress)
    elif wanted.kernel.build_id:
        of_debuginfod.fetch(address, wanted, into, progress)
    else:
        raise NotThereError(
            f"{address}: no repository, and a debuginfod server is asked by build ID, which the dump does not say",
            hint="a repository has a folder repodata",
        )
