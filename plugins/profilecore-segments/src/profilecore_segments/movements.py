"""Who joined a segment and who left it since the last look: documents of these people.

A refresh compares who belongs to a segment now with who did, and stores what differs in small
transactions: a document for each joining, and one for each leaving.  It is resumed by itself: what
was stored does not differ any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from hashlib import blake2b
from itertools import islice
from typing import TYPE_CHECKING, Any

from profilecore import Entry, InvalidProfile, Page, Problem
from profilecore.model import DocumentKind, OnClear
from profilecore.model.events import DOCUMENT_STORED, Event
from profilecore.model.fields import evolve
from profilecore.values import frozen
from profilecore_segments import promotions, saved
from profilecore_segments.faults import SegmentInUse
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
    """That a person joined a segment; with ``left_at``, that they left it again then."""

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
    known, gone = _known(engine, name)
    at = engine.now
    number = joined = 0
    for page in Members(engine, parse(segment.expression)).pages(watch):
        number += len(page)
        fresh = [id for id in page if known.pop(id, None) is None]
        joined += len(fresh)
        entries = [Entry(Membership(name, at), id, _id(name, id, gone.get(id, ()))) for id in fresh]
        _store(engine, entries)
    _leave(engine, known, at)
    _note(engine, segment, at)
    return Refreshed(name, number, joined, len(known))


def drop(engine: Engine, name: str) -> bool:
    """Delete a saved segment, whose members leave it; tell whether there was one.

    :raises SegmentInUse: while a promotion that did not end is for it.
    :raises ScopeDenied: if a property asks: segments are the chain's.
    """
    _check_chain(engine, "drop")
    _check_free(engine, name)
    _leave(engine, _known(engine, name)[0], engine.now)
    with engine.transaction():
        _check_free(engine, name)
        return saved.drop(engine, name)


def changes(
    engine: Engine, after: int | str = 0, limit: int = 500, segment: str | None = None
) -> Page[Movement]:
    """Give the movements among the next ``limit`` events of the feed; ``next`` goes on behind.

    With a ``segment``, the next ``limit`` movements of that one: the feed is looked through for
    them to its end, where ``next`` stays.
    """
    if not 1 <= limit <= saved.PAGE:
        raise InvalidProfile([Problem("/limit", "out-of-range", f"must be 1 to {saved.PAGE}")])
    if segment is None:
        events = engine.changes(after=after, limit=limit)
        return Page(tuple(m for _, m in _movements(engine, events.items)), events.next)
    found: list[Movement] = []
    while True:
        events = engine.changes(after=after, limit=saved.PAGE)
        for seq, movement in _movements(engine, events.items):
            if movement.segment == segment:
                found.append(movement)
                if len(found) == limit:
                    return Page(tuple(found), str(seq))
        if events.next is None or events.next == str(after):
            return Page(tuple(found), events.next)
        after = events.next


def _movements(engine: Engine, events: Iterable[Event]) -> Iterator[tuple[int, Movement]]:
    """Yield the movements among events, each with its place in the feed."""
    told = [(e.subject, e) for e in events if e.type == DOCUMENT_STORED and e.subject]
    ids = [id for id, _ in told]
    stored = {d.id: d.value for d in engine.documents(MEMBERSHIP, ids=ids)} if ids else {}
    for id, event in told:
        if id in stored:
            member: Membership = stored[id]
            at = member.left_at or member.joined_at
            yield event.seq, Movement(member.segment, event.profile_id, member.left_at is None, at)


def _check_free(engine: Engine, name: str) -> None:
    codes = promotions.for_segment(engine, name)
    if codes:
        raise SegmentInUse(name, codes)


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


Rows = dict[str, list[dict[str, Any]]]


def _known(engine: Engine, name: str) -> tuple[Rows, dict[str, list[str]]]:
    """Give who was in the segment at the last look, and by whom which documents say they left.

    Each of the first comes with the documents of the joinings that still hold.
    """
    joined: Rows = {}
    gone: dict[str, list[str]] = {}
    for rows in engine.extract(_FIELDS, kind=MEMBERSHIP):
        for row in rows:
            if row["segment"] != name or row["owner"] is None:
                continue
            if row["left_at"] is None:
                joined.setdefault(row["owner"], []).append(row)
            else:
                gone.setdefault(row["owner"], []).append(row["id"])
    left = {id for ids in gone.values() for id in ids}
    known = {
        owner: held
        for owner, rows in joined.items()
        if (held := [row for row in rows if _left_id(row["id"]) not in left])
    }
    return known, gone


def _leave(engine: Engine, known: Rows, at: datetime) -> None:
    """Store that people left, for the very ids that joined: an unmerge parts them exactly."""
    ids = (row["id"] for rows in known.values() for row in rows)
    while some := list(islice(ids, AT_ONCE)):
        with engine.transaction():
            entries = [
                Entry(
                    evolve(joined.value, left_at=at), joined.profile_id, _left_id(joined.id),
                    exact_owner=True,
                )
                for joined in engine.documents(MEMBERSHIP, ids=some)
            ]  # fmt: skip
            _store(engine, entries)


def _id(name: str, profile_id: str, gone: Iterable[str]) -> str:
    """Give the id of a joining: the same for refreshes at once, another after each leaving."""
    text = "\0".join((name, profile_id, *sorted(gone)))
    return blake2b(text.encode(), digest_size=16).hexdigest()


def _left_id(joined: str) -> str:
    """Give the id of the leaving that ends a joining."""
    return blake2b(f"left\0{joined}".encode(), digest_size=16).hexdigest()


def _store(engine: Engine, entries: Sequence[Entry]) -> None:
    """Store what is not stored yet, as by a refresh at the same time."""
    for start in range(0, len(entries), AT_ONCE):
        some = entries[start : start + AT_ONCE]
        with engine.transaction():
            ids = [str(entry.id) for entry in some]
            known = {stored.id for stored in engine.documents(MEMBERSHIP, ids=ids)}
            engine.store_documents(MEMBERSHIP, [e for e in some if e.id not in known])
