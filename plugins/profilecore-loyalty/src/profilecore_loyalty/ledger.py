"""The ledger: movements of double entry, and the totals of each programme.

A movement is one membership's part of a booking.  Its postings sum to zero: what the member gets,
an account of the programme gives.  Movements are only ever added.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from enum import Enum

import attrs

from profilecore.model import DocumentKind, OnClear
from profilecore.model.fields import evolve, lean, restore
from profilecore.values import frozen
from profilecore_loyalty.lots import Lot

MOVEMENT = "loyalty-movement"
TOTALS = "loyalty-totals"


class Verb(Enum):
    """What a movement is: what the host or the guest did, or the programme's own rules."""

    EARN = "earn"
    REDEEM = "redeem"
    EXPIRE = "expire"
    ADJUST = "adjust"
    TRANSFER = "transfer"


class Account(Enum):
    """The accounts: the member's own, and the programme's."""

    MEMBER = "member"
    ISSUED = "issued"
    REDEEMED = "redeemed"
    EXPIRED = "expired"
    ADJUSTED = "adjusted"
    TRANSFERRED = "transferred"
    CLOSED = "closed"


ACCOUNT_OF = {
    Verb.EARN: Account.ISSUED,
    Verb.REDEEM: Account.REDEEMED,
    Verb.EXPIRE: Account.EXPIRED,
    Verb.ADJUST: Account.ADJUSTED,
    Verb.TRANSFER: Account.TRANSFERRED,
}


@lean
class Posting:
    """What one account gets (or, below zero, gives) in a movement."""

    account: Account
    points: int


@lean
class Counts:
    """What a movement adds to what tiers are earned by; below zero where a stay was corrected."""

    nights: int = 0
    stays: int = 0
    spend: int = 0

    def plus(self, other: Counts | None, sign: int = 1) -> Counts:
        """Add other counts, or with the sign -1 take them away."""
        if other is None:
            return self
        return Counts(
            self.nights + sign * other.nights,
            self.stays + sign * other.stays,
            self.spend + sign * other.spend,
        )


@lean
class Rated:
    """What a stay was when it was booked: a digest of its facts, its spend, and its worth."""

    facts: str
    spend: int
    points: int


@lean
class Movement:
    """One movement of points in one membership.

    A booking under one reference has ``parts`` movements, as when it uses up the points of two
    merged memberships.  ``lots`` are the points that came or went, by the days that they had.
    ``on`` is the day for which it counts, ``at`` when it was written.  ``digest`` tells whether
    the same reference comes again for something else.  ``named`` is the id that the host
    named, where the membership is one that was merged with it.  Of a stay, ``tier`` is the one by
    which it earned its bonus, and ``rated`` what it was; a movement without points and counts
    only notes what it was told to be.
    """

    id: str
    programme: str
    membership: str
    verb: Verb
    reference: str
    on: date
    at: datetime
    postings: tuple[Posting, ...]
    digest: str
    lots: tuple[Lot, ...] = ()
    parts: int = 1
    counts: Counts | None = None
    stay: str | None = None
    tier: str | None = None
    property_id: str | None = None
    reason: str | None = None
    named: str | None = None
    rated: Rated | None = None

    def __repr__(self) -> str:
        return f"<Movement {self.id} {self.verb.value} of {self.membership}>"

    @property
    def points(self) -> int:
        """What the member got, or, below zero, gave."""
        return sum(p.points for p in self.postings if p.account is Account.MEMBER)

    @property
    def day_of_activity(self) -> date | None:
        """The day on which the guest did it; ``None`` for what the house or its rules did."""
        is_note = self.counts is None and self.points == 0
        return None if is_note or self.verb in (Verb.EXPIRE, Verb.ADJUST) else self.on


def postings(points: int, against: Account) -> tuple[Posting, ...]:
    """Give the two postings of points that a member gets from an account."""
    return (
        restore(Posting, {"account": Account.MEMBER, "points": points}),
        restore(Posting, {"account": against, "points": -points}),
    )


