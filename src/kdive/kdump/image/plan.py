"""All that a capture image consists of, before anything of it is written."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from kdive.errors import KdiveError
from kdive.kdump.image.modules import ModuleIndex, read_index
from kdive.kdump.image.programs import add_programs
from kdive.kdump.image.python_runtime import PythonRuntime, add_python
from kdive.kdump.image.tree import Item, Tree, bridges

RUNTIME = "/runtime"  # where the second half is mounted
SQUASHFS = "runtime.squashfs"
_ALWAYS = ("loop", "squashfs")
_MODULES = "modules"


@dataclass(frozen=True)
class ImageRequest:
    """What the image must be able to do."""

    release: str  # of the kernel, as uname -r prints it
    modules: tuple[str, ...] = ()  # names, aliases, ids of devices; those that the kernel does not have are left out
    required: tuple[str, ...] = ()  # without these the image is none: the module of the file system …
    programs: tuple[str, ...] = ()
    texts: dict[str, str] = field(default_factory=dict)  # path → content
    copies: tuple[str, ...] = ()  # files of the machine, at the same place
    packages: tuple[str, ...] = ("numpy", "zstandard")
    tls: bool = False
    python: bool = True


@dataclass(frozen=True)
class ImagePlan:
    """`outer` becomes the initramfs, `inner` the compressed file system in it."""

    release: str
    outer: tuple[Item, ...]
    inner: tuple[Item, ...]
    modules: tuple[str, ...]  # names, in their order
    runtime: PythonRuntime | None
    notes: tuple[str, ...]


def plan_image(request: ImageRequest, root: Path = Path("/")) -> ImagePlan:
    """The image for `request`. Raises KdiveError for what the machine lacks."""
    index = read_index(root / "lib/modules" / request.release)
    tree = Tree(root)
    busybox = add_programs(tree, request.programs)
    modules = _add_modules(tree, index, request)
    for path, text in request.texts.items():
        tree.text(path, text)
    for path in request.copies:
        tree.file(path)
    tree.text("init", (files(__package__) / "data" / "init.sh").read_text(), executable=True)
    inner, runtime = Tree(), None
    if request.python:
        runtime = add_python(inner, request.packages, request.tls)
    tree.text("etc/kdive/environment", _environment(runtime, busybox))
    for link in bridges(inner.sorted(), tree.sorted(), RUNTIME):
        tree.add(link)
    notes = tuple(f"{name} is not installed: the capture does without" for name in (runtime.missing if runtime else ()))
    return ImagePlan(request.release, tuple(tree.sorted()), tuple(inner.sorted()), modules, runtime, notes)


def _add_modules(tree: Tree, index: ModuleIndex, request: ImageRequest) -> tuple[str, ...]:
    always = _ALWAYS if request.python else ()
    for name in (*always, *request.required):
        if not index.named(name):
            raise KdiveError(
                f"the kernel {request.release} has no module {name}, and it is not built in",
                hint="install all of the kernel's modules: on Debian the package linux-image, on Fedora kernel-modules",
            )
    order = index.closure((*request.modules, *request.required, *always))
    for name, path in order.paths.items():
        tree.add(Item(f"{_MODULES}/{name}.ko", source=path, unpacked=True))
    tree.text(f"{_MODULES}/order", "".join(f"{name}.ko\n" for name in order.paths))
    return tuple(order.paths)


def _environment(runtime: PythonRuntime | None, busybox: str) -> str:
    """Read by the shell before all else."""
    lines = {"KDIVE_BUSYBOX": busybox}
    if runtime:
        lines |= {
            "KDIVE_PYTHON": runtime.program,
            "PYTHONHOME": runtime.home,
            "PYTHONPATH": ":".join(runtime.path),
            "OPENBLAS_NUM_THREADS": "1",  # each thread of it takes memory that a capture kernel does not have
        }
    return exports(lines)


def exports(variables: Mapping[str, str]) -> str:
    """Lines that set the variables in a shell."""
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())
