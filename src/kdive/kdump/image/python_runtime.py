"""The interpreter that runs now, what of its library a capture needs, and kdive: the second half of the image."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kdive.errors import KdiveError
from kdive.kdump.image.elf_needs import Libraries
from kdive.kdump.image.tree import Item, Tree

# Of the standard library: tests, what shows windows, what builds and installs, what nothing in a capture asks for.
_STDLIB_OUT = {
    "__phello__", "__pycache__", "curses", "dbm", "distutils", "doctest.py", "ensurepip", "idlelib", "lib2to3",
    "msilib", "pydoc.py", "pydoc_data", "site-packages", "dist-packages", "sqlite3", "test", "tests", "tkinter",
    "turtle.py", "turtledemo", "venv", "wsgiref", "xmlrpc",
}  # fmt: skip
_EXTENSIONS_OUT = (
    "_codecs_", "_crypt", "_ctypes_test", "_curses", "_dbm", "_gdbm", "_sqlite3", "_test", "_tkinter", "_xx", "nis.",
    "ossaudiodev", "readline", "spwd", "xxlimited", "xxsubtype",
)  # fmt: skip
_NEVER_LOADED = ("_cffi.", "_simd.")  # zstandard's second half; numpy's tests of its own kernels
_TLS = ("_ssl.", "_hashlib.")  # they bring OpenSSL, five megabytes
_PACKAGE_OUT = {"__pycache__", "tests", "test", "include", "f2py", "distutils", "_pyinstaller", "pkgconfig"}
_DATA_OUT = (".pyi", ".pyx", ".pxd", ".c", ".h", ".a", ".lib", ".typed", ".rst", ".txt")
_KDIVE_OUT = {"lab", "diagnosis", "symbols", "kernel", "packages", "pipeline"}
# The C library asks for the first when a thread ends, the dump engine for the others: kdive.engine.liblzo2, libdeflate.
_LOADED_LATER = ("libgcc_s.so.1", "liblzo2.so.2", "libdeflate.so.0")
_LIMIT_S = 120


@dataclass(frozen=True)
class PythonRuntime:
    """How the interpreter is started in the image; the files are in the tree."""

    program: str
    home: str  # PYTHONHOME
    path: tuple[str, ...]  # PYTHONPATH: where the packages lie
    missing: tuple[str, ...]  # packages that are not installed here


def add_python(tree: Tree, packages: Iterable[str], tls: bool) -> PythonRuntime:
    """Puts the interpreter, its library, kdive and `packages` into `tree`; `tls` where a target needs https."""
    libraries = Libraries(tree)
    program = libraries.add(os.path.realpath(sys.executable))
    for folder in {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}:
        _add_all(tree, libraries, _stdlib_files(Path(folder), tls))
    _add_loaded_later(tree, libraries)
    parents, missing = [], []
    for name in ("kdive", *packages):
        found = _find(name)
        if found is None:
            missing.append(name)
            continue
        parents.append(str(found.parent))
        _add_all(tree, libraries, _package_files(found, name))
    home = sys.base_prefix if sys.base_prefix == sys.base_exec_prefix else f"{sys.base_prefix}:{sys.base_exec_prefix}"
    return PythonRuntime(program, home, tuple(dict.fromkeys(parents)), tuple(missing))


def _find(name: str) -> Path | None:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.origin:
        return None
    origin = Path(spec.origin)
    return origin.parent if origin.name.startswith("__init__.") else origin


def _add_all(tree: Tree, libraries: Libraries, files: Iterable[Path]) -> None:
    for path in files:
        if path.suffix == ".py":
            tree.add(Item(str(path).lstrip("/") + "c", source=path, compiled=True))
        elif ".so" in path.suffixes:
            libraries.add(str(path))
        else:
            tree.file(str(path))


def _add_loaded_later(tree: Tree, libraries: Libraries) -> None:
    """What no ELF file names; the loader has a list of its own."""
    for name in _LOADED_LATER:
        if path := libraries.find(name):
            libraries.add(path)
    if Path("/etc/ld.so.cache").exists():
        tree.file("/etc/ld.so.cache")


def _stdlib_files(folder: Path, tls: bool) -> Iterator[Path]:
    for path in _below(folder, _STDLIB_OUT):
        if path.suffix == ".so":
            if not path.name.startswith(_EXTENSIONS_OUT) and (tls or not path.name.startswith(_TLS)):
                yield path
        elif path.suffix == ".py":
            yield path


def _package_files(found: Path, name: str) -> Iterator[Path]:
    """The files of a package, or the one of a module, and the libraries that its wheel brings beside it."""
    if found.is_file():
        yield found
        return
    out = _PACKAGE_OUT | (_KDIVE_OUT if name == "kdive" else _not_imported(name, found))
    for path in _below(found, out):
        if ".so" in path.suffixes:
            if not path.name.startswith(_NEVER_LOADED) and "_tests." not in path.name:
                yield path
        elif path.suffix == ".py" or not path.name.endswith(_DATA_OUT):
            yield path


def _below(folder: Path, out: set[str]) -> Iterator[Path]:
    """The files below `folder`, sorted, without what is named in `out`."""
    for path in sorted(folder.iterdir()):
        if path.name in out or path.name.startswith("config-"):
            continue
        if path.is_dir():
            yield from _below(path, out)
        elif path.is_file():
            yield path


def _not_imported(name: str, folder: Path) -> set[str]:
    """Sub-packages that importing the package does not import: those of numpy are loaded when they are first used."""
    if name != "numpy":
        return set()
    # numpy.ma: numpy.unique and numpy.isin, which the filter uses, import it when they are first called
    script = (
        "import numpy.ma, numpy.typing, sys; print(*{m.split('.')[1] for m in sys.modules if m.startswith('numpy.')})"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=_LIMIT_S, check=False)
    if done.returncode:
        raise KdiveError(
            f"numpy cannot be imported: {done.stderr.strip().splitlines()[-1:]}", hint="install it again, with pip"
        )
    return {one.name for one in folder.iterdir() if one.is_dir()} - set(done.stdout.split())