def movement_id(programme: str, reference: str, part: int = 0) -> str:
    """Give the id of a part of what is booked under a reference."""
    text = f"{programme}\x1f{reference}\x1f{part}".encode()
    return hashlib.blake2b(text, digest_size=16).hexdigest()


def stay_key(programme: str, name: str) -> tuple[str, str]:
    """Give the key of what is booked for a stay, by its id or its property and reference."""
    return "stay", f"{programme}:{name}"


def stay_reference(name: str, number: int) -> str:
    """Give the reference of what is booked for a stay under a number, from 1."""
    return f"stay:{name}:{number}"


def digest_of(*facts: object) -> str:
    """Give a digest of what is asked for under a reference."""
    return hashlib.blake2b(repr(facts).encode(), digest_size=8).hexdigest()


@lean
class Totals:
    """What stands in the accounts of a programme, without any person.

    ``accounts`` are the sums of all postings ever made, ``cleared`` those of them whose movements
    went with a cleared person.  No open lot ends before ``first_due``.  A booking that may be
    without parts of cleared people has at most ``parted`` of them, 0 if there is none.
    """

    programme: str
    accounts: dict[str, int] = attrs.field(factory=dict)
    cleared: dict[str, int] = attrs.field(factory=dict)
    first_due: date | None = None
    parted: int = 0

    def with_movements(self, movements: Iterable[Movement], due: Iterable[date]) -> Totals:
        """Give the totals after further movements, with open lots that end on the given days."""
        days = [*due, *([self.first_due] if self.first_due else [])]
        accounts = summed(self.accounts, movements)
        return evolve(self, accounts=accounts, first_due=min(days, default=None))

    def without(self, movements: Iterable[Movement], left: int) -> Totals:
        """Give the totals after a member went, whose movements are these and left points."""
        movements = list(movements)
        closing = {Account.CLOSED.value: left} if left else {}
        return evolve(
            self,
            parted=max([self.parted, *(m.parts for m in movements if m.parts > 1)]),
            accounts=added(self.accounts, closing),
            cleared=added(summed(self.cleared, movements), closing),
        )


def summed(accounts: Mapping[str, int], movements: Iterable[Movement]) -> dict[str, int]:
    """Add the programme's postings of movements to sums by account."""
    sums: Counter[str] = Counter()
    member = Account.MEMBER
    for movement in movements:
        for posting in movement.postings:
            if posting.account is not member:
                sums[posting.account.value] += posting.points
    return added(accounts, sums)


def added(accounts: Mapping[str, int], more: Mapping[str, int]) -> dict[str, int]:
    """Add sums by account."""
    return {n: accounts.get(n, 0) + more.get(n, 0) for n in dict.fromkeys((*accounts, *more))}


@frozen
class Standing:
    """How a programme stands: points given out, gone by each way, and still owed to members.

    ``issued``, ``adjusted`` are what members got, the others what they gave; ``liability`` is
    what they have: ``issued + adjusted - redeemed - expired - closed``.
    """

    programme: str
    issued: int = 0
    redeemed: int = 0
    expired: int = 0
    adjusted: int = 0
    transferred: int = 0
    closed: int = 0

    @property
    def liability(self) -> int:
        """The points that members have, debts taken off."""
        gone = self.redeemed + self.expired + self.transferred + self.closed
        return self.issued + self.adjusted - gone


def standing(totals: Totals) -> Standing:
    """Give the totals of a programme as people read them."""
    held = totals.accounts
    signs = {Account.ISSUED: -1, Account.ADJUSTED: -1}
    names = [account for account in Account if account is not Account.MEMBER]
    return Standing(
        totals.programme, **{a.value: signs.get(a, 1) * held.get(a.value, 0) for a in names}
    )


MOVEMENT_KIND = DocumentKind(
    MOVEMENT,
    Movement,
    OnClear.ERASE,
    dated=lambda movement: movement.day_of_activity,
    is_activity=True,
)
TOTALS_KIND = DocumentKind(TOTALS, Totals, OnClear.KEEP, personal=False)
