"""Give points for what the host says: one award, or many in few transactions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import islice
from typing import TYPE_CHECKING

import attrs

from profilecore.engine.collecting import seldom_collected
from profilecore.errors import InvalidProfile, Problem, ProfilecoreError, StoreError
from profilecore.values import frozen
from profilecore_loyalty import amounts
from profilecore_loyalty.booking import Book, Booking, opened
from profilecore_loyalty.days import today
from profilecore_loyalty.faults import KeptByProvider, NotEnrolled
from profilecore_loyalty.ledger import Movement, Verb
from profilecore_loyalty.membership import MEMBERSHIP, MembershipState, membership_id
from profilecore_loyalty.reading import with_ledger

if TYPE_CHECKING:
    from profilecore import Engine, Stored
    from profilecore_loyalty.programme import Programme

# So many awards share a transaction: enough that its commit hardly counts, few enough that other
# writers wait for a fraction of a second.
AT_ONCE = 500
# References of what is booked for stays, and of what expires.
OWN_REFERENCES = ("stay:", "expire:")


@frozen
class Award:
    """Points for one person under one reference; without a day, for today."""

    profile_id: str
    points: int
    reference: str = attrs.field(repr=False)
    on: date | None = None
    reason: str | None = attrs.field(default=None, repr=False)


@frozen
class Refused:
    """An award of a batch that was not booked: its place among the awards, from 0, and why."""

    place: int
    error: ProfilecoreError


@frozen
class Awarded:
    """What became of a batch: the movements in the order of the awards, and the refused ones."""

    movements: tuple[Movement, ...]
    refused: tuple[Refused, ...]


@seldom_collected()
def award(engine: Engine, programme: Programme, awards: Iterable[Award]) -> Awarded:
    """Book awards, many in a transaction; one that is refused stops none of the others.

    :raises KeptByProvider: for a programme whose points are not ours.
    """
    if programme.is_external:
        raise KeptByProvider(programme.code)
    movements: list[Movement] = []
    refused: list[Refused] = []
    listed, place = iter(awards), 0
    while some := list(islice(listed, AT_ONCE)):
        for made in _award(engine, programme, some):
            if isinstance(made, Movement):
                movements.append(made)
            else:
                refused.append(Refused(place, made))
            place += 1
    return Awarded(tuple(movements), tuple(refused))


def _award(
    engine: Engine, programme: Programme, awards: Sequence[Award]
) -> list[Movement | ProfilecoreError]:
    day = today(engine)
    bookings = [_booking(each, day) for each in awards]
    made: list[Movement | ProfilecoreError] = []
    with opened(engine, programme, *bookings) as book:
        ids = [membership_id(programme.code, each.profile_id) for each in awards]
        own = {each.id: each for each in engine.documents(MEMBERSHIP, ids=sorted(set(ids)))}
        for each, booking, id in zip(awards, bookings, ids, strict=True):
            try:
                to = own.get(id)
                made.append(_one(engine, programme, book, booking, each.profile_id, to, day))
            except StoreError:
                raise  # it says nothing of the award
            except ProfilecoreError as error:
                made.append(error)
    return made


def _booking(given: Award, day: date) -> Booking:
    return Booking(
        Verb.EARN,
        given.points,
        given.reference,
        given.on or day,
        reason=given.reason,
        named=given.profile_id,
    )


def _one(
    engine: Engine,
    programme: Programme,
    book: Book,
    booking: Booking,
    profile_id: str,
    to: Stored | None,
    day: date,
) -> Movement:
    check(booking, day)
    repeated = book.repeated(booking, profile_id)
    if repeated:
        return repeated[0]
    if to is None or to.value.state is not MembershipState.ENROLLED:
        to = receiving(with_ledger(engine, programme, profile_id))
    return book.credit(to, booking)


def receiving(held: Sequence[Stored]) -> Stored:
    """Give the membership of a person that new points go to: the first that is enrolled.

    :raises NotEnrolled: if none is.
    """
    for each in held:
        if each.value.state is MembershipState.ENROLLED:
            return each
    first = held[0]
    raise NotEnrolled(first.value.programme, str(first.profile_id), first.value.state.value)


def check(booking: Booking, today: date) -> None:
    """Refuse a host's booking that would earn a debt, of no points, or under a wrong reference.

    What is dated ahead is refused too: its points could be used before they were earned.

    :raises InvalidProfile: naming what is wrong.
    """
    problems = []
    if not 1 <= len(booking.reference) <= 255:
        problems.append(Problem("/reference", "missing", "must have 1 to 255 characters"))
    if booking.reference.startswith(OWN_REFERENCES):
        told = "must not begin with 'stay:' or 'expire:', as the programme's own do"
        problems.append(Problem("/reference", "invalid-value", told))
    unfit = amounts.wrong("/points", booking.points)
    problems += unfit
    if not unfit and booking.points == 0:
        problems.append(Problem("/points", "out-of-range", "must not be 0"))
    if not unfit and booking.verb is Verb.EARN and booking.points < 0:
        problems.append(Problem("/points", "out-of-range", "must be at least 1; or adjust them"))
    if booking.on > today:
        problems.append(Problem("/on", "out-of-range", "must be today or a day before"))
    if problems:
        raise InvalidProfile(problems)
