"""Who joined a segment and who left it since the last look: documents of these people.

A refresh compares who belongs to a segment now with who did, and stores what differs in small
transactions.  It is resumed by itself: what was stored does not differ any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from hashlib import blake2b
from itertools import islice
from typing import TYPE_CHECKING, Any

from profilecore import Entry, InvalidProfile, Page, Problem
from profilecore.model import DocumentKind, OnClear
from profilecore.model.events import DOCUMENT_STORED
from profilecore.model.fields import evolve
from profilecore.values import frozen
from profilecore_segments import saved
from profilecore_segments.members import Members, Watch, silent
from profilecore_segments.parsing import parse
from profilecore_segments.saved import Segment
from profilecore_segments.settings import SEGMENT

if TYPE_CHECKING:
    from profilecore import Engine

MEMBERSHIP = "segment_membership"
AT_ONCE = 1_000
"""People whose documents are stored in one transaction, beside others' work."""
_FIELDS = ("segment", "joined_at", "left_at")


@frozen
class Membership:
    """A person's time in a segment; without ``left_at`` they are in it."""

    segment: str
    joined_at: datetime
    left_at: datetime | None = None


KIND = DocumentKind(MEMBERSHIP, Membership, OnClear.ERASE)


@frozen
class Refreshed:
    """What a refresh found: how many belong, how many joined and left since the last one."""

    segment: str
    members: int
    joined: int
    left: int


@frozen
class Movement:
    """One person joined a segment, or left it."""

    segment: str
    profile_id: str
    joined: bool
    at: datetime


def refresh(engine: Engine, name: str, watch: Watch = silent) -> Refreshed:
    """Store who joined and who left a saved segment; for each the feed has ``document.stored``.

    A segment that is changed meanwhile stays as it was changed: the next refresh looks at it.

    :raises NotFound: if there is no segment of this name.
    :raises ScopeDenied: if a property asks: a segment has one set of members, the chain's.
    """
    _check_chain(engine, "refresh")
    segment = saved.get(engine, name)
    known = _known(engine, name)
    at = engine.now
    number = joined = 0
    for page in Members(engine, parse(segment.expression)).pages(watch):
        number += len(page)
        fresh = [id for id in page if known.pop(id, None) is None]
        joined += len(fresh)
        _store(engine, (Entry(Membership(name, at), id, _id(name, id)) for id in fresh))
    _store(engine, (entry for rows in known.values() for entry in _ended(rows, at)))
    _note(engine, segment, at)
    return Refreshed(name, number, joined, len(known))


def drop(engine: Engine, name: str) -> bool:
    """Delete a saved segment, whose members leave it; tell whether there was one.

    :raises ScopeDenied: if a property asks: segments are the chain's.
    """
    _check_chain(engine, "drop")
    _store(engine, (e for rows in _known(engine, name).values() for e in _ended(rows, engine.now)))
    return saved.drop(engine, name)


def changes(engine: Engine, after: int | str = 0, limit: int = 500) -> Page[Movement]:
    """Give the movements among the next ``limit`` events of the feed; ``next`` goes on behind.

    Of someone who joined and left meanwhile, the last state is given twice.
    """
    if not 1 <= limit <= saved.PAGE:
        raise InvalidProfile([Problem("/limit", "out-of-range", f"must be 1 to {saved.PAGE}")])
    events = engine.changes(after=after, limit=limit)
    subjects = [e.subject for e in events.items if e.type == DOCUMENT_STORED and e.subject]
    stored = {d.id: d for d in engine.documents(MEMBERSHIP, ids=subjects)} if subjects else {}
    found = [
        Movement(
            membership.segment,
            event.profile_id,
            membership.left_at is None,
            membership.left_at or membership.joined_at,
        )
        for event in events.items
        if event.subject in stored
        for membership in (stored[str(event.subject)].value,)
    ]
    return Page(tuple(found), events.next)


def _check_chain(engine: Engine, what: str) -> None:
    if engine.actor.property_id is not None:
        from profilecore import ScopeDenied

        raise ScopeDenied(f"{what} a segment of the chain")


def _note(engine: Engine, segment: Segment, at: datetime) -> None:
    """Store when a segment was refreshed, unless it was changed meanwhile or dropped."""
    with engine.transaction():
        for stored in engine.documents(SEGMENT, ids=[segment.name]):
            if stored.value.expression == segment.expression:
                noted = evolve(stored.value, refreshed_at=at)
                engine.store_document(SEGMENT, noted, id=stored.id, if_version=stored.version)


def _known(engine: Engine, name: str) -> dict[str, list[dict[str, Any]]]:
    """Give who was in the segment at the last look, with the documents that say so."""
    known: dict[str, list[dict[str, Any]]] = {}
    for rows in engine.extract(_FIELDS, kind=MEMBERSHIP):
        for row in rows:
            if row["segment"] == name and row["left_at"] is None and row["owner"] is not None:
                known.setdefault(row["owner"], []).append(row)
    return known


def _ended(rows: Iterable[dict[str, Any]], at: datetime) -> Iterator[Entry]:
    for row in rows:
        joined = datetime.fromisoformat(row["joined_at"])
        yield Entry(Membership(row["segment"], joined, at), row["owner"], row["id"])


def _id(name: str, profile_id: str) -> str:
    """One document for each person and segment, however often they join and leave."""
    return blake2b(f"{name}\0{profile_id}".encode(), digest_size=16).hexdigest()


def _store(engine: Engine, entries: Iterator[Entry]) -> None:
    while some := list(islice(entries, AT_ONCE)):
        engine.store_documents(MEMBERSHIP, some)
