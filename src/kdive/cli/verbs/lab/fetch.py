"""Fetch a kernel that the lab can boot.

  kdive lab fetch 6.12 --debuginfo
  kdive lab fetch ./kernel-3.10.0-1160.el7.x86_64.rpm

RELEASE is a release of `kdive lab kernels`, its start, "newest", or an RPM package: a file or an address. Debian's come
by apt, with apt's signature checks, from the mirror that this machine's own apt uses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from kdive.cli.terminal import Terminal
from kdive.errors import EXIT_OK
from kdive.options import Arg, Opt


@dataclass(frozen=True)
class Options:
    release: Annotated[str, Arg("RELEASE", 'a release or its start, "newest", or an RPM')]
    arch: Annotated[str, Opt("ARCH", "x86_64 or aarch64", choices=("x86_64", "aarch64"))] = "x86_64"
    debuginfo: Annotated[bool, Opt(help="its vmlinux with debuginfo as well: some 300 MB")] = False
    mirror: Annotated[str, Opt("URL", "fetch packages from here instead of this machine's own mirror")] = ""


def run(options: Options, terminal: Terminal) -> int:
    """Fetches it and says where it is."""
    from kdive.lab.fetch import fetch
    from kdive.lab.store import Store

    store = Store()
    with terminal.progress() as progress:
        kernel = fetch(
            store,
            options.release,
            options.arch,
            debuginfo=options.debuginfo,
            mirror=options.mirror,
            progress=progress,
        )
    lines = [f"{kernel.release} ({kernel.arch}), package version {kernel.version}", f"  kernel     {kernel.vmlinuz}"]
    debug_dir = store.debug_dir(kernel.release)
    if debug_dir:
        lines.append(f"  debuginfo  {debug_dir}")
    terminal.write("\n".join(lines))
    return EXIT_OK
