"""Plain fields of the documents that people own, of one kind: what statistics read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import eq
from typing import Any

from profilecore.engine import extracting
from profilecore.engine.extracting import Packed, Shape
from profilecore.engine.kernel import Kernel
from profilecore.engine.persons import hosts_stays
from profilecore.engine.unit import PROFILE
from profilecore.errors import InvalidProfile, NotFound, Problem
from profilecore.model.documents import DocumentKind, OnClear
from profilecore.model.enums import State
from profilecore.model.fields import cleared, fields_of
from profilecore.model.stay import Stay
from profilecore.rules.visibility import may_see
from profilecore.store.port import Body, Reader

Row = dict[str, Any]
_Whose = tuple[Sequence[str], Sequence[str | None], Sequence[bytes]]
STAY = "stay"
ALL = 2**31
_GLANCE = ("id", "shared_level", "property_id")


def extract(
    kernel: Kernel,
    name: str,
    fields: Sequence[str],
    ids: Sequence[str] | None,
    after: str | None,
    page: int,
) -> Iterator[list[Row]]:
    kind = kernel.kinds.get(name)
    if kind is None:
        raise NotFound("kind of documents", name)
    rows = _OwnedRows(kernel, kind, fields)
    return rows.of_all(page, after) if ids is None else rows.of_people(ids, page)


def packed(
    kernel: Kernel, name: str, fields: Sequence[str], page: int
) -> tuple[Shape, Iterator[Packed]]:
    kind = kernel.kinds.get(name)
    if kind is None:
        raise NotFound("kind of documents", name)
    rows = _OwnedRows(kernel, kind, fields)
    return rows.shape, rows.packed(page)


class _OwnedRows:
    """Reads only the wanted fields; each row says who owns it now.

    Whom an id stands for is taken once, at the beginning: a long run goes by that.
    """

    def __init__(self, kernel: Kernel, kind: DocumentKind, fields: Sequence[str]) -> None:
        known = {a.name for a in fields_of(kind.cls)}
        problems = [
            Problem(f"/fields/{n}", "unknown-field", f"must be a field of a {kind.name}")
            for n, name in enumerate(fields)
            if name not in known and name not in ("id", "owner")
        ]
        if problems:
            raise InvalidProfile(problems)
        self._kernel = kernel
        # Who asks now: pages may be read when somebody else acts.
        self._actor = kernel.actor
        self._kind = kind
        self._fields = tuple(dict.fromkeys(fields))
        self._asked = tuple(fields)
        self._sources = kernel.plugins.contributions.stays if kind.name == STAY else []
        self._pick = kernel.codec.picker(self._fields, kind.cls)
        self._glance = kernel.codec.picker(_GLANCE)

    def of_all(self, page: int, after: str | None = None) -> Iterator[list[Row]]:
        """Yield the rows of the whole store, in the order of insertion; the host's stays last."""
        with self._kernel.reading() as reader:
            stand_for = _stand_for(self._kernel, reader)
        for bodies in extracting.bodies(self._kernel, self._kind.name, page, after):
            yield list(self._rows(bodies, stand_for))
        for people in self._all_people(page):
            yield list(self._hosts(people))

    @property
    def shape(self) -> Shape:
        """How columns are made of what :meth:`packed` gives."""
        known = tuple(name for name in self._fields if name in ("id", "owner"))
        read = tuple(name for name in self._fields if name not in known)
        return Shape(self._asked, known, read, self._kind.cls)

    def packed(self, page: int) -> Iterator[Packed]:
        """Yield what :meth:`of_all` does, to be made into columns."""
        with self._kernel.reading() as reader:
            stand_for = _stand_for(self._kernel, reader)
        names = self.shape.known
        for bodies in extracting.bodies(self._kernel, self._kind.name, page):
            ids, owners, contents = self._whose(bodies, stand_for)
            known = {"id": ids, "owner": owners}
            yield tuple([known[name] for name in names]), contents
        for people in self._all_people(page):
            hosts = list(self._stays_of(people))
            known = {"id": [s.id for _, s in hosts], "owner": [owner for owner, _ in hosts]}
            made = [self._kernel.codec.dump(stay) for _, stay in hosts]
            yield tuple([known[name] for name in names]), made

    def of_people(self, ids: Sequence[str], page: int) -> Iterator[list[Row]]:
        """Yield the rows of what some people own, all ids of each included."""
        for start in range(0, len(ids), page):
            with self._kernel.reading() as reader:
                some = ids[start : start + page]
                people = extracting.rows_of(self._kernel, reader, ("id", "absorbed"), some)
                owners = {id: p["id"] for p in people for id in _family(p)}
                documents = reader.owned(list(owners), self._kind.name)
            bodies = [(d.id, d.owner, d.property_id, d.body) for d in documents]
            yield [*self._rows(bodies, owners), *self._hosts(people)]

    def _rows(self, bodies: Sequence[Body], stand_for: Mapping[str, str | None]) -> Iterator[Row]:
        ids, owners, contents = self._whose(bodies, stand_for)
        for id, owner, row in zip(ids, owners, map(self._pick, contents), strict=True):
            row["owner"], row["id"] = owner, id
            yield row

    def _whose(self, bodies: Sequence[Body], stand_for: Mapping[str, str | None]) -> _Whose:
        """Give the ids of what the actor may see, who owns it now, and what is left of it."""
        if self._actor.property_id is not None:
            bodies = self._visible(bodies, stand_for)
        if not bodies:
            return (), (), ()
        ids, owners, _properties, contents = zip(*bodies, strict=True)
        # Most people stand for themselves: millions of rows come through here.
        if stand_for.keys().isdisjoint(owners) and not any(map(eq, ids, owners)):
            return ids, owners, contents
        found = []
        for id, owner, content in zip(ids, owners, contents, strict=True):
            person = stand_for.get(owner, None if owner == id else owner)
            left = self._left(content) if owner in stand_for and person is None else content
            if left is not None:
                found.append((id, person, left))
        return [f[0] for f in found], [f[1] for f in found], [f[2] for f in found]

    def _left(self, body: bytes) -> bytes | None:
        """Give what is left of a document whose person was cleared, or is restricted."""
        if self._kind.on_clear is OnClear.FIELDS:
            codec = self._kernel.codec
            return codec.dump(cleared(codec.load(self._kind.cls, body)))
        return None if self._kind.personal else body

    def _visible(self, bodies: Sequence[Body], stand_for: Mapping[str, str | None]) -> list[Body]:
        actor = self._actor
        seen = [body for body in bodies if may_see(body[2], actor)]
        people = {stand_for.get(owner) or owner for id, owner, _, _ in seen if owner != id}
        with self._kernel.reading() as reader:
            found = [self._glance(d.body) for d in reader.get_many(PROFILE, list(people))]
        hidden = {
            row["id"]
            for row in found
            if not extracting.is_shared(row) and row["property_id"] != actor.property_id
        }
        return [b for b in seen if (stand_for.get(b[1]) or b[1]) not in hidden]

    def _all_people(self, page: int) -> Iterator[list[Row]]:
        """Yield all people, if there may be stays that the host keeps itself."""
        if self._sources:
            yield from extracting.extract(self._kernel, ("id", "absorbed"), None, page=page)

    def _hosts(self, people: Iterable[Row]) -> Iterator[Row]:
        for owner, stay in self._stays_of(people):
            row = self._pick(self._kernel.codec.dump(stay))
            yield row | {"id": stay.id, "owner": owner}

    def _stays_of(self, people: Iterable[Row]) -> Iterator[tuple[str, Stay]]:
        """Yield the stays that the host keeps itself, each with whose it is."""
        if not self._sources:
            return
        for person in people:
            for stay in hosts_stays(self._kernel, _family(person)):
                yield person["id"], stay


def _family(person: Row) -> tuple[str, ...]:
    return (person["id"], *(person["absorbed"] or ()))


def _stand_for(kernel: Kernel, reader: Reader) -> dict[str, str | None]:
    """Give for each id that is not its own who it stands for now: ``None`` for the cleared."""

    def ids_in(state: State) -> list[str]:
        return reader.find(kernel.terms.key("state", state.value), ALL)

    gone = {*ids_in(State.CLEARED), *ids_in(State.RESTRICTED)}
    pick = kernel.codec.picker(("id", "merged_into"))
    merged = [pick(d.body) for d in reader.get_many(PROFILE, ids_in(State.MERGED))]
    parents: dict[str, str] = {row["id"]: row["merged_into"] for row in merged}
    found: dict[str, str | None] = dict.fromkeys(gone)
    for id in parents:
        root = id
        while root in parents:
            root = parents[root]
        found[id] = None if root in gone else root
    return found
