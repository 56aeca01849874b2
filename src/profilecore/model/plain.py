"""Plain rows: read by compiled code, where an import would read millions value by value.

A plain row is one of which :mod:`~profilecore.model.reading` would keep every text as it is, but
for the canonical form of an address, a number or a code.  Most rows of most files are plain.  Of
any other nothing is said here: it goes to the readers, which know all that can be wrong.
"""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Callable, Mapping
from datetime import date
from enum import Enum
from functools import cache
from typing import Annotated, Any, NamedTuple
from unicodedata import is_normalized

import attrs
import msgspec

from profilecore.model.enums import State
from profilecore.model.fields import cleaning, default_of, fields_of
from profilecore.model.parts import COMPLETE
from profilecore.model.profile import ENGINE_FIELDS, Profile
from profilecore.model.reading import MAX_ITEMS

# What is completed, scoped or free in form: the readers' and the rules' own business.
_CAREFUL = frozenset(
    {
        "property_id", "shared_level", "preferences", "restrictions", "notes", "relationships",
        "consents", "custom", "facets",
    }
)  # fmt: skip

_encode = msgspec.json.Encoder().encode
# A blank that a reader would drop.  Quotes and blanks are many: to look for each pair takes long.
_BLANKS = re.compile(rb'  |" | "')
_QUOTES_AS_BLANKS = bytes.maketrans(b'"', b" ")


def plain_profile(values: Mapping[str, Any], region: Callable[[], str | None]) -> Any:
    """Give the values of a new profile under the profile's own names, ``None`` if not plain.

    ``region`` is asked for the country of telephone numbers in national form.  The answer has
    what :class:`Profile` has of names, contacts, numbers and codes, and :func:`body` encodes it.
    """
    try:
        if not _is_clean(_encode(values)):
            return None
        kind = _kind(Profile)
        made = msgspec.convert(values, kind.struct)
        _settle(made, values, kind, region)
    except (ValueError, TypeError, UnicodeError, RecursionError):
        return None
    return made if made.last_name is not None else None


def body(id: str, head: bytes, made: Any) -> bytes:
    """Give the stored form of a plain profile.

    ``head`` is a JSON object with what is noted of every profile.
    """
    # No object is empty here: a plain profile has a last name.
    return b'{"id":%b,%b,%b' % (_encode(id), head[1:-1], _encode(made)[1:])


def _is_clean(row: bytes) -> bool:
    if b"\\" in row or (b"  " in row.translate(_QUOTES_AS_BLANKS) and _BLANKS.search(row)):
        return False
    if row.isascii():
        return b"\x7f" not in row  # every other sign that does not print is escaped
    text = row.decode()
    return text.isprintable() and is_normalized("NFC", text)


# Brings one field to canonical form, by what was given; raises ValueError for a reader to see it.
_Step = Callable[[Any, Mapping[str, Any], Callable[[], str | None]], None]


class _Kind(NamedTuple):
    """How a class is read: its compiled twin, and what remains to be done with its fields."""

    struct: Any
    steps: dict[str, _Step]
    complete: Callable[[dict[str, Any], str | None], None] | None
    defaults: dict[str, Any]


@cache
def _kind(cls: type) -> _Kind:
    hints = typing.get_type_hints(cls)
    left_out = ENGINE_FIELDS | _CAREFUL if cls is Profile else frozenset[str]()
    fields: list[Any] = []
    steps: dict[str, _Step] = {}
    for attribute in fields_of(cls):
        name, (cleaner, limit) = attribute.name, cleaning(attribute)
        inner, is_many = _inner(hints[name])
        hint: Any = _hint(inner, limit)
        if hint is None or name in left_out:
            continue  # a row that has it is not plain
        if is_many:
            items = types.GenericAlias(tuple, (hint, ...))
            hint = Annotated[items, msgspec.Meta(max_length=MAX_ITEMS)]
            has_parts = attrs.has(inner)
            steps[name] = _parts(name, _kind(inner)) if has_parts else _codes(name, cleaner)
        elif cleaner is not None:
            steps[name] = _text(name, cleaner)
        default = default_of(attribute)
        if default is attrs.NOTHING:
            fields.append((name, hint))
        else:
            fields.append((name, hint if default is not None else hint | None, default))
    struct = msgspec.defstruct(
        cls.__name__,
        fields,
        namespace=_shown(cls, {name for name, *_ in fields}),
        kw_only=True,
        omit_defaults=True,
        forbid_unknown_fields=True,
        gc=False,
    )
    defaults = {name: default[0] for name, _, *default in fields if default}
    return _Kind(struct, steps, COMPLETE.get(cls), defaults)


