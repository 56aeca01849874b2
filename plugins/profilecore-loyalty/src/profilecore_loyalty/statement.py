"""A member's statement: what there was, what came and went, what there is, what expires when."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import attrs

from profilecore.values import frozen
from profilecore_loyalty.enrolling import membership
from profilecore_loyalty.ledger import Movement
from profilecore_loyalty.lots import Lot
from profilecore_loyalty.membership import Membership
from profilecore_loyalty.reading import movements_of

if TYPE_CHECKING:
    from profilecore import Engine
    from profilecore_loyalty.programme import Programme


@frozen
class Ending:
    """Points that expire if they are not used by the end of a day."""

    until: date
    points: int


@frozen
class Statement:
    """The movements of a person in a programme from ``since`` to ``until``, both included.

    ``closing`` is ``opening`` and all movements between.  ``endings`` are of the points that there
    are now, the first to expire first.
    """

    programme: str
    numbers: tuple[str, ...] = attrs.field(repr=False)
    tier: str | None
    since: date | None
    until: date | None
    opening: int
    closing: int
    balance: int
    movements: tuple[Movement, ...] = ()
    endings: tuple[Ending, ...] = ()


def statement(
    engine: Engine,
    programme: Programme,
    profile_id: str,
    since: date | None,
    until: date | None,
) -> Statement:
    whole, movements = _of_one_moment(engine, programme, profile_id)
    later = [m for m in movements if until is not None and m.on > until]
    shown = [m for m in movements if m not in later and (since is None or m.on >= since)]
    closing = whole.balance - sum(m.points for m in later)
    return Statement(
        programme.code,
        whole.numbers,
        whole.tier,
        since,
        until,
        opening=closing - sum(m.points for m in shown),
        closing=closing,
        balance=whole.balance,
        movements=tuple(shown),
        endings=tuple(_endings(whole.lots)),
    )


def _of_one_moment(
    engine: Engine, programme: Programme, profile_id: str
) -> tuple[Membership, list[Movement]]:
    """Read the balance and the movements again where something was booked between the two."""
    while True:
        whole = membership(engine, programme, profile_id)
        movements = movements_of(engine, programme.code, profile_id)
        if sum(movement.points for movement in movements) == whole.balance:
            return whole, movements
        if membership(engine, programme, profile_id) == whole:
            return whole, movements  # it is the ledger that differs, as verify will tell


def _endings(lots: tuple[Lot, ...]) -> list[Ending]:
    days: dict[date, int] = {}
    for lot in lots:
        if lot.until is not None:
            days[lot.until] = days.get(lot.until, 0) + lot.points
    return [Ending(day, days[day]) for day in sorted(days)]
