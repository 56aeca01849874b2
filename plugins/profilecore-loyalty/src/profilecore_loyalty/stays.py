"""Earn from stays: each counts once however often it is told, and a changed one is corrected."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from profilecore.errors import InvalidProfile, Problem
from profilecore_loyalty.awarding import receiving
from profilecore_loyalty.booking import Book, Booking, opened
from profilecore_loyalty.days import today
from profilecore_loyalty.ledger import Counts, Movement, Rated, Verb, digest_of
from profilecore_loyalty.membership import MEMBERSHIP, combine
from profilecore_loyalty.programme import EarningRule, Measure
from profilecore_loyalty.reading import ledgers_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

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
    """Book a stay so that it stands as if it had only ever been told as it is now.

    That is for its guest, on its day and for what it is worth; points are taken back as far as
    they are still there.  Of a stay that is what it was when it was told last, nothing is booked,
    whatever the rules are now.
    """
    if not stay.profile_id or (not stay.id and not stay.reference):
        raise InvalidProfile([Problem("/stay", "missing", "must be a stay that was recorded")])
    if spend is not None and spend < 0:
        raise InvalidProfile([Problem("/spend", "out-of-range", "must be at least 0")])
    with opened(engine, programme) as book:
        before, name, number = _told_before(book, stay)
        held = ledgers_of(engine, programme, stay.profile_id)
        if not before:
            receiving(held)
        last = before[-1].rated if before else None
        if spend is None:
            spend = last.spend if last else _sum(before).spend
        facts = _facts(stay, spend)
        ids = {each.id for each in held}
        own = [m for m in before if m.membership in ids]
        others = _standing(m for m in before if m.membership not in ids)
        if last is not None and last.facts == facts and not others:
            return []
        tier = own[0].tier if own else combine([each.value for each in held], programme).tier
        rated = Rated(facts, spend, points_of(programme, stay, spend, tier))
        telling = _Telling(book, name, number, tier, rated, last)
        for each in engine.documents(MEMBERSHIP, ids=sorted({id for id, _ in others})):
            telling.leave(each, [some for (id, _), some in others.items() if id == each.id])
        on = stay.departure or today(engine)
        counts = counts_of(programme, stay, spend)
        if counts == Counts():  # it goes from the day on which it stood
            on = max((day for _, day in _standing(own)), default=on)
        first = [each for each in held if own and each.id == own[0].membership]
        telling.stand([*first, *(each for each in held if each not in first)], own, on, counts)
        return telling.made


def _facts(stay: Stay, spend: int) -> str:
    """Give a digest of all that a stay earns by."""
    return digest_of(
        stay.status.value, stay.departure, _nights(stay), stay.property_id, stay.channel, spend
    )


def _told_before(book: Book, stay: Stay) -> tuple[list[Movement], str, int]:
    """Give what was booked for a stay, and the name and number of what is booked next.

    It may have been told by its booking number before it had an id.
    """
    by_number = f"{stay.property_id}:{stay.reference}" if stay.reference else ""
    found = {name: _booked(book, name) for name in (by_number, stay.id) if name}
    name = next((name for name in reversed(found) if found[name]), stay.id or by_number)
    before = [movement for parts in found.values() for part in parts for movement in part]
    return before, name, len(found[name]) + 1


def _booked(book: Book, name: str) -> list[list[Movement]]:
    found: list[list[Movement]] = []
    while parts := book.under(f"stay:{name}:{len(found) + 1}"):
        found.append(parts)
    return found


def _sum(movements: Iterable[Movement]) -> Counts:
    return reduce(lambda sum_, movement: sum_.plus(movement.counts), movements, Counts())


def _standing(movements: Iterable[Movement]) -> dict[tuple[str, date], list[Movement]]:
    """Give the movements by which a stay counts, by the membership and the day."""
    found: dict[tuple[str, date], list[Movement]] = {}
    for movement in movements:
        found.setdefault((movement.membership, movement.on), []).append(movement)
    return {place: some for place, some in found.items() if _sum(some) != Counts()}


class _Telling:
    """What is booked of a stay that is told: ``made``, beyond what it was rated at ``last``."""

    def __init__(
        self,
        book: Book,
        name: str,
        number: int,
        tier: str | None,
        rated: Rated,
        last: Rated | None,
    ) -> None:
        self.made: list[Movement] = []
        self._book = book
        self._name = name
        self._number = number
        self._tier = tier
        self._rated = rated
        self._last = last

    def leave(self, stored: Stored, standing: Iterable[Sequence[Movement]]) -> None:
        """Take the stay from a membership of somebody whose it is no more."""
        for booked in standing:
            self._give_back(stored, booked)

    def stand(
        self, held: Sequence[Stored], own: Sequence[Movement], on: date, counts: Counts
    ) -> None:
        """Let the stay count on a day, for one of the memberships of its guest, and on no other.

        ``own`` is what was booked for the guest; the first membership is the one that earned it.
        """
        given = sum(movement.points for movement in own)
        # What was gone when it should have been taken back is not asked for again.
        forgiven = max(0, given - self._last.points) if self._last else 0
        moved, counted = 0, Counts()
        for (id, day), booked in _standing(own).items():
            if day == on:
                counted = counted.plus(_sum(booked))
                continue
            stored = next(each for each in held if each.id == id)
            lots = self._book.of(stored).lots
            there = sum(lot.points for lot in lots if lot.on == day)
            moved += self._give_back(stored, booked, there)
        points = self._rated.points - given + moved
        if points < 0:
            points = min(0, points + forgiven)
        counts = counts.plus(counted, -1)
        if points == 0 and counts == Counts():
            return
        booking = self._booking(points, on, counts)
        if points <= 0:
            self.made += self._book.debit(held, booking, at_most=True)
        else:
            # What only moved goes back to whom it was, enrolled or not.
            to = held[0] if points <= moved else receiving(held)
            self.made.append(self._book.credit(to, booking))

    def _give_back(
        self, stored: Stored, booked: Sequence[Movement], there: int | None = None
    ) -> int:
        """Take back what one membership got for one day, as far as it is there."""
        limits = [max(0, sum(movement.points for movement in booked))]
        if self._last is not None:
            limits.append(self._last.points)
        if there is not None:
            limits.append(there)
        booking = self._booking(-min(limits), booked[0].on, Counts().plus(_sum(booked), -1))
        made = self._book.debit([stored], booking, at_most=True)
        self.made += made
        return -sum(movement.points for movement in made)

    def _booking(self, points: int, on: date, counts: Counts) -> Booking:
        reference = f"stay:{self._name}:{self._number}"
        self._number += 1
        return Booking(
            Verb.EARN, points, reference, on,
            counts=counts, stay=self._name, tier=self._tier, rated=self._rated,
        )  # fmt: skip
