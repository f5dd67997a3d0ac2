"""Say what the package with a kernel's debuginfo is called, and how it is installed: offline.

kdive debuginfo name vmcore
kdive debuginfo name 3.10.0-1160.el7.x86_64
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from kdive.cli.terminal import Terminal
from kdive.errors import EXIT_NO_VERDICT, EXIT_OK
from kdive.options import Arg, Opt


@dataclass(frozen=True)
class Options:
    kernel: Annotated[str, Arg("KERNEL", 'a dump, a release as uname -r prints it, or "running"')]
    json: Annotated[bool, Opt(help="JSON")] = False


def run(options: Options, terminal: Terminal) -> int:
    """Says it; exits with 1 for a kernel of nobody that is known."""
    from kdive.symbols.debuginfo.naming import debuginfo_packages
    from kdive.symbols.debuginfo.target import find_target

    wanted = find_target(options.kernel)
    kernel = wanted.kernel
    packages = debuginfo_packages(kernel, wanted.arch)
    if options.json:
        import json
        from dataclasses import asdict

        shown = {"release": kernel.release, "build_id": kernel.build_id, "packages": [asdict(one) for one in packages]}
        terminal.write(json.dumps({"schema": "kdive-debuginfo-name/1", **shown}, indent=2))
        return EXIT_OK if packages else EXIT_NO_VERDICT
    lines = [f"kernel   {kernel.release or 'unknown'}" + (f", build ID {kernel.build_id}" if kernel.build_id else "")]
    if not packages:
        lines.append("Not a kernel of a distribution that kdive knows: whoever built it has its vmlinux.")
    for package in packages:
        version = f" (= {package.version})" if package.version else ""
        lines += ["", f"package  {package.file or package.name + version}   {package.title}"]
        lines += [f"  {command}" for command in package.commands]
        lines += [f"  {address}" for address in package.addresses]
        if package.debuginfod and kernel.build_id:
            lines.append(f"  {package.debuginfod}/buildid/{kernel.build_id}/debuginfo")
        if package.where:
            lines.append(f"  {package.where}")
    terminal.write("\n".join(lines))
    return EXIT_OK if packages else EXIT_NO_VERDICT
