"""Facts to plain JSON data and back: `kdive report --save-facts FILE`, then `kdive report FILE` on any machine.

A dataclass becomes an object with the fields' names (or the name in a field's `json` metadata), a tuple an array, and
a Missing `{"missing": reason}`. Numbers keep their unit: addresses, bytes, nanoseconds and seconds are integers.
Reading back follows the declared types, trusts nothing, and ignores keys that it does not know.
"""

from __future__ import annotations

import json
import math
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from typing import Any, NewType, TypeVar, Union, get_args, get_origin, get_type_hints

from kdive.errors import KdiveError
from kdive.facts.crash import FACTS_SCHEMA, Facts
from kdive.facts.missing import Missing

T = TypeVar("T")
Decoder = Callable[[Any], Any]

MAX_BYTES = 64 << 20  # of a facts file
MAX_VALUES = 4_000_000  # objects, arrays and their members in it: what they take in memory stays below 1 GB
_INTEGERS = range(-(1 << 63), 1 << 64)


def to_json(value: object) -> Any:
    """`value` as dicts, lists, strings, numbers, booleans and None. Lone surrogates become "?"."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Missing):
        return {"missing": _text(value.reason)}
    if isinstance(value, tuple | list):
        return [to_json(item) for item in value]
    if isinstance(value, Mapping):
        return {_text(str(key)): to_json(item) for key, item in value.items()}
    type_: Any = type(value)
    return {name: to_json(getattr(value, attribute)) for attribute, name in _names(type_)}


def from_json(type_: type[T], data: object) -> T:
    """The `type_` that `to_json` made `data` from.

    Raises KdiveError, which says where, when a value is absent or has another shape than its type.
    """
    declared: Any = type_
    try:
        value: T = _decoder(declared)(data)
    except _WrongShape as wrong:
        where = "".join(reversed(wrong.where)).lstrip(".") or "the top level"
        raise KdiveError(
            f"stored data does not fit {type_.__name__}: {wrong.problem} at {where}",
            hint="save it again with `kdive report --save-facts FILE`",
        ) from None
    return value


def read_facts(data: bytes, where: str) -> Facts:
    """The facts in the bytes of a facts file; `where` names it in errors.

    Raises KdiveError for anything but facts of this version, and for a file that would not fit into memory.
    """
    hint = "save it again with `kdive report --save-facts FILE`"
    if len(data) > MAX_BYTES or sum(map(data.count, (b"{", b"[", b","))) > MAX_VALUES:
        raise KdiveError(f"{where}: larger than stored facts can be", hint=hint)
    try:
        plain = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise KdiveError(f"{where}: not valid JSON ({error})", hint=hint) from None
    schema = plain.get("schema") if isinstance(plain, dict) else None
    if schema != FACTS_SCHEMA:
        found = f"schema {schema!r:.60}" if isinstance(schema, str) else "no schema"
        raise KdiveError(f"{where}: stored facts have schema {FACTS_SCHEMA!r}, this file has {found}", hint=hint)
    return from_json(Facts, plain)


class _WrongShape(Exception):
    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.where: list[str] = []  # innermost first


def _text(value: str) -> str:
    return value if value.isascii() else value.encode("utf-8", "replace").decode()


@cache
def _names(type_: type) -> tuple[tuple[str, str], ...]:
    """Attribute and JSON name of each field."""
    if not is_dataclass(type_):
        raise TypeError(f"{type_.__name__} is no type that facts are made of")
    return tuple((field.name, _json_name(field)) for field in fields(type_))


def _json_name(field: Field[Any]) -> str:
    name: str = field.metadata.get("json", field.name)
    return name


@cache
def _decoder(type_: Any) -> Decoder:
    """The function that turns JSON data into a value of `type_`."""
    if isinstance(type_, NewType):
        return _decoder(type_.__supertype__)
    origin, arguments = get_origin(type_), get_args(type_)
    if origin in (types.UnionType, Union):
        return _union_decoder(arguments)
    if origin is tuple:
        return _tuple_decoder(arguments)
    if origin is Mapping:
        return _mapping_decoder(_decoder(arguments[1]))
    if is_dataclass(type_) and isinstance(type_, type):
        return _dataclass_decoder(type_)
    return _SCALARS[type_]


def _union_decoder(arguments: tuple[Any, ...]) -> Decoder:
    optional = types.NoneType in arguments
    may_miss = Missing in arguments
    (plain,) = (_decoder(argument) for argument in arguments if argument not in (types.NoneType, Missing))

    def decode(data: Any) -> Any:
        if data is None and optional:
            return None
        if may_miss and isinstance(data, dict) and data.keys() == {"missing"} and isinstance(data["missing"], str):
            return Missing(_text(data["missing"]))
        return plain(data)

    return decode


def _tuple_decoder(arguments: tuple[Any, ...]) -> Decoder:
    item = _decoder(arguments[0])
    length = None if arguments[1:] == (Ellipsis,) else len(arguments)

    def decode(data: Any) -> tuple[Any, ...]:
        if not isinstance(data, list):
            raise _WrongShape("no array")
        if length not in (None, len(data)):
            raise _WrongShape(f"no array of {length} members")
        found = []
        for index, member in enumerate(data):
            try:
                found.append(item(member))
            except _WrongShape as wrong:
                wrong.where.append(f"[{index}]")
                raise
        return tuple(found)

    return decode


def _mapping_decoder(item: Decoder) -> Decoder:
    def decode(data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            raise _WrongShape("no object")
        found = {}
        for key, member in data.items():
            try:
                found[_text(key)] = item(member)
            except _WrongShape as wrong:
                wrong.where.append(f".{key:.40}")
                raise
        return found

    return decode


def _dataclass_decoder(type_: type) -> Decoder:
    hints = get_type_hints(type_)
    parts = [
        (field.name, _json_name(field), _decoder(hints[field.name]), _is_required(field)) for field in fields(type_)
    ]

    def decode(data: Any) -> Any:
        if not isinstance(data, dict):
            raise _WrongShape("no object")
        found = {}
        for attribute, name, decoder, required in parts:
            if name in data:
                try:
                    found[attribute] = decoder(data[name])
                except _WrongShape as wrong:
                    wrong.where.append(f".{name}")
                    raise
            elif required:
                raise _WrongShape(f"no {name!r}")
        return type_(**found)

    return decode


def _is_required(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _decode_str(data: Any) -> str:
    if not isinstance(data, str):
        raise _WrongShape("no string")
    return _text(data)


def _decode_int(data: Any) -> int:
    if not isinstance(data, int) or isinstance(data, bool) or data not in _INTEGERS:
        raise _WrongShape("no integer of 64 bits")
    return data


def _decode_float(data: Any) -> float:
    if isinstance(data, float) and math.isfinite(data):
        return data
    if isinstance(data, int) and not isinstance(data, bool) and data in _INTEGERS:
        return float(data)
    raise _WrongShape("no number")


def _decode_bool(data: Any) -> bool:
    if not isinstance(data, bool):
        raise _WrongShape("neither true nor false")
    return data


_SCALARS: dict[Any, Decoder] = {str: _decode_str, int: _decode_int, float: _decode_float, bool: _decode_bool}
