"""Read what hosts, files and people give into model values: one pass, every problem at once.

A reader is compiled once a class from its annotations and field declarations.  It takes
JSON-like values and model values alike, cleans texts, checks types, codes, dates and limits,
and notes one :class:`~profilecore.errors.Problem` per fault with a JSON pointer.

Paths are put together only when something is wrong: imports read millions of good values.
"""

from __future__ import annotations

import math
import re
import types
import typing
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, date, datetime
from enum import Enum
from functools import lru_cache
from typing import Any
from unicodedata import is_normalized, normalize

import attrs

from profilecore.errors import Problem
from profilecore.model.fields import cleaning, default_of, evolve, fields_of, restore
from profilecore.model.parts import COMPLETE
from profilecore.normalise.text import MAX_TEXT, clean, clean_lines

MAX_ITEMS = 200
MAX_DEPTH = 32

Read = Callable[[Any, "Reading"], Any]


class Refused(Exception):  # no error: it only leaves a reader
    """A value that was refused; its problem is already noted."""


@attrs.define(eq=False)
class Reading:
    """One reading: the problems so far, and the region for national telephone numbers."""

    region: str | None = None
    problems: list[Problem] = attrs.field(factory=list)

    def refuse(self, code: str, message: str, path: str = "") -> typing.NoReturn:
        """Note a problem at the value now read (its path is completed on the way out)."""
        self.problems.append(Problem(path, code, message))
        raise Refused

    def under(self, name: object, since: int) -> None:
        """Put a step in front of the paths of the problems noted ``since``."""
        for number in range(since, len(self.problems)):
            problem = self.problems[number]
            step = str(name).replace("~", "~0").replace("/", "~1")
            self.problems[number] = evolve(problem, path=f"/{step}{problem.path}")

    def fields(
        self, cls: type, values: Mapping[str, Any], only: frozenset[str] | None = None
    ) -> dict[str, Any]:
        """Read the given fields of a class; refused ones are left out and noted."""
        readers = _readers(cls)
        problems = self.problems
        before = len(problems)
        if only is None or values.keys() <= only:
            try:
                good = {n: None if v is None else readers[n](v, self) for n, v in values.items()}
                if len(problems) == before:
                    return good
            except (Refused, KeyError):
                pass
            del problems[before:]
        return self.one_by_one(cls, values, only)

    def one_by_one(
        self, cls: type, values: Mapping[str, Any], only: frozenset[str] | None = None
    ) -> dict[str, Any]:
        """Read fields of which one or more are wrong, and note what is wrong with each."""
        readers = _readers(cls)
        problems = self.problems
        good = {}
        for name, value in values.items():
            since = len(problems)
            try:
                if name not in readers:
                    self.refuse("unknown-field", "is no field of this record")
                if only is not None and name not in only:
                    self.refuse("not-settable", "is kept by the engine")
                good[name] = None if value is None else readers[name](value, self)
            except Refused:
                pass
            if len(problems) != since:
                self.under(name, since)
        return good

    def item(self, cls: type, name: str, value: Any) -> Any:
        """Read one item of a collection field; ``None`` where refused."""
        try:
            return _item_reader(cls, name)(value, self)
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
    def read(value: Any, reading: Reading) -> str | None:
        if type(value) is str:
            # What prints has no control characters, and no blank but the plain one.
            if cleaner is None and len(value) <= limit and value.isprintable():
                if not value.isascii() and not is_normalized("NFC", value):
                    value = normalize("NFC", value)
                return (" ".join(value.split()) if " " in value else value) or None
        else:
            if isinstance(value, date) and not isinstance(value, datetime):
                value = value.isoformat()
            if not isinstance(value, str):
                reading.refuse("wrong-type", "must be text")
        if len(value) > limit:
            reading.refuse("too-long", f"must have at most {limit} characters")
        try:
            return (clean(value, limit) if cleaner is None else cleaner(value)) or None
        except ValueError as error:
            reading.refuse("invalid-value", str(error))

    return read


def _choice(kind: type[Enum]) -> Read:
    known = {str(m.value): m for m in kind}
    by_name = {k.replace("_", ""): m for k, m in known.items()}
    listed = ", ".join(known)

    def read(value: Any, reading: Reading) -> Enum:
        if type(value) is str and value in known:
            return known[value]
        if isinstance(value, kind):
            return value
        if isinstance(value, str):
            found = known.get(value) or by_name.get(
                value.casefold().replace("_", "").replace("-", "").replace(" ", "")
            )
            if found is not None:
                return found
        reading.refuse("unknown-value", f"must be one of {listed}")

    return read


def _many(read_item: Read) -> Read:
    def read(value: Any, reading: Reading) -> tuple[Any, ...]:
        if type(value) is not list:
            # An iterator could be read once only, and faults are told in a second reading.
            if isinstance(value, str | bytes | Mapping) or not isinstance(value, Collection):
                reading.refuse("wrong-type", "must be a list")
            value = list(value)
        since = len(reading.problems)
        if len(value) == 1:
            try:
                made = read_item(value[0], reading)
            except Refused:
                reading.under(0, since)
                return ()
            return () if made is None else (made,)
        if len(value) > MAX_ITEMS:
            reading.refuse("too-many", f"must have at most {MAX_ITEMS} items")
        good = []
        for number, given in enumerate(value):
            since = len(reading.problems)
            try:
                made = read_item(given, reading)
                if made is not None:
                    good.append(made)
            except Refused:
                reading.under(number, since)
        if len(good) < 2 or (len(good) == 2 and _differ(*good)):
            return tuple(good)
        unique: dict[Any, Any] = {}
        for made in good:
            unique.setdefault(getattr(made, "key", made), made)
        return tuple(unique.values())

    return read


