"""Ids by their keys, and plain fields of many profiles: what bulk work reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import compress
from typing import Any

from profilecore.codec import Codec, Columns
from profilecore.engine.kernel import Kernel
from profilecore.engine.unit import PROFILE
from profilecore.errors import InvalidProfile, Problem
from profilecore.model.enums import SharedLevel, State
from profilecore.model.fields import fields_of
from profilecore.model.profile import Profile
from profilecore.rules.visibility import SCOPED_FIELDS, Actor, may_see
from profilecore.store.port import Body, Reader
from profilecore.values import frozen

Key = tuple[str, str]
Row = dict[str, Any]
PAGE = 5_000
IN_COLUMNS = 1_000
"""So many rows stay in the processor's cache while they are made and used."""
_ALWAYS = ("id", "state", "shared_level", "property_id")


def look_up(
    kernel: Kernel, keys: Iterable[Key], at_most: int, or_none: bool
) -> dict[Key, list[str]]:
    stored = {key: kernel.terms.key(*key) for key in keys}
    with kernel.reading() as reader:
        if or_none:
            few = reader.find_many(list(stored.values()), at_most)
            return {key: few[number] for key, number in stored.items() if number in few}
        found = ((key, reader.find(number, at_most)) for key, number in stored.items())
        return {key: ids for key, ids in found if ids}


def extract(
    kernel: Kernel,
    fields: Sequence[str],
    ids: Sequence[str] | None,
    kind: str = PROFILE,
    after: str | None = None,
    page: int = PAGE,
) -> Iterator[list[Row]]:
    if kind != PROFILE:
        from profilecore.engine import owned_rows

        return owned_rows.extract(kernel, kind, fields, ids, after, page)
    rows = _Rows(kernel, fields)
    if ids is not None:
        return _named(kernel, rows, ids, page)
    pages = bodies(kernel, PROFILE, page, after)
    return (rows.of(body for *_, body in found) for found in pages)


Packed = tuple[Columns, Sequence[bytes]]
"""A page that is not read yet: the columns known of it, and the bodies that hold the others."""


@frozen
class Shape:
    """How columns are made of packed pages.  A plain value, so that another process can do it."""

    asked: tuple[str, ...]
    known: tuple[str, ...]
    read: tuple[str, ...]
    cls: type
    living: bool = False

    def columns(self, codec: Codec, page: Packed) -> Columns:
        """Give the columns that were asked for, of all rows or of the living."""
        known, bodies = page
        held = dict(zip(self.known, known, strict=True))
        held |= zip(self.read, codec.columns(self.read, self.cls)(bodies), strict=True)
        found = tuple([held[name] for name in self.asked])
        if not self.living:
            return found
        living = [state is None or state == State.ACTIVE.value for state in held["state"]]
        return found if all(living) else tuple([[*compress(c, living)] for c in found])


def columns(kernel: Kernel, fields: Sequence[str], kind: str = PROFILE) -> Iterator[Columns]:
    shape, pages = packed(kernel, fields, kind)
    return (shape.columns(kernel.codec, page) for page in pages)


def packed(
    kernel: Kernel, fields: Sequence[str], kind: str = PROFILE
) -> tuple[Shape, Iterator[Packed]]:
    if kind != PROFILE:
        from profilecore.engine import owned_rows

        return owned_rows.packed(kernel, kind, fields, IN_COLUMNS)
    rows = _Rows(kernel, fields)
    pages = bodies(kernel, PROFILE, IN_COLUMNS)
    return rows.shape, (rows.pack([body for *_, body in page]) for page in pages)


def bodies(kernel: Kernel, kind: str, size: int, after: str | None = None) -> Iterator[list[Body]]:
    """Yield the documents of a kind without their envelopes, as ``kernel.pages`` does with them."""
    while True:
        with kernel.reading() as reader:
            page = reader.bodies(kind, after, size)
        if not page:
            return
        yield page
        after = page[-1][0]


def _named(kernel: Kernel, rows: _Rows, ids: Sequence[str], page: int) -> Iterator[list[Row]]:
    for start in range(0, len(ids), page):
        with kernel.reading() as reader:
            documents = reader.get_many(PROFILE, ids[start : start + page])
        yield rows.of(document.body for document in documents)


def living(kernel: Kernel, reader: Reader, ids: Sequence[str]) -> Sequence[str]:
    """Give those of some ids that are living profiles which the actor may see."""
    rows = _Rows(kernel, ("id",))
    page = rows.pack([document.body for document in reader.get_many(PROFILE, ids)])
    return rows.shape.columns(kernel.codec, page)[0]


def rows_of(kernel: Kernel, reader: Reader, fields: Sequence[str], ids: Sequence[str]) -> list[Row]:
    """Give the rows of the living among some profiles that the actor may see."""
    found = reader.get_many(PROFILE, ids)
    return _Rows(kernel, fields).of(document.body for document in found)


class _Rows:
    """Reads only the wanted fields of stored profiles: several times faster than all of them."""

    def __init__(self, kernel: Kernel, fields: Sequence[str]) -> None:
        known = {a.name for a in fields_of(Profile)}
        problems = [
            Problem(f"/fields/{n}", "unknown-field", "must be a field of a profile")
            for n, name in enumerate(fields)
            if name not in known
        ]
        if problems:
            raise InvalidProfile(problems)
        self._kernel = kernel
        self._fields = tuple(fields)
        self._pick = kernel.codec.picker(tuple(dict.fromkeys((*_ALWAYS, *fields))))
        # Who asks now: pages may be read when somebody else acts.
        self._actor = kernel.actor
        self._sees_all = kernel.actor.property_id is None

    def of(self, stored: Iterable[bytes]) -> list[Row]:
        """Give the rows of the living among the profiles that the actor may see."""
        property_id = self._actor.property_id
        found = []
        for body in stored:
            row = self._pick(body)
            if row["state"] not in (None, State.ACTIVE.value):
                continue
            if property_id is None:
                found.append({name: row[name] for name in self._fields})
            elif property_id == row["property_id"] or is_shared(row):
                found.append({name: self._seen(name, row[name]) for name in self._fields})
        return found

    @property
    def shape(self) -> Shape:
        """How columns are made of what :meth:`pack` gives."""
        asked = self._fields
        if self._sees_all:
            return Shape(asked, (), tuple(dict.fromkeys(("state", *asked))), Profile, living=True)
        return Shape(asked, asked, (), Profile)

    def pack(self, stored: Sequence[bytes]) -> Packed:
        """Give what :meth:`of` does, to be made into columns."""
        if self._sees_all:
            return (), stored
        rows = self.of(stored)
        return tuple([[row[name] for row in rows] for name in self._fields]), ()

    def _seen(self, name: str, items: Any) -> Any:
        if name == "provenance" and items:
            return items | {"fields": _seen_stamps(items.get("fields") or {}, self._actor)}
        if name not in SCOPED_FIELDS or not items:
            return items
        return [i for i in items if may_see(i.get("property_id"), self._actor)]


def _seen_stamps(stamps: Row, actor: Actor) -> Row:
    return {
        name: stamp
        for name, stamp in stamps.items()
        if name not in SCOPED_FIELDS or may_see(stamp.get("property_id"), actor)
    }


def is_shared(row: Row) -> bool:
    """Tell by its plain fields whether a profile is one that every property sees."""
    return row["shared_level"] in (None, SharedLevel.CHAIN.value)
