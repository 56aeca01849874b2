"""Which people to look at when: pages of ids, found in the order of their hours.

Nothing of a person stands in it but the id, and whoever is looked at is looked at anew: an
entry says when somebody can be due at the earliest, never that anybody is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from profilecore.engine.kernel import Kernel
from profilecore.engine.unit import Unit
from profilecore.model.documents import Document
from profilecore.model.fields import lean
from profilecore.store.port import OPEN, Line, Query, Reader, Terms
from profilecore.values import frozen

KIND = "agenda"
PAGE_SIZE = 500
# No name can be typed that begins like this, so no search comes across it.
_WORD = OPEN
Position = tuple[Any, ...]
_LAST = date(9000, 1, 1)


@lean
class _Body:
    hour: str
    ids: tuple[str, ...]


@frozen
class Page:
    """Some of the people to look at in one hour, and the document they stand in."""

    document: Document
    hour: str
    ids: tuple[str, ...]


def midnight_after(day: date, zone: ZoneInfo) -> datetime:
    """Give the moment at which a day is over in a time zone, in UTC."""
    following = min(day, _LAST) + timedelta(days=1)
    return datetime.combine(following, time(), zone).astimezone(UTC)


def hour_of(at: datetime) -> str:
    """Give the first full hour that is not before a time, as 2027-03-05T22, in UTC."""
    whole = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return f"{whole if whole == at else whole + timedelta(hours=1):%Y-%m-%dT%H}"


def schedule(unit: Unit, at: datetime, ids: Sequence[str]) -> None:
    """Have a few people looked at from a time on."""
    hour = hour_of(at)
    writer, codec = unit.writer, unit.kernel.codec
    pages = writer.find(_key(unit.kernel, hour), 1_000_000)
    if pages and (document := writer.get(KIND, pages[-1])) is not None:
        body = codec.load(_Body, document.body)
        if len(body.ids) + len(ids) <= PAGE_SIZE:
            _put(unit, document.id, hour, (*body.ids, *ids), document.version)
            return
    add_pages(unit, {hour: list(ids)})


def add_pages(unit: Unit, entries: dict[str, list[str]]) -> None:
    """Have many people looked at, each list from an hour on."""
    for hour, ids in entries.items():
        for start in range(0, len(ids), PAGE_SIZE):
            _put(unit, unit.kernel.new_id(), hour, tuple(ids[start : start + PAGE_SIZE]), 0)


def next_page(
    kernel: Kernel, reader: Reader, at: datetime, after: Position | None
) -> tuple[Page, Position] | None:
    """Give the page behind a position whose hour has come, the oldest hour first."""
    for hit in reader.search(Query(_WORD), after, 1):
        if hit.word <= f"{_WORD}{at.astimezone(UTC):%Y-%m-%dT%H}":
            body = kernel.codec.load(_Body, hit.document.body)
            return Page(hit.document, body.hour, body.ids), hit.position
    return None


def replace(unit: Unit, page: Page, ids: Sequence[str]) -> None:
    """Leave only some ids on a page; without any it goes."""
    if ids:
        _put(unit, page.document.id, page.hour, tuple(ids), page.document.version)
    else:
        unit.writer.delete(KIND, page.document.id)


def forget_all(unit: Unit, limit: int) -> bool:
    """Delete up to so many pages; tell whether there are more."""
    hits = unit.writer.search(Query(_WORD), None, limit + 1)
    for hit in hits[:limit]:
        unit.writer.delete(KIND, hit.id)
    return len(hits) > limit


def _put(unit: Unit, id: str, hour: str, ids: Iterable[str], expect: int) -> None:
    word = f"{_WORD}{hour}"
    terms = Terms((_key(unit.kernel, hour),), (Line(word, (word,)),))
    unit.put(KIND, id, id, _Body(hour, tuple(ids)), expect=expect, terms=terms)


def _key(kernel: Kernel, hour: str) -> int:
    return kernel.terms.key(KIND, hour)
