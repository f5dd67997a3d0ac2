"""Any value of a declared type, for hypothesis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, NewType, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

SCALARS: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(max_size=8),
    int: st.integers(-(1 << 63), (1 << 64) - 1),
    bool: st.booleans(),
    float: st.floats(allow_nan=False, allow_infinity=False),
    NoneType: st.none(),
}


def values_of(type_: Any) -> st.SearchStrategy[Any]:
    """Any value that `type_` allows."""
    if isinstance(type_, NewType):
        return values_of(type_.__supertype__)
    origin, arguments = get_origin(type_), get_args(type_)
    if origin in (UnionType, Union):
        return st.one_of([values_of(argument) for argument in arguments])
    if origin is tuple and arguments[1:] == (Ellipsis,):
        return st.lists(values_of(arguments[0]), max_size=2).map(tuple)
    if origin is tuple:
        return st.tuples(*map(values_of, arguments))
    if origin is Mapping:
        return st.dictionaries(values_of(str), values_of(arguments[1]), max_size=2)
    if is_dataclass(type_) and isinstance(type_, type):
        hints = get_type_hints(type_)
        return st.builds(type_, **{field.name: values_of(hints[field.name]) for field in fields(type_)})
    return SCALARS[type_]
