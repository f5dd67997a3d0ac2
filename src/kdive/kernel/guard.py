"""A reader that fails costs one fact: drgn's ways of saying no, as Missing with the reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import drgn

from kdive.errors import KdiveError
from kdive.facts.missing import Missing
from kdive.symbols.failures import FAILURES

P = ParamSpec("P")
T = TypeVar("T")


def read(reader: Callable[P, T | Missing], *arguments: P.args, **options: P.kwargs) -> T | Missing:
    """What `reader` gives for the arguments, or why it cannot."""
    try:
        return reader(*arguments, **options)
    except drgn.FaultError as error:
        return Missing(_fault(error))
    except KdiveError as error:
        return Missing(error.message)
    except drgn.ObjectNotFoundError as error:
        return Missing(f"{error.name} is not among this kernel's symbols, or has no known type")
    except FAILURES as error:
        return Missing(str(error.args[0]) if error.args else type(error).__name__)


def _fault(error: drgn.FaultError) -> str:
    if "xcluded" in str(error):
        return f"the page of {error.address:#x} was left out of the dump"
    return f"memory at {error.address:#x} is not in the dump"
