"""Read what hosts, files and people give into model values: one pass, every problem at once.

A reader is compiled once a class from its annotations and field declarations.  It takes
JSON-like values and model values alike, cleans texts, checks types, codes, dates and limits,
and adds one :class:`~profilecore.errors.Problem` per fault with a JSON pointer.
"""

from __future__ import annotations

import math
import types
import typing
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from enum import Enum
from functools import lru_cache
from typing import Any

import attrs

from profilecore.errors import Problem
from profilecore.model.fields import cleaning, fields_of
from profilecore.model.parts import COMPLETE
from profilecore.normalise.text import clean

MAX_ITEMS = 200
MAX_DEPTH = 32

Read = Callable[[Any, str, "Reading"], Any]


class Refused(Exception):
    """A value that was refused; its problem is already noted."""


@attrs.define
class Reading:
    """One reading: the problems so far, and the region for national telephone numbers."""

    region: str | None = None
    problems: list[Problem] = attrs.field(factory=list)

    def refuse(self, path: str, code: str, message: str) -> typing.NoReturn:
        self.problems.append(Problem(path or "/", code, message))
        raise Refused

    def fields(
        self,
        cls: type,
        values: Mapping[str, Any],
        path: str = "",
        only: frozenset[str] | None = None,
    ) -> dict[str, Any]:
        """Read the given fields of a class; refused ones are left out and noted."""
        readers = _readers(cls)
        good: dict[str, Any] = {}
        for name, value in values.items():
            if value is None:
                good[name] = None
                continue
            read = readers.get(name) if only is None or name in only else None
            if read is None:
                known = name in readers
                self.problems.append(
                    Problem(
                        f"{path}/{name}",
                        "not-settable" if known else "unknown-field",
                        "is kept by the engine" if known else "is no field of this record",
                    )
                )
                continue
            try:
                good[name] = read(value, f"{path}/{name}", self)
            except Refused:
                pass
        return good

    def item(self, cls: type, name: str, value: Any, path: str) -> Any:
        """Read one item of a collection field; ``None`` where refused."""
        try:
            return _item_reader(cls, name)(value, path, self)
        except Refused:
            return None


@lru_cache(maxsize=256)
def _readers(cls: type) -> dict[str, Read]:
    hints = typing.get_type_hints(cls)
    return {a.name: _reader(hints[a.name], *cleaning(a)) for a in fields_of(cls)}


@lru_cache(maxsize=256)
def _item_reader(cls: type, name: str) -> Read:
    hint = typing.get_args(typing.get_type_hints(cls)[name])[0]
    return _reader(hint, *cleaning(attrs.fields_dict(cls)[name]))


def _reader(hint: Any, cleaner: Callable[[str], str] | None, limit: int) -> Read:
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        (inner,) = (a for a in typing.get_args(hint) if a is not type(None))
        return _reader(inner, cleaner, limit)
    if isinstance(hint, typing.NewType):
        hint = hint.__supertype__
    if origin is tuple:
        return _many(_reader(typing.get_args(hint)[0], cleaner, limit))
    if origin is dict:
        return _json_object
    if hint is str:
        return _text(cleaner, limit)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _choice(hint)
    if attrs.has(hint):
        return _part(hint)
    return _PLAIN[hint]


def _text(cleaner: Callable[[str], str] | None, limit: int) -> Read:
    def read(value: Any, path: str, reading: Reading) -> str | None:
        if isinstance(value, date) and not isinstance(value, datetime):
            value = value.isoformat()
        if not isinstance(value, str):
            reading.refuse(path, "wrong-type", "must be text")
        try:
            if len(value) > limit:
                raise ValueError(f"must have at most {limit} characters")
            return (cleaner(value) if cleaner else clean(value, limit)) or None
        except ValueError as error:
            code = "too-long" if len(value) > limit else "invalid-value"
            reading.refuse(path, code, str(error))

    return read


def _choice(kind: type[Enum]) -> Read:
    known = {str(m.value): m for m in kind}
    by_name = {k.replace("_", ""): m for k, m in known.items()}
    listed = ", ".join(known)

    def read(value: Any, path: str, reading: Reading) -> Enum:
        if isinstance(value, kind):
            return value
        if isinstance(value, str):
            found = known.get(value) or by_name.get(
                value.casefold().replace("_", "").replace("-", "").replace(" ", "")
            )
            if found is not None:
                return found
        reading.refuse(path, "unknown-value", f"must be one of {listed}")

    return read