def _shown(cls: type, names: set[str]) -> dict[str, Any]:
    """Give what the twin of a class has besides its fields: the same properties and methods."""
    shown: dict[str, Any] = {
        name: held
        for name, held in vars(cls).items()
        if name not in names and not name.startswith("_")
        and isinstance(held, property | types.FunctionType)
    }  # fmt: skip
    if cls is Profile:
        shown |= {"state": State.ACTIVE, "relationships": ()}
    return shown


def _inner(hint: Any) -> tuple[Any, bool]:
    """Give the type within an optional or a collection, and whether it is a collection."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        (hint,) = (a for a in typing.get_args(hint) if a is not type(None))
    if typing.get_origin(hint) is tuple:
        return _inner(typing.get_args(hint)[0])[0], True
    return (hint.__supertype__ if isinstance(hint, typing.NewType) else hint), False


def _hint(inner: Any, limit: int) -> Any:
    """Give the type that compiled code checks; ``None`` for what only a reader can."""
    if inner is str:
        return Annotated[str, msgspec.Meta(min_length=1, max_length=limit)]
    if inner in (bool, date) or (isinstance(inner, type) and issubclass(inner, Enum)):
        return inner
    return _kind(inner).struct if attrs.has(inner) else None


def _settle(
    made: Any, given: Mapping[str, Any], kind: _Kind, region: Callable[[], str | None]
) -> None:
    """Bring values to canonical form.

    :raises ValueError: if a reader should see them.
    """
    steps = kind.steps
    for name in given:
        step = steps.get(name)
        if step is not None:
            step(made, given, region)
    if kind.complete is not None:
        values = {name: getattr(made, name) for name in given}
        before = values.copy()
        kind.complete(values, None if values["value"][0] == "+" else region())
        if values != before:
            for name in values.keys() | before.keys():
                setattr(made, name, values.get(name, kind.defaults.get(name)))


def _text(name: str, cleaner: Callable[[str], str]) -> _Step:
    def step(made: Any, given: Mapping[str, Any], region: object) -> None:
        value = given[name]
        if value is not None:
            text = _cleaned(cleaner, value)
            if text is not value:
                setattr(made, name, text)

    return step


def _codes(name: str, cleaner: Callable[[str], str] | None) -> _Step:
    def step(made: Any, given: Mapping[str, Any], region: object) -> None:
        values = getattr(made, name)
        if values and cleaner is not None:
            values = tuple([_cleaned(cleaner, value) for value in values])
            setattr(made, name, values)
        if len(values) > 1 and len(set(values)) < len(values):
            raise ValueError

    return step


def _parts(name: str, kind: _Kind) -> _Step:
    def step(made: Any, given: Mapping[str, Any], region: Callable[[], str | None]) -> None:
        items = getattr(made, name)
        for item, values in zip(items, given[name], strict=True):
            _settle(item, values, kind, region)
        if len(items) > 1:
            _tell_apart(items)

    return step


def _cleaned(cleaner: Callable[[str], str], given: str) -> str:
    text = cleaner(given)
    if not text:
        raise ValueError
    return text


def _tell_apart(items: tuple[Any, ...]) -> None:
    """Refuse the same item twice, and two that are marked primary."""
    one, other, *more = items
    surely = not more and hasattr(one, "differs") and one.differs(other)
    if not surely and len({item.key for item in items}) < len(items):
        raise ValueError
    if sum([getattr(item, "primary", False) for item in items]) > 1:
        raise ValueError
