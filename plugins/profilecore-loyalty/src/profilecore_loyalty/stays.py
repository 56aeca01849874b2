"""Earn from stays: each counts once however often it is told, and a changed one is corrected."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from profilecore.errors import InvalidProfile, Problem
from profilecore.values import frozen
from profilecore_loyalty import amounts
from profilecore_loyalty.awarding import receiving
from profilecore_loyalty.booking import Book, Booking, opened
from profilecore_loyalty.days import today
from profilecore_loyalty.faults import ReferenceTaken
from profilecore_loyalty.ledger import Counts, Movement, Rated, Verb, digest_of, stay_reference
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
    whatever the rules are now; a movement of no points notes a name or a spend that is new.

    :raises ReferenceTaken: if it counts for somebody whom the actor may not see.
    """
    if not stay.profile_id or (not stay.id and not stay.reference):
        raise InvalidProfile([Problem("/stay", "missing", "must be a stay that was recorded")])
    spend = _spend(programme, stay, spend)
    with opened(engine, programme) as book:
        known = _known(book, stay)
        before, last = known.before, known.last
        held = ledgers_of(engine, programme, stay.profile_id)
        if not before:
            receiving(held)
        if spend is None:
            spend = last.spend if last else 0
        facts = _facts(stay, spend)
        ids = {each.id for each in held}
        own = [m for m in before if m.membership in ids]
        others = _standing(m for m in before if m.membership not in ids)
        earned = [m for m in own if m.counts is not None]
        tier = earned[0].tier if earned else combine([m.value for m in held], programme).tier
        on = stay.departure or today(engine)
        first = [each for each in held if each.id == _holder(own)]
        held = [*first, *(each for each in held if each not in first)]
        # What stood for somebody who was cleared since stands nowhere: that is a change.
        stands = bool(_standing(own)) or not (last and last.points)
        if last is not None and last.facts == facts and not others and stands:
            telling = _Telling(book, known, tier, last)
            if not known.is_linked:
                telling.note(held[0], on)
            return telling.made
        points = points_of(programme, stay, spend, tier)
        amounts.check("/points", points)
        rated = Rated(facts, spend, points)
        telling = _Telling(book, known, tier, rated)
        losing = sorted({id for id, _ in others})
        found = engine.documents(MEMBERSHIP, ids=losing)
        if len(found) < len(losing):
            raise ReferenceTaken(programme.code)  # it counts for whom the actor may not see
        for each in found:
            telling.leave(each, [some for (id, _), some in others.items() if id == each.id])
        counts = counts_of(programme, stay, spend)
        if counts == Counts():  # it goes from the day on which it stood
            on = max((day for _, day in _standing(own)), default=on)
        telling.stand(held, own, on, counts)
        return telling.made


def _spend(programme: Programme, stay: Stay, told: int | None) -> int | None:
    """Give what the guest spent: as it is told, else as the stay says in the right currency."""
    spend = told
    if spend is None and stay.currency is not None and stay.currency == programme.currency:
        spend = stay.revenue
    if spend is not None:
        amounts.check("/spend", spend)
        if spend < 0:
            raise InvalidProfile([Problem("/spend", "out-of-range", "must be at least 0")])
    return spend


def _facts(stay: Stay, spend: int) -> str:
    """Give a digest of all that a stay earns by."""
    return digest_of(
        stay.status.value, stay.departure, _nights(stay), stay.property_id, stay.channel, spend
    )


@frozen
class _Known:
    """What was booked for a stay, and the name and number of what is booked next.

    ``last`` is what it was rated at.  ``names`` find it, ``told`` is the name that the host gives
    it now.  It ``is_linked`` if all by which it is told now found it already.
    """

    before: list[Movement]
    last: Rated | None
    name: str
    number: int
    names: tuple[str, ...]
    told: str
    is_linked: bool


def _known(book: Book, stay: Stay) -> _Known:
    """Find a stay by its id and by its property and reference: it may be told with either.

    What was told without an id is of the first stay that is told with one; two that have ids are
    never the same.
    """
    by_number = f"{stay.property_id}:{stay.reference}" if stay.reference else ""
    told = [name for name in (by_number, stay.id) if name]
    found = {name: book.of_stay(name) for name in told}
    groups: dict[str, list[Movement]] = {}
    for movement in (movement for some in found.values() for movement in some):
        groups.setdefault(_name_of(movement), []).append(movement)
    if stay.id:
        names = [name for name, some in groups.items() if any(m.stay == stay.id for m in some)]
        if {m.stay for m in groups.get(by_number, ())} == {by_number}:
            names.append(by_number)
    else:
        names = [_name_of(found[by_number][-1])] if found[by_number] else []
    name = by_number if by_number in names else next(iter(names), told[-1])
    booked = [
        [m for m in found.get(each) or book.of_stay(each) if _name_of(m) == each] for each in names
    ]
    booked.sort(key=lambda some: some[-1].at)
    before = [m for some in booked for m in some]
    is_linked = all(any(_name_of(m) == name for m in some) for some in found.values())
    last = before[-1].rated if before else None
    if last is not None and not is_linked and len(booked) > 1:
        # Two that were told apart turn out to be one: it is what it never was, worth both.
        points = sum(some[-1].rated.points for some in booked if some[-1].rated is not None)
        last = Rated("", last.spend, points)
    return _Known(
        before,
        last,
        name,
        max((_number_of(m) for m in before if _name_of(m) == name), default=0) + 1,
        tuple(dict.fromkeys((name, *told))),
        told[-1],
        is_linked,
    )


