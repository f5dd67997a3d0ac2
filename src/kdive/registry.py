"""Parts found by their file name: a rule, a command, a container is one file in its package.

Listing a package reads its folder and imports nothing; a part is imported when it is used.
"""

from __future__ import annotations

import importlib
import pkgutil
from importlib.util import find_spec
from types import ModuleType


def names(package: str) -> list[str]:
    """File names (without .py) of the parts in `package`, sorted; none of them is imported."""
    spec = find_spec(package)
    folders = spec.submodule_search_locations if spec else None
    return sorted(part.name for part in pkgutil.iter_modules(folders or []) if not part.name.startswith("_"))


def load(package: str, name: str) -> ModuleType:
    """The part `name` of `package`."""
    return importlib.import_module(f"{package}.{name}")