def _differ(one: Any, other: Any) -> bool:
    return hasattr(one, "differs") and bool(one.differs(other))


def _part(kind: type) -> Read:
    fields = fields_of(kind)
    required = [a.name for a in fields if a.default is attrs.NOTHING]
    needed = frozenset(required)
    defaults = {a.name: default_of(a) for a in fields}
    readers = _readers(kind)
    complete = COMPLETE.get(kind)
    given_as = _given_as(kind, fields, required)

    def read(value: Any, reading: Reading) -> Any:
        values = value if type(value) is dict else given_as(value, reading)
        since = len(reading.problems)
        try:
            held = {
                name: made
                for name, given in values.items()
                if given is not None
                and (made := readers[name](given, reading)) is not None
                and made is not defaults[name]
            }
            if needed <= held.keys() and len(reading.problems) == since:
                if complete is not None:
                    complete(held, reading.region)
                return restore(kind, held)
        except (Refused, KeyError, ValueError):
            pass
        del reading.problems[since:]
        refuse(values, reading)

    def refuse(values: dict[str, Any], reading: Reading) -> typing.NoReturn:
        """Note everything that is wrong with the values of a part."""
        since = len(reading.problems)
        good = reading.one_by_one(kind, values)
        for name in required:
            if good[name] is None if name in good else name not in values:
                reading.problems.append(Problem(f"/{name}", "missing", "is required"))
        if len(reading.problems) == since and complete is not None:
            try:
                complete(good, reading.region)
            except ValueError as error:
                reading.refuse("invalid-value", str(error), f"/{required[0]}")
        raise Refused

    return read


def _given_as(
    kind: type, fields: Sequence[attrs.Attribute[Any]], required: list[str]
) -> Callable[[Any, Reading], dict[str, Any]]:
    """Give the function that takes what stands for a part as its values."""
    # A part that is mostly one text may be given as that text.
    shorthand = required[0] if len(required) == 1 else None
    if shorthand is not None and typing.get_type_hints(kind)[shorthand] is not str:
        shorthand = None

    def values(value: Any, reading: Reading) -> dict[str, Any]:
        if isinstance(value, kind):
            return {a.name: getattr(value, a.name) for a in fields}
        if isinstance(value, Mapping):
            return dict(value)
        if isinstance(value, str) and shorthand:
            return {shorthand: value}
        reading.refuse("wrong-type", f"must be an object with {', '.join(required)}")

    return values


def _plain_date(value: Any, reading: Reading) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str):
        try:
            return date.fromisoformat(value.strip())
        except ValueError:
            pass
    reading.refuse("invalid-value", "must be a day as YYYY-MM-DD")


def _moment(value: Any, reading: Reading) -> datetime:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            pass
    if not isinstance(value, datetime):
        reading.refuse("invalid-value", "must be a time in ISO 8601 with its offset")
    try:
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        reading.refuse("invalid-value", "must be a time that the calendar has in UTC")


def _flag(value: Any, reading: Reading) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.casefold() in ("true", "false", "yes", "no", "1", "0"):
        return value.casefold() in ("true", "yes", "1")
    reading.refuse("wrong-type", "must be true or false")


_WHOLE = re.compile("[0-9]{1,16}")


def _whole(value: Any, reading: Reading) -> int:
    if isinstance(value, str):
        text = value.strip()
        digits = text.lstrip("0") or text[:1]
        value = int(digits) if _WHOLE.fullmatch(digits) else None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**53:
        reading.refuse("wrong-type", "must be a whole number, not negative")
    return value


def _number(value: Any, reading: Reading) -> float:
    try:
        number = float(value) if not isinstance(value, bool) else math.nan
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        reading.refuse("wrong-type", "must be a number")
    return number


def _json_object(value: Any, reading: Reading) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        reading.refuse("wrong-type", "must be an object")
    plain: dict[str, Any] = _json(value, reading, 0)
    return plain


def _json(value: Any, reading: Reading, depth: int) -> Any:
    if depth > MAX_DEPTH:
        reading.refuse("too-deep", f"must nest at most {MAX_DEPTH} levels")
    if isinstance(value, Mapping):
        return {
            _FREE_TEXT(str(k), reading) or "": _below(k, v, reading, depth)
            for k, v in value.items()
        }
    if isinstance(value, list | tuple):
        return [_below(n, v, reading, depth) for n, v in enumerate(value)]
    if isinstance(value, str):
        return _FREE_TEXT(value, reading) or ""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if not -(2**53) < value < 2**53:
            reading.refuse("out-of-range", "must be a number that JSON can hold exactly")
        return value
    if isinstance(value, float):
        return _number(value, reading)
    if attrs.has(type(value)):
        return value
    reading.refuse("wrong-type", "must be plain JSON")


def _below(step: object, value: Any, reading: Reading, depth: int) -> Any:
    since = len(reading.problems)
    try:
        return _json(value, reading, depth + 1)
    except Refused:
        reading.under(step, since)
        raise


_FREE_TEXT = _text(clean_lines, MAX_TEXT)
_PLAIN: dict[Any, Read] = {
    bool: _flag,
    int: _whole,
    float: _number,
    date: _plain_date,
    datetime: _moment,
    typing.Any: lambda value, reading: _json(value, reading, 1),
}
