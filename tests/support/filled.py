"""Values of model classes in which every field holds something, made from the classes alone."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any

import attrs

from profilecore.model import PartialDate
from profilecore.model.fields import default_of, fields_of, third_party_of

# Stands wherever a class declares that an attribute names somebody else.
THIRD = "zqthird"
# No first day of a month: coarsened, it differs.
DAY = date(2026, 5, 17)


def filled(cls: type, mark: str, **values: Any) -> Any:
    """Give a value of an attrs class with no attribute at its default, but for those given.

    Texts begin with ``mark`` and name where they stand.
    """
    hints = typing.get_type_hints(cls)
    for attribute in fields_of(cls):
        if attribute.name not in values:
            text = f"{mark} {cls.__name__}.{attribute.name}"
            said = text if third_party_of(attribute) is None else f"{THIRD} {text}"
            values[attribute.name] = _value(hints[attribute.name], said, default_of(attribute))
    return cls(**values)


def _value(hint: Any, text: str, default: Any = None) -> Any:
    origin = typing.get_origin(hint)
    arguments = [a for a in typing.get_args(hint) if a not in (types.NoneType, Ellipsis)]
    if origin in (typing.Union, types.UnionType):
        return _value(arguments[0], text, default)
    if origin is tuple:
        return (_value(arguments[0], text),)
    if origin is dict:
        return {"key": _value(arguments[1], text)}
    if hint is Any:
        return {"inner": [text]}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return next(member for member in hint if member is not default)
    if isinstance(hint, type) and attrs.has(hint):
        return filled(hint, text.partition(" ")[0])
    plain = {
        str: text,
        int: 41,
        float: 41.5,
        bool: default is not True,
        date: DAY,
        datetime: datetime(2026, 5, 17, 9, 30, tzinfo=UTC),
        PartialDate: DAY.isoformat(),
    }
    return plain[hint]


def paths_of(cls: type, *above: str) -> Iterator[tuple[str, ...]]:
    """Give the paths of everything that a value of a class can hold, down to what is no class."""
    for name, hint in typing.get_type_hints(cls).items():
        inner = [a for a in (hint, *typing.get_args(hint)) if isinstance(a, type) and attrs.has(a)]
        if inner and typing.get_origin(hint) is not dict:
            yield from paths_of(inner[0], *above, name)
        elif name in {a.name for a in fields_of(cls)}:
            yield (*above, name)