def _many(read_item: Read) -> Read:
    def read(value: Any, path: str, reading: Reading) -> tuple[Any, ...]:
        if isinstance(value, str | Mapping) or not hasattr(value, "__iter__"):
            reading.refuse(path, "wrong-type", "must be a list")
        items = list(value)
        if len(items) > MAX_ITEMS:
            reading.refuse(path, "too-many", f"must have at most {MAX_ITEMS} items")
        good: dict[Any, Any] = {}
        for number, given in enumerate(items):
            try:
                made = read_item(given, f"{path}/{number}", reading)
            except Refused:
                continue
            if made is not None:
                good.setdefault(getattr(made, "key", made), made)
        return tuple(good.values())

    return read


def _part(kind: type) -> Read:
    complete = COMPLETE.get(kind)
    fields = fields_of(kind)
    required = [a.name for a in fields if a.default is attrs.NOTHING]
    # A part that is mostly one text may be given as that text.
    shorthand = required[0] if len(required) == 1 else None
    if shorthand is not None and typing.get_type_hints(kind)[shorthand] is not str:
        shorthand = None

    def read(value: Any, path: str, reading: Reading) -> Any:
        if isinstance(value, kind):
            given = {a.name: getattr(value, a.name) for a in fields}
        elif isinstance(value, Mapping):
            given = dict(value)
        elif isinstance(value, str) and shorthand:
            given = {shorthand: value}
        else:
            reading.refuse(path, "wrong-type", f"must be an object with {', '.join(required)}")
        faults = len(reading.problems)
        good = {k: v for k, v in reading.fields(kind, given, path).items() if v is not None}
        for name in required:
            if good.get(name) is None and given.get(name) in (None, ""):
                reading.problems.append(Problem(f"{path}/{name}", "missing", "is required"))
        if len(reading.problems) > faults:
            raise Refused
        made = kind(**good)
        if complete is None:
            return made
        try:
            return complete(made, reading.region)
        except ValueError as error:
            reading.refuse(f"{path}/{required[0]}", "invalid-value", str(error))

    return read


def _plain_date(value: Any, path: str, reading: Reading) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str):
        try:
            return date.fromisoformat(value.strip())
        except ValueError:
            pass
    reading.refuse(path, "invalid-value", "must be a day as YYYY-MM-DD")


def _moment(value: Any, path: str, reading: Reading) -> datetime:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            pass
    if not isinstance(value, datetime):
        reading.refuse(path, "invalid-value", "must be a time in ISO 8601 with its offset")
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)


def _flag(value: Any, path: str, reading: Reading) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.casefold() in ("true", "false", "yes", "no", "1", "0"):
        return value.casefold() in ("true", "yes", "1")
    reading.refuse(path, "wrong-type", "must be true or false")


def _whole(value: Any, path: str, reading: Reading) -> int:
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdecimal():
        value = int(value[:20])
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**53:
        reading.refuse(path, "wrong-type", "must be a whole number, not negative")
    return value


def _number(value: Any, path: str, reading: Reading) -> float:
    try:
        number = float(value) if not isinstance(value, bool) else math.nan
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        reading.refuse(path, "wrong-type", "must be a number")
    return number


def _json_object(value: Any, path: str, reading: Reading) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        reading.refuse(path, "wrong-type", "must be an object")
    return {str(k): _json(v, f"{path}/{k}", reading, 1) for k, v in value.items()}


def _json(value: Any, path: str, reading: Reading, depth: int) -> Any:
    if depth > MAX_DEPTH:
        reading.refuse(path, "too-deep", f"must nest at most {MAX_DEPTH} levels")
    if isinstance(value, Mapping):
        return {str(k): _json(v, f"{path}/{k}", reading, depth + 1) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_json(v, f"{path}/{n}", reading, depth + 1) for n, v in enumerate(value)]
    if isinstance(value, str):
        return _text(lambda text: text, 65_536)(value, path, reading) or ""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return _number(value, path, reading)
    if attrs.has(type(value)):
        return value
    reading.refuse(path, "wrong-type", "must be plain JSON")


_PLAIN: dict[Any, Read] = {
    bool: _flag,
    int: _whole,
    float: _number,
    date: _plain_date,
    datetime: _moment,
    typing.Any: lambda value, path, reading: _json(value, path, reading, 1),
}
