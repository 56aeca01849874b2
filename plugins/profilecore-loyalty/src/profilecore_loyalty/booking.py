"""Book movements: the one place that writes the ledger.

All happens inside one transaction that begins as a writer, and each membership is stored over
the version that was read: two bookings at once never spend the same point.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING

import attrs

from profilecore import Entry
from profilecore.model.fields import build, evolve
from profilecore.rules.periods import last_day
from profilecore.rules.visibility import CHAIN
from profilecore.values import frozen
from profilecore_loyalty import amounts
from profilecore_loyalty import lots as lots_
from profilecore_loyalty.days import today
from profilecore_loyalty.faults import NotEnoughPoints, ReferenceTaken
from profilecore_loyalty.ledger import (
    ACCOUNT_OF,
    MOVEMENT,
    Counts,
    Movement,
    Rated,
    Verb,
    digest_of,
    movement_id,
    postings,
    stay_key,
    stay_reference,
)
from profilecore_loyalty.lots import Lot, Lots
from profilecore_loyalty.membership import MEMBERSHIP, Membership, keys_of
from profilecore_loyalty.reading import MOST, put_totals, totals_of

if TYPE_CHECKING:
    from profilecore import Engine, Stored
    from profilecore_loyalty.programme import Programme

Key = tuple[str, str]


@frozen
class Booking:
    """What is asked for under one reference: how many points, whichever way they go.

    What is booked for a stay is found by the ``names`` of the stay.
    """

    verb: Verb
    points: int
    reference: str = attrs.field(repr=False)
    on: date
    counts: Counts | None = None
    stay: str | None = None
    tier: str | None = None
    reason: str | None = attrs.field(default=None, repr=False)
    named: str | None = None
    rated: Rated | None = None
    names: tuple[str, ...] = attrs.field(default=(), repr=False)

    @property
    def digest(self) -> str:
        """A digest of what is asked for; not of the day, which a repeat may leave to the clock."""
        return digest_of(self.verb.value, self.points, self.stay)


@contextmanager
def opened(engine: Engine, programme: Programme, *bookings: Booking) -> Iterator[Book]:
    """Open the book of a programme in a transaction; what was booked is written at the end.

    What stands already under the references of the bookings is read at once.
    """
    with engine.transaction():
        book = Book(engine, programme, bookings)
        yield book
        book.write()


class Book:
    """The ledger of one programme inside one transaction."""

    def __init__(
        self, engine: Engine, programme: Programme, bookings: Iterable[Booking] = ()
    ) -> None:
        self._engine = engine
        self._programme = programme
        self._stored: dict[str, Stored] = {}
        self._now: dict[str, Membership] = {}
        self._booked: dict[str, tuple[str, Movement]] = {}
        self._keys: dict[str, tuple[Key, ...]] = {}
        self._due: set[date] = set()
        self._ends: dict[date, date | None] = {}
        self._at = engine.now
        self._property_id = engine.actor.property_id
        self._totals = totals_of(engine, programme.code)
        self._ids = {b.reference: movement_id(programme.code, b.reference) for b in bookings}
        ids = list(self._ids.values())
        # Where the first parts went with cleared people, a later one knows the reference.
        self._later = range(1, self._totals[0].parted)
        ids += [movement_id(programme.code, b, part) for b in self._ids for part in self._later]
        self._known = {each.id: (str(each.profile_id), each.value) for each in self._read(ids)}

    # ---- what was booked before

    def repeated(self, booking: Booking, profile_id: str) -> list[Movement]:
        """Give the movements that stand for this very booking already; none if it is new.

        :raises ReferenceTaken: if its reference stands for something or somebody else.
        """
        id = self._id(booking.reference)
        found = self._booked.get(id) or self._known.get(id)
        if found is None and self._later:
            found = self._left_of(booking.reference)
        if found is None:
            return []
        owner, first = found
        if first.digest != booking.digest or not self._is_of(first, owner, profile_id):
            raise ReferenceTaken(self._programme.code)
        return [first] if first.parts == 1 else self._parts(first)

    def check_taker(self, transferred: Movement, profile_id: str) -> None:
        """Refuse a repeated transfer that went to somebody else.

        :raises ReferenceTaken: if it did.
        """
        with self._engine.acting(CHAIN):
            of = self._engine.documents(MEMBERSHIP, ids=[transferred.membership])
        if not all(self._is_of(transferred, str(each.profile_id), profile_id) for each in of):
            raise ReferenceTaken(self._programme.code)

    def of_stay(self, name: str) -> list[Movement]:
        """Give what was booked for a stay under one of its names, whoever may see it, in order."""
        key = stay_key(self._programme.code, name)
        with self._engine.acting(CHAIN):
            found = self._engine.documents(MOVEMENT, key=key, limit=MOST)
        return [each.value for each in found]

    def free_number(self, name: str, number: int) -> int:
        """Give the first number from this on under which nothing is booked for a stay.

        What the law keeps of somebody who was cleared is shown to nobody, but has its number.
        """
        sort, value = stay_key(self._programme.code, name)
        key = f"{MOVEMENT}:{sort}", value
        taken = set(self._engine.look_up([key], at_most=MOST).get(key, ()))
        while self._id(stay_reference(name, number)) in taken:
            number += 1
        return number

    def _left_of(self, reference: str) -> tuple[str, Movement] | None:
        known = (self._known.get(self._id(reference, part)) for part in self._later)
        return next(filter(None, known), None)

    def _parts(self, movement: Movement) -> list[Movement]:
        ids = [self._id(movement.reference, part) for part in range(movement.parts)]
        return [each.value for each in self._read(ids)]

    def _id(self, reference: str, part: int = 0) -> str:
        known = self._ids.get(reference) if part == 0 else None
        return known or movement_id(self._programme.code, reference, part)

    def _read(self, ids: Sequence[str]) -> list[Stored]:
        """Read movements, whoever acts: a reference is taken also where it is not shown."""
        if not ids:
            return []
        with self._engine.acting(CHAIN):
            return self._engine.documents(MOVEMENT, ids=ids)

    def _is_of(self, movement: Movement, owner: str, profile_id: str) -> bool:
        """Tell whether a movement was booked for a person, whom an unmerge may have parted.

        :raises NotFound: if the actor may not see the person.
        """
        root = self._engine.path(profile_id)[-1]
        whose = [owner, *([movement.named] if movement.named else [])]
        with self._engine.acting(CHAIN):
            return any(self._engine.path(each)[-1] == root for each in whose)

    def is_over(self, movements: Iterable[Movement]) -> bool:
        """Tell whether the last day of all points that movements gave lies before today."""
        given = [lot for m in movements if m.points > 0 for lot in m.lots]
        return bool(given) and len(lots_.overdue(tuple(given), today(self._engine))) == len(given)

    # ---- what is booked now

    def of(self, stored: Stored) -> Membership:
        """Give a membership as it stands after what was booked so far."""
        value: Membership = stored.value
        return self._now.get(value.id, value)

    def credit(
        self, to: Stored, booking: Booking, lots: Lots = (), part: int = 0, parts: int = 1
    ) -> Movement:
        """Give a member points: as one lot that expires by the rule, or as the lots they were."""
        before = self.of(to)
        new = booking.points - lots_.total(lots)
        given = (*lots, self._lot(booking.on, new)) if new else lots
        owed = min(booking.points, max(0, -before.balance))
        left = lots_.less(given, lots_.first(given, owed)) if owed else given
        after = evolve(
            before,
            balance=before.balance + booking.points,
            lots=lots_.with_new(before.lots, left),
        )
        return self._book(to, after, booking, booking.points, given, part, parts)

    def debit(
        self, held: Sequence[Stored], booking: Booking, *, at_most: bool = False, further: int = 0
    ) -> list[Movement]:
        """Take points from a person's memberships, first in first out over all of them.

        Each membership gets a movement of its own, so that an unmerge parts them.  ``at_most``
        takes no more than there are; ``further`` is how many parts the caller adds.

        :raises NotEnoughPoints: if there are too few, and the programme allows no debt.
        """
        as_of = min(booking.on, today(self._engine))
        for each in held:
            self.expire(each, as_of)
        wanted = self._allowed(held, booking, at_most)
        lots = [(lot, each) for each in held for lot in self.of(each).lots]
        used: dict[str, list[Lot]] = {each.id: [] for each in held}
        left = wanted
        owing, back = held[0], booking.stay is not None

        def place(taken: tuple[Lot, Stored]) -> tuple[bool, bool, tuple[date, date]]:
            lot, each = taken
            # What a stay gave goes back first from where and for when it was given.
            return back and each is not owing, back and lot.on != booking.on, lot.order

        for lot, each in sorted(lots, key=place):
            used[each.id] += lots_.first((lot,), left)
            left -= min(left, lot.points)
        # What a stay counts stays with the membership that it counts for.
        first = back or left > 0
        taking = [each for each in held if used[each.id] or (each is owing and first)] or [owing]
        parts = len(taking) + further
        booked = []
        for part, each in enumerate(taking):
            lots_used = tuple(used[each.id])
            points = lots_.total(lots_used) + (left if each is owing else 0)
            asked = booking if part == 0 else evolve(booking, counts=None)
            booked.append(self._take(each, asked, points, lots_used, part, parts))
        return booked

    def _allowed(self, held: Sequence[Stored], booking: Booking, at_most: bool) -> int:
        wanted = -booking.points
        balance = sum(self.of(each).balance for each in held)
        if wanted <= balance or self._programme.allow_debt:
            return wanted
        if at_most:
            return max(0, balance)
        raise NotEnoughPoints(
            self._programme.code, str(held[0].profile_id), wanted, max(0, balance)
        )

    def expire(self, stored: Stored, as_of: date) -> Movement | None:
        """Take a member's points whose last day is over, if there are any."""
        gone = lots_.overdue(self.of(stored).lots, as_of)
        if not gone:
            return None
        # A version is written once, and so is what expires on it.
        reference = f"expire:{stored.id}:{stored.version}"
        if self._id(reference) in self._booked:
            return None
        points = lots_.total(gone)
        booking = Booking(Verb.EXPIRE, -points, reference, as_of)
        return self._take(stored, booking, points, gone, 0, 1)

    def _take(
        self, stored: Stored, booking: Booking, points: int, used: Lots, part: int, parts: int
    ) -> Movement:
        before = self.of(stored)
        after = evolve(before, balance=before.balance - points, lots=lots_.less(before.lots, used))
        return self._book(stored, after, booking, -points, used, part, parts)

    def _book(
        self,
        stored: Stored,
        after: Membership,
        booking: Booking,
        points: int,
        lots: Lots,
        part: int,
        parts: int,
    ) -> Movement:
        code = self._programme.code
        owner = str(stored.profile_id)
        amounts.check_size("/points", after.balance)
        # Built as the codec builds it: an import of a ledger makes millions of them.
        movement = build(
            Movement,
            {
                "id": self._id(booking.reference, part),
                "programme": code,
                "membership": after.id,
                "verb": booking.verb,
                "reference": booking.reference,
                "on": booking.on,
                "at": self._at,
                "postings": postings(points, ACCOUNT_OF[booking.verb]),
                "digest": booking.digest,
                "lots": lots,
                "parts": parts,
                "counts": booking.counts,
                "stay": booking.stay,
                "tier": booking.tier,
                "property_id": self._property_id,
                "reason": booking.reason,
                "named": None if booking.named == owner else booking.named,
                "rated": booking.rated,
            },
        )
        self._stored[after.id] = stored
        self._now[after.id] = after
        self._booked[movement.id] = owner, movement
        if booking.names:
            self._keys[movement.id] = tuple(stay_key(code, name) for name in booking.names)
        self._due.update(lot.until for lot in after.lots if lot.until is not None)
        return movement

    def _lot(self, on: date, points: int) -> Lot:
        if on not in self._ends:
            period = self._programme.expire_after
            self._ends[on] = last_day(on, period) if period else None
        return build(Lot, {"on": on, "points": points, "until": self._ends[on]})

    def write(self) -> None:
        """Write what was booked: the movements, the memberships, the totals."""
        if not self._booked:
            return
        engine, keys = self._engine, self._keys
        engine.store_documents(
            MOVEMENT,
            [
                Entry(movement, owner, id, 0, keys.get(id, ()), exact_owner=True)
                for id, (owner, movement) in self._booked.items()
            ],
        )
        entries = map(self._entry, self._now.values())
        engine.store_documents(MEMBERSHIP, entries, read=self._stored.values())
        totals, version = self._totals
        movements = [movement for _, movement in self._booked.values()]
        put_totals(engine, totals.with_movements(movements, self._due), version)

    def _entry(self, membership: Membership) -> Entry:
        stored = self._stored[membership.id]
        keys = tuple(keys_of(membership))
        return Entry(membership, stored.profile_id, stored.id, stored.version, keys)
