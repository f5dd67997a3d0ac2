"""The zoo as a kernel module, built for one kernel."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from kdive.errors import KdiveError
from kdive.lab import kind
from kdive.lab.kernel import LabKernel
from kdive.lab.kind import MODULE, ZOO
from kdive.lab.store import Store
from kdive.lab.tree import build_tree, host_arch, run_in

Progress = Callable[[str], None]

_SOURCES = f"usr/src/{MODULE}"  # in the tree: what __FILE__ and BUG() name
# Each function stays what its source says: nothing is moved into its caller, merged, or left out of the stack.
_FLAGS = (
    "-fno-ipa-sra -fno-ipa-cp -fno-ipa-icf -fno-partial-inlining -fno-optimize-sibling-calls -Wno-missing-prototypes"
)
_MAKE_ARCH = {"x86_64": "x86_64", "aarch64": "arm64"}


def build(kernel: LabKernel, store: Store, *, mirror: str = "", progress: Progress) -> Path:
    """The module without debuginfo; MODULE.ko.debug beside it has it. Raises KdiveError when it cannot be built."""
    names = [name for name in kind.names() if kind.source(name)]
    files = _files(names)
    name = f"modules/{kernel.release}-{_digest(files)}"
    with store.making(name) as new:
        if new is not None:
            tree = build_tree(kernel, store, mirror=mirror, progress=progress)
            progress(f"building the zoo for {kernel.release}")
            # Another program, with other sources, has the same tree.
            with store.alone(str(tree.relative_to(store.folder))):
                _make(kernel, tree, files, new)
    return store.folder / name / f"{MODULE}.ko"


def _make(kernel: LabKernel, tree: Path, files: dict[str, str], target: Path) -> None:
    sources = tree / _SOURCES
    shutil.rmtree(sources, ignore_errors=True)
    sources.mkdir(parents=True)
    for file, text in files.items():
        (sources / file).write_text(text)
    run_in(tree, make_script(kernel))
    for built in (f"{MODULE}.ko", f"{MODULE}.ko.debug"):
        shutil.copy2(sources / built, target / built)


def _files(names: Sequence[str]) -> dict[str, str]:
    files = {path.name: path.read_text() for path in sorted(ZOO.glob("*.[ch]"))}
    if not files:
        raise KdiveError(f"{ZOO}: the zoo's sources are missing", hint="install kdive again")
    return {**files, "zoo_table.c": table_source(names), "Kbuild": kbuild_text(names)}


def _digest(files: dict[str, str]) -> str:
    text = "".join(f"{name}\0{content}\0" for name, content in sorted(files.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def table_source(names: Sequence[str]) -> str:
    """C source of the table that finds each kind's function by its name."""
    functions = {name: f"zoo_{name.replace('-', '_')}" for name in names}
    lines = ["// SPDX-License-Identifier: GPL-2.0", '#include "zoo.h"', ""]
    lines += [f"int {function}(void);" for function in functions.values()]
    lines += ["", "const struct zoo_kind zoo_kinds[] = {"]
    lines += [f'\t{{ "{name}", {function} }},' for name, function in functions.items()]
    return "\n".join([*lines, "\t{ NULL, NULL },", "};", ""])


def kbuild_text(names: Sequence[str]) -> str:
    """What kbuild is to make of the sources."""
    objects = " ".join(f"{name.replace('-', '_')}.o" for name in names)
    return f"obj-m := {MODULE}.o\n{MODULE}-y := zoo_main.o zoo_table.o {objects}\nccflags-y := {_FLAGS}\n"


def make_script(kernel: LabKernel) -> str:
    """Shell script that builds the module in its tree. Its BTF would need the kernel's own, which is not there."""
    cross = "" if kernel.arch == host_arch() else f"CROSS_COMPILE={kernel.arch}-linux-gnu-"
    make = f"make -C /usr/src/linux-headers-{kernel.release} M=/{_SOURCES} ARCH={_MAKE_ARCH[kernel.arch]} {cross}"
    strip = "strip" if not cross else f"{kernel.arch}-linux-gnu-strip"
    return f"""
set -e
{make} -j"$(nproc)" KBUILD_MODPOST_WARN=1 CONFIG_DEBUG_INFO_BTF_MODULES= modules 2>&1
cd /{_SOURCES}
cp {MODULE}.ko {MODULE}.ko.debug
{strip} -g {MODULE}.ko
"""
