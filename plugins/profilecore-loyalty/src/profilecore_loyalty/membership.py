"""Memberships: one a person and programme, with the balance and the open lots of its ledger."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import date
from enum import Enum
from typing import TYPE_CHECKING

import attrs

from profilecore.model import DocumentKind, OnClear
from profilecore.model.fields import evolve, lean
from profilecore_loyalty.lots import Lot, first_end, joined

if TYPE_CHECKING:
    from profilecore import Stored
    from profilecore_loyalty.programme import Programme

MEMBERSHIP = "loyalty-membership"


class MembershipState(Enum):
    """How far a membership has come; points move in those that are ``ENROLLED``."""

    NEW = "new"
    PENDING = "pending"
    ENROLLED = "enrolled"
    CANCELED = "canceled"
    DECLINED = "declined"


@lean
class Joint:
    """The tier that merged memberships have together, as long as ``members`` are all together.

    It is kept apart from what each has by itself, so that an unmerge leaves nobody more.
    """

    members: tuple[str, ...]
    tier: str | None = None
    rank: int = 0
    until: date | None = None


@lean
class Membership:
    """What one profile id has in one programme.

    ``balance`` is the sum of its movements and ``lots`` are what of it is still there; a debt has
    no lots.  ``tier`` is what it earned by itself, ``rank`` that tier's place in the programme, and
    ``joint`` what it earned together with those that were merged with it.  Of an ``external`` one,
    ``told`` is what its provider last told; it has no ledger here.
    """

    id: str
    programme: str
    profile_id: str
    state: MembershipState = MembershipState.ENROLLED
    number: str | None = attrs.field(default=None, repr=False)
    other_numbers: tuple[str, ...] = attrs.field(default=(), repr=False)
    external: bool = False
    told: int | None = None
    provider_id: str | None = attrs.field(default=None, repr=False)
    tier: str | None = None
    rank: int = 0
    tier_until: date | None = None
    enrolled_on: date | None = None
    expires_on: date | None = None
    balance: int = 0
    lots: tuple[Lot, ...] = ()
    joint: Joint | None = None

    @property
    def numbers(self) -> tuple[str, ...]:
        """All numbers by which the member is found, the present one first."""
        return tuple(n for n in (self.number, *self.other_numbers) if n)


def clash(membership: Membership) -> str | None:
    """Give the programme of which a person has one membership; external cards stay apart."""
    return None if membership.external else membership.programme


def combine(memberships: Sequence[Membership], programme: Programme | None = None) -> Membership:
    """Read several memberships of a person in one programme as one.

    It has the name of the first, every number, the best tier, and the exact sum of the balances.
    Which tier is best, the programme says as it is now, or without it the ranks that are stored.

    :raises ValueError: if they are not of one programme, or any is a provider's.
    """
    main = memberships[0]
    if any(m.external or m.programme != main.programme for m in memberships):
        raise ValueError("only the chain's own memberships in one programme can be combined")
    enrolled = [m for m in memberships if m.state is MembershipState.ENROLLED]
    tiers = [
        (m in enrolled, programme.rank(tier) if programme else rank, until or date.min, tier, until)
        for m in memberships
        for tier, rank, until in _tiers_of(m, {each.id for each in memberships})
    ]
    _, rank, _, tier, until = max(tiers, key=lambda held: held[:3])
    numbers = [number for m in memberships for number in m.numbers]
    days = [m.enrolled_on for m in memberships if m.enrolled_on]
    return evolve(
        main,
        state=enrolled[0].state if enrolled else main.state,
        number=main.number or next(iter(numbers), None),
        other_numbers=tuple(dict.fromkeys(n for n in numbers if n != main.number)),
        tier=tier,
        rank=rank,
        tier_until=until,
        joint=None,
        enrolled_on=min(days, default=None),
        balance=sum(m.balance for m in memberships),
        lots=joined(lot for m in memberships for lot in m.lots),
    )


def _tiers_of(
    membership: Membership, together: set[str]
) -> Iterator[tuple[str | None, int, date | None]]:
    yield membership.tier, membership.rank, membership.tier_until
    joint = membership.joint
    if joint is not None and together.issuperset(joint.members):
        yield joint.tier, joint.rank, joint.until


def membership_id(programme: str, profile_id: str) -> str:
    """Give the id of the membership that a profile id has in a programme."""
    text = f"{programme}\x1f{profile_id}".encode()
    return hashlib.blake2b(text, digest_size=16).hexdigest()


def keys_of(membership: Membership) -> list[tuple[str, str]]:
    """Give what finds a membership: its numbers, and the day on which points expire first."""
    keys = numbers_of(membership)
    end = first_end(membership.lots)
    return [*keys, due_key(membership.programme, end)] if end else keys


def numbers_of(membership: Membership) -> list[tuple[str, str]]:
    """Give the keys of a membership's numbers."""
    return [number_key(membership.programme, number) for number in membership.numbers]


def number_key(programme: str, number: str) -> tuple[str, str]:
    """Give the key of a number, however it is spaced and cased."""
    plain = number.casefold()
    if not plain.isalnum():
        plain = "".join(letter for letter in plain if letter.isalnum())
    return "number", f"{programme}:{plain}"


def due_key(programme: str, day: date) -> tuple[str, str]:
    """Give the key of the memberships whose first points end on a day."""
    return "due", f"{programme}:{day.isoformat()}"


def in_order(found: Sequence[Stored], *ids: str) -> list[Stored]:
    """Put memberships in order: those of the given profile ids first, then as they were made."""
    place = {id: number for number, id in enumerate(reversed(ids))}
    return sorted(found, key=lambda each: -place.get(str(each.profile_id), -1))


MEMBERSHIP_KIND = DocumentKind(MEMBERSHIP, Membership, OnClear.ERASE, clash=clash, combine=combine)