def _name_of(movement: Movement) -> str:
    """Give the name under which a stay was booked first; it may have got others since."""
    return movement.reference.removeprefix("stay:").rpartition(":")[0]


def _number_of(movement: Movement) -> int:
    return int(movement.reference.rpartition(":")[2])


def _holder(own: Sequence[Movement]) -> str | None:
    """Give the membership for which a stay counts, or counted last."""
    counted = [m.membership for m in own if m.counts is not None and m.counts.stays > 0]
    return counted[-1] if counted else next((m.membership for m in own), None)


def _sum(movements: Iterable[Movement]) -> Counts:
    return reduce(lambda sum_, movement: sum_.plus(movement.counts), movements, Counts())


def _standing(movements: Iterable[Movement]) -> dict[tuple[str, date], list[Movement]]:
    """Give the movements by which a stay counts, by the membership and the day."""
    found: dict[tuple[str, date], list[Movement]] = {}
    for movement in movements:
        found.setdefault((movement.membership, movement.on), []).append(movement)
    return {place: some for place, some in found.items() if _sum(some) != Counts()}


class _Telling:
    """What is booked of a stay that is told: ``made``, beyond what it was rated at last."""

    def __init__(self, book: Book, known: _Known, tier: str | None, rated: Rated) -> None:
        self.made: list[Movement] = []
        self._book = book
        self._known = known
        self._number = known.number
        self._tier = tier
        self._rated = rated
        self._last = known.last

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
            stored = next(each for each in held if each.id == id)
            if self._book.is_over(booked):
                gone = sum(movement.points for movement in booked) - self._there(stored, day)
                forgiven += max(0, gone)
            if day == on:
                counted = counted.plus(_sum(booked))
            else:
                moved += self._give_back(stored, booked, moves=True)
        points = self._rated.points - given + moved
        if points < 0:
            points = min(0, points + forgiven)
        more = counts.plus(counted, -1)
        if points == 0 and more == Counts():
            if not self.made and self._is_news(counts):
                self.note(held[0] if own else receiving(held), on)
            return
        booking = self._booking(points, on, more)
        if points <= 0:
            self.made += self._book.debit(held, booking, at_most=True)
        else:
            # What only moved goes back to whom it was, enrolled or not.
            to = held[0] if points <= moved else receiving(held)
            self.made.append(self._book.credit(to, booking))

    def note(self, stored: Stored, on: date) -> None:
        """Note what the stay was told to be, where there is nothing to book."""
        self.made.append(self._book.credit(stored, self._booking(0, on, None)))

    def _is_news(self, counts: Counts) -> bool:
        """Tell whether the next telling has to know what was told."""
        if self._last is None:
            return self._rated.spend != 0
        is_other = counts != Counts() or self._rated.spend != self._last.spend
        return is_other or not self._known.is_linked

    def _give_back(self, stored: Stored, booked: Sequence[Movement], *, moves: bool = False) -> int:
        """Take back what one membership got for one day, as far as it is there.

        What was used comes out of other points, unless it only moves to another day; what
        expired never does.
        """
        limits = [max(0, sum(movement.points for movement in booked))]
        if self._last is not None:
            limits.append(self._last.points)
        if moves or self._book.is_over(booked):
            limits.append(self._there(stored, booked[0].on))
        booking = self._booking(-min(limits), booked[0].on, Counts().plus(_sum(booked), -1))
        made = self._book.debit([stored], booking, at_most=True)
        self.made += made
        return -sum(movement.points for movement in made)

    def _there(self, stored: Stored, day: date) -> int:
        return sum(lot.points for lot in self._book.of(stored).lots if lot.on == day)

    def _booking(self, points: int, on: date, counts: Counts | None) -> Booking:
        known = self._known
        number = self._book.free_number(known.name, self._number)
        self._number = number + 1
        return Booking(
            Verb.EARN, points, stay_reference(known.name, number), on, counts=counts,
            stay=known.told, tier=self._tier, rated=self._rated, names=known.names,
        )  # fmt: skip
