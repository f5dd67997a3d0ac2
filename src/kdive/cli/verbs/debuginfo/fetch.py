"""Fetch the vmlinux of a dump, check that it belongs, and keep it where `kdive report` finds it.

  kdive debuginfo fetch vmcore
  kdive debuginfo fetch vmcore --from http://mirror/centos/7/debuginfo/ --module ext4
  kdive debuginfo fetch vmcore --from kernel-debuginfo-3.10.0-1160.el7.x86_64.rpm

Asked are, one after the other: the servers of $DEBUGINFOD_URLS, this machine's apt or dnf, the debuginfod server and
the package archive of the kernel's maker. A package of another release is refused before it is fetched, and what was
fetched is compared with the dump by its build ID. Only the vmlinux and the modules asked for are unpacked. A download
that broke off goes on where it ended.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from kdive.cli.terminal import Terminal
from kdive.errors import EXIT_OK
from kdive.options import Arg, Opt
from kdive.units import ByteCount, size


@dataclass(frozen=True)
class Options:
    kernel: Annotated[str, Arg("KERNEL", 'a dump, a release as uname -r prints it, or "running"')]
    from_: Annotated[
        tuple[str, ...], Opt("SOURCE", "apt, dnf, a package, its address, a repository or a debuginfod server")
    ] = ()
    module: Annotated[tuple[str, ...], Opt("NAME", "also the debuginfo of this module")] = ()
    build_id: Annotated[str, Opt("HEX", "the kernel's build ID, where the dump does not say")] = ""
    limit: Annotated[ByteCount | None, Opt("SIZE", "of the whole cache (default: 20G)", parse=size)] = None
    quiet: Annotated[bool, Opt(help="print the folder alone", short="q")] = False


def run(options: Options, terminal: Terminal) -> int:
    """Fetches it, and says where it lies."""
    from kdive.symbols.debuginfo.cache import LIMIT, Cache
    from kdive.symbols.debuginfo.fetch import fetch, named_source, usual_sources
    from kdive.symbols.debuginfo.target import find_target

    cache = Cache()
    wanted = find_target(options.kernel, options.build_id, options.module)
    lists = cache.folder / "apt"
    named = (named_source(name, wanted, lists) for name in options.from_)
    sources = named if options.from_ else usual_sources(wanted, lists)
    with terminal.progress() as progress:
        entry = fetch(wanted, sources, cache, progress, options.limit or LIMIT)
    text = f"{entry.vmlinux}: {entry.release}, {entry.size >> 20} MB, from {entry.source}"
    terminal.write(str(entry.folder) if options.quiet else text)
    return EXIT_OK
