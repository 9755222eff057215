"""Frozen records from JSON, by their annotations."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")
_ATOMS = (str, int, float, bool)


def from_json(kind: type[T], value: Any) -> T:
    """`value`, as `json.loads` gives it back for `dataclasses.asdict`, as a `kind`: a record, a tuple, a mapping, an
    optional or an atom. Keys that a record does not know are passed over: they are another version's.

    ValueError says where `value` does not fit.
    """
    return _convert(kind, value, kind.__name__)


def _convert(kind: Any, value: Any, where: str) -> Any:
    origin, args = get_origin(kind), get_args(kind)
    if kind is Any or kind is object:
        return value
    if is_dataclass(kind):
        return _record(kind, value, where)
    if origin in (Union, types.UnionType):
        if value is None and type(None) in args:
            return None
        (inner,) = (a for a in args if a is not type(None))
        return _convert(inner, value, where)
    if origin is Literal:
        if value not in args:
            raise ValueError(f"{where} is one of {args}, got {value!r}")
        return value
    if origin is tuple and isinstance(value, list):
        inners = [args[0]] * len(value) if args[-1] is Ellipsis else list(args)
        if len(inners) != len(value):
            raise ValueError(f"{where} needs {len(inners)} items, got {len(value)}")
        return tuple(_convert(a, v, f"{where}[{i}]") for i, (a, v) in enumerate(zip(inners, value, strict=True)))
    if origin is not None and issubclass(origin, Mapping) and isinstance(value, dict):
        return {key: _convert(args[1], item, f"{where}[{key!r}]") for key, item in value.items()}
    if kind is float and type(value) is int:
        return float(value)
    if kind in _ATOMS and type(value) is kind:
        return value
    raise ValueError(f"{where} must be {getattr(kind, '__name__', kind)}, got {value!r:.60}")


def _record(kind: Any, value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise ValueError(f"{where} must be an object, got {value!r:.60}")
    hints = _hints(kind)
    given: dict[str, Any] = {}
    for f in fields(kind):
        if f.name in value:
            given[f.name] = _convert(hints[f.name], value[f.name], f"{where}.{f.name}")
        elif f.default is MISSING and f.default_factory is MISSING:
            raise ValueError(f"{where} lacks {f.name!r}")
    return kind(**given)


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)
