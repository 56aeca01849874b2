"""Earn from stays: each counts once however often it is told, and a changed one is corrected."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from profilecore.errors import InvalidProfile, Problem
from profilecore_loyalty.awarding import receiving
from profilecore_loyalty.booking import Book, Booking, opened
from profilecore_loyalty.ledger import Counts, Movement, Verb
from profilecore_loyalty.membership import combine
from profilecore_loyalty.programme import EarningRule, Measure
from profilecore_loyalty.reading import with_ledger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from profilecore import Engine, Stay, Stored
    from profilecore_loyalty.programme import Programme


def counts_of(programme: Programme, stay: Stay, spend: int) -> Counts:
    """Give what a stay counts for tiers: nothing unless it is in a state that counts."""
    if stay.status not in programme.stay_statuses or stay.departure is None:
        return Counts()
    return Counts(nights=_nights(stay), stays=1, spend=spend)


def _nights(stay: Stay) -> int:
    if stay.nights is not None:
        return stay.nights
    both = stay.arrival and stay.departure
    return (stay.departure - stay.arrival).days if both else 0  # type: ignore[operator]  # both are there


def points_of(programme: Programme, stay: Stay, spend: int, tier: str | None) -> int:
    """Give the points of a stay, by all rules that hold for it; each rounds down for itself."""
    counts = counts_of(programme, stay, spend)
    amounts = {
        Measure.NIGHTS: counts.nights,
        Measure.STAYS: counts.stays,
        Measure.SPEND: counts.spend,
    }
    return sum(
        amounts[rule.measure] // rule.per * rule.points * (100 + _bonus(rule, tier)) // 100
        for rule in programme.earning
        if _holds(rule, stay)
    )


def _bonus(rule: EarningRule, tier: str | None) -> int:
    return rule.bonus.get(tier, 0) if tier else 0


def _holds(rule: EarningRule, stay: Stay) -> bool:
    left = stay.departure
    return (
        (not rule.properties or stay.property_id in rule.properties)
        and (not rule.channels or stay.channel in rule.channels)
        and (rule.since is None or (left is not None and left >= rule.since))
        and (rule.until is None or (left is not None and left <= rule.until))
    )


def earn_from_stay(
    engine: Engine, programme: Programme, stay: Stay, spend: int | None
) -> list[Movement]:
    """Book what a stay earns beyond what was booked for it before.

    Points of a stay that no longer counts are taken back, as far as they are still there.
    """
    key = stay.id or f"{stay.property_id}:{stay.reference or ''}"
    if not stay.profile_id or (not stay.id and not stay.reference):
        raise InvalidProfile([Problem("/stay", "missing", "must be a stay that was recorded")])
    if spend is not None and spend < 0:
        raise InvalidProfile([Problem("/spend", "out-of-range", "must be at least 0")])
    with opened(engine, programme) as book:
        before, number = _told_before(book, key)
        held = with_ledger(engine, programme, stay.profile_id)
        counted = reduce(lambda sum_, movement: sum_.plus(movement.counts), before, Counts())
        tier = before[0].tier if before else combine([each.value for each in held]).tier
        told = counted.spend if spend is None else spend
        points = points_of(programme, stay, told, tier) - sum(m.points for m in before)
        counts = counts_of(programme, stay, told).plus(counted, -1)
        if points == 0 and counts == Counts():
            return []
        on = stay.departure or engine.now.date()
        booking = Booking(
            Verb.EARN, points, f"stay:{key}:{number}", on, counts=counts, stay=key, tier=tier
        )
        return _book(book, held, booking, before)


def _told_before(book: Book, key: str) -> tuple[list[Movement], int]:
    """Give what was booked for a stay, and the number of what is booked next."""
    found: list[Movement] = []
    number = 1
    while parts := book.under(f"stay:{key}:{number}"):
        found += parts
        number += 1
    return found, number


def _book(
    book: Book, held: Sequence[Stored], booking: Booking, before: Sequence[Movement]
) -> list[Movement]:
    if booking.points <= 0:
        first = [each for each in held if before and each.id == before[0].membership]
        others = [each for each in held if each not in first]
        return book.debit([*first, *others], booking, at_most=True)
    return [book.credit(receiving(held), booking)]
