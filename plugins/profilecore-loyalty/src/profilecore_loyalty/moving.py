"""Redeem, adjust and transfer points."""

from __future__ import annotations

from typing import TYPE_CHECKING

from profilecore.errors import InvalidProfile, Problem
from profilecore_loyalty import amounts
from profilecore_loyalty.awarding import check, receiving
from profilecore_loyalty.booking import Booking, opened
from profilecore_loyalty.days import today
from profilecore_loyalty.ledger import Movement, Verb
from profilecore_loyalty.lots import joined
from profilecore_loyalty.reading import ledgers_of, with_ledger

if TYPE_CHECKING:
    from profilecore import Engine
    from profilecore_loyalty.programme import Programme

Movements = list[Movement]


def redeem(
    engine: Engine,
    programme: Programme,
    profile_id: str,
    points: int,
    reference: str,
    reason: str | None,
) -> Movements:
    _positive(points)
    booking = Booking(
        Verb.REDEEM, -points, reference, today(engine), reason=reason, named=profile_id
    )
    return _move(engine, programme, profile_id, booking)


def adjust(
    engine: Engine,
    programme: Programme,
    profile_id: str,
    points: int,
    reference: str,
    reason: str | None,
) -> Movements:
    amounts.check("/points", points)
    booking = Booking(
        Verb.ADJUST, points, reference, today(engine), reason=reason, named=profile_id
    )
    return _move(engine, programme, profile_id, booking)


def _move(engine: Engine, programme: Programme, profile_id: str, booking: Booking) -> Movements:
    check(booking, booking.on)
    with opened(engine, programme, booking) as book:
        repeated = book.repeated(booking, profile_id)
        if repeated:
            return repeated
        if booking.points > 0:
            return [book.credit(receiving(with_ledger(engine, programme, profile_id)), booking)]
        # What is left after somebody went can be put right, though no more be redeemed.
        find = ledgers_of if booking.verb is Verb.ADJUST else with_ledger
        return book.debit(find(engine, programme, profile_id), booking)


def transfer(
    engine: Engine,
    programme: Programme,
    from_id: str,
    to_id: str,
    points: int,
    reference: str,
) -> Movements:
    _positive(points)
    day = today(engine)
    out = Booking(Verb.TRANSFER, -points, reference, day, named=from_id)
    check(out, day)
    with opened(engine, programme, out) as book:
        repeated = book.repeated(out, from_id)
        if repeated:
            book.check_taker(repeated[-1], to_id)
            return repeated
        if engine.path(from_id)[-1] == engine.path(to_id)[-1]:
            raise InvalidProfile([Problem("/to", "same-person", "must be somebody else")])
        to = receiving(with_ledger(engine, programme, to_id))
        gone = book.debit(with_ledger(engine, programme, from_id), out, further=1)
        # Points keep their days: a transfer makes none last longer.
        lots = joined(lot for movement in gone for lot in movement.lots)
        into = Booking(Verb.TRANSFER, points, reference, day, named=to_id)
        return [*gone, book.credit(to, into, lots, len(gone), len(gone) + 1)]


def _positive(points: int) -> None:
    amounts.check("/points", points)
    if points < 1:
        raise InvalidProfile([Problem("/points", "out-of-range", "must be at least 1")])
