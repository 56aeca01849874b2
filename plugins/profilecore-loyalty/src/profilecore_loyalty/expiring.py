"""The job that lets points expire: resumable, and the same however often it runs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import TYPE_CHECKING

from profilecore.model.fields import evolve
from profilecore.values import frozen
from profilecore_loyalty.booking import opened
from profilecore_loyalty.membership import MEMBERSHIP, due_key
from profilecore_loyalty.reading import MOST, put_totals, totals_of

if TYPE_CHECKING:
    from profilecore import Engine, Stored
    from profilecore_loyalty.programme import Programme

# So many memberships share a transaction, so that others can write between two.
AT_ONCE = 100
Watch = Callable[[int], object]


@frozen
class Expired:
    """What a run did: how many memberships lost points, how many points, and whether more wait."""

    programme: str
    memberships: int = 0
    points: int = 0
    more: bool = False


def expire(
    engine: Engine, programme: Programme, as_of: date, limit: int, watch: Watch | None
) -> Expired:
    """Book the points away whose last day lies before a day, at most ``limit`` memberships.

    Each membership is found by the day on which its first points end, and moves on to its next by
    being booked: a run that was stopped has nothing half done, and the next goes on.
    """
    totals, _ = totals_of(engine, programme.code)
    first = day = totals.first_due
    done = points = 0
    while day is not None and day < as_of:
        made = _expire_some(engine, programme, day, as_of, min(AT_ONCE, limit - done))
        if made:
            done += len(made)
            points += sum(made)
            if watch is not None:
                watch(done)
        else:
            day += timedelta(days=1)
        if done == limit:
            return Expired(programme.code, done, points, more=True)
    if day is not None and first != day:
        _move_on(engine, programme, first, day)
    return Expired(programme.code, done, points)


def _expire_some(
    engine: Engine, programme: Programme, day: date, as_of: date, limit: int
) -> list[int]:
    with opened(engine, programme) as book:
        found = _due(engine, programme, day, limit)
        booked = [book.expire(each, as_of) for each in found]
        return [-movement.points for movement in booked if movement is not None]


def _due(engine: Engine, programme: Programme, day: date, limit: int) -> list[Stored]:
    key = due_key(programme.code, day)
    found = engine.documents(MEMBERSHIP, key=key, limit=limit)
    if len(found) < limit:
        # Those of cleared people that are held are not shown, but take places of the page.
        found = engine.documents(MEMBERSHIP, key=key, limit=MOST)
    return found[:limit]


def _move_on(engine: Engine, programme: Programme, first: date | None, day: date) -> None:
    """Note from which day on to look next, unless an earlier one has come up meanwhile."""
    with engine.transaction():
        totals, version = totals_of(engine, programme.code)
        if totals.first_due == first:
            put_totals(engine, evolve(totals, first_due=day), version)
