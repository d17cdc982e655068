"""Frozen dataclass trees to JSON values and back, checked field by field."""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from typing import Any

from cinescene.errors import InputError


def tree_to_json(value: Any) -> Any:
    """Dataclasses become objects, tuples become lists; numbers, strings, booleans and None stay."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: tree_to_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, (tuple, list)):
        return [tree_to_json(item) for item in value]
    return value


def tree_from_json(kind: Any, value: Any, where: str) -> Any:
    """The value of a type that a JSON value stands for.

    Understands dataclasses, tuples, ``Literal``, ``X | None``, int, float, str and bool. Raises `InputError` that names
    the place for unknown, missing or ill-typed fields and for numbers that are not finite.
    """
    if dataclasses.is_dataclass(kind):
        return _dataclass(kind, value, where)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Literal:
        if value not in arguments:
            raise InputError(f"{where}: expected one of {', '.join(map(str, arguments))}, got {value!r}")
        return value
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        return tree_from_json(next(a for a in arguments if a is not type(None)), value, where)
    if origin is tuple:
        return _tuple(arguments, value, where)
    return _scalar(kind, value, where)


def _dataclass(kind: Any, value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise InputError(f"{where}: expected an object with the fields of {kind.__name__}, got {type(value).__name__}")
    hints = typing.get_type_hints(kind)
    fields = {field.name: field for field in dataclasses.fields(kind)}
    unknown = sorted(set(value) - set(fields))
    if unknown:
        raise InputError(f"{where}: unknown field {unknown[0]!r}; {kind.__name__} has {', '.join(fields)}")
    missing = [n for n, f in fields.items() if n not in value and f.default is f.default_factory]
    if missing:
        raise InputError(f"{where}: the field {missing[0]!r} is missing")
    return kind(**{name: tree_from_json(hints[name], item, f"{where}.{name}") for name, item in value.items()})


def _tuple(arguments: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise InputError(f"{where}: expected a list, got {type(value).__name__}")
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        arguments = (arguments[0],) * len(value)
    if len(arguments) != len(value):
        raise InputError(f"{where}: expected {len(arguments)} values, got {len(value)}")
    return tuple(tree_from_json(a, v, f"{where}[{i}]") for i, (a, v) in enumerate(zip(arguments, value, strict=True)))


def _scalar(kind: Any, value: Any, where: str) -> Any:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind is float and number and math.isfinite(value):
        return float(value)
    if kind is not float and type(value) is kind:
        return value
    raise InputError(f"{where}: expected a {'finite number' if kind is float else kind.__name__}, got {value!r}")
