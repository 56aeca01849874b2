"""Enrol people, and find them by their numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import attrs

from profilecore.errors import InvalidProfile, NotFound, Problem
from profilecore.model.fields import evolve
from profilecore.rules.visibility import CHAIN
from profilecore.values import frozen
from profilecore_loyalty import amounts
from profilecore_loyalty.days import today
from profilecore_loyalty.faults import NotEnrolled, NumberTaken
from profilecore_loyalty.membership import (
    MEMBERSHIP,
    Membership,
    MembershipState,
    combine,
    in_order,
    keys_of,
    membership_id,
    number_key,
)
from profilecore_loyalty.numbers import candidates
from profilecore_loyalty.reading import memberships_of

if TYPE_CHECKING:
    from profilecore import Engine, Stored
    from profilecore_loyalty.programme import Programme


@frozen
class Card:
    """What is told when somebody is enrolled; what is ``None`` stays as it is.

    Without a number one is made; another number than the member has becomes the present one, and
    finds the member beside the old.  ``told`` is the balance of an external partner's card.
    """

    number: str | None = attrs.field(default=None, repr=False)
    state: MembershipState = MembershipState.ENROLLED
    provider_id: str | None = attrs.field(default=None, repr=False)
    told: int | None = None
    expires_on: date | None = None

    def problems(self) -> list[Problem]:
        """Give what is wrong with it."""
        found = []
        if self.number is not None and not 1 <= len(self.number.strip()) <= 255:
            found.append(Problem("/number", "too-long", "must have 1 to 255 characters"))
        if self.provider_id is not None and len(self.provider_id) > 100:
            found.append(Problem("/provider_id", "too-long", "must have at most 100 characters"))
        if self.told is not None:
            found += amounts.wrong("/told", self.told)
        return found


def enrol(engine: Engine, programme: Programme, profile_id: str, card: Card) -> Membership:
    problems = card.problems()
    if problems:
        raise InvalidProfile(problems)
    with engine.transaction():
        held = memberships_of(engine, programme.code, profile_id)
        known = _meant(held, card)
        before = known.value if known else _new(engine, programme, profile_id)
        after = _changed(before, card)
        if after.number is None and not programme.is_external:
            after = evolve(after, number=_free_number(engine, programme, after.id))
        if card.number is not None:
            _refuse_taken(engine, programme, card.number, {each.id for each in held})
        if known is None or after != before:
            _store(engine, after, known.version if known else 0)
    return membership(engine, programme, profile_id)


def _meant(held: Sequence[Stored], card: Card) -> Stored | None:
    """Give the membership that a card is: the one with its number, else the person's first."""
    for each in held:
        if card.number in each.value.numbers:
            return each
    return held[0] if held else None


def _new(engine: Engine, programme: Programme, profile_id: str) -> Membership:
    root = engine.path(profile_id)[-1]
    lowest = programme.at(1)
    tier = lowest.code if lowest and not lowest.thresholds else None
    return Membership(
        id=membership_id(programme.code, root),
        programme=programme.code,
        profile_id=root,
        external=programme.is_external,
        tier=tier,
        rank=programme.rank(tier),
        enrolled_on=today(engine),
    )


def _changed(before: Membership, card: Card) -> Membership:
    facts = {"provider_id": card.provider_id, "told": card.told, "expires_on": card.expires_on}
    told: dict[str, Any] = {name: value for name, value in facts.items() if value is not None}
    if card.number is not None and card.number not in before.numbers:
        told |= {"number": card.number, "other_numbers": before.numbers}
    return evolve(before, state=card.state, **told)


def _store(engine: Engine, value: Membership, version: int) -> None:
    engine.store_document(
        MEMBERSHIP,
        value,
        profile_id=value.profile_id,
        id=value.id,
        if_version=version,
        keys=keys_of(value),
    )


def _holders(engine: Engine, code: str, number: str) -> list[Stored]:
    return engine.documents(MEMBERSHIP, key=number_key(code, number))


def _free_number(engine: Engine, programme: Programme, id: str) -> str:
    with engine.acting(CHAIN):  # a number is taken also where its member is another property's
        return next(
            number
            for number in candidates(programme.number_prefix, id)
            if not _holders(engine, programme.code, number)
        )


def _refuse_taken(engine: Engine, programme: Programme, number: str, own: set[str]) -> None:
    with engine.acting(CHAIN):
        if {each.id for each in _holders(engine, programme.code, number)} - own:
            raise NumberTaken(programme.code)


def set_state(
    engine: Engine, programme: Programme, profile_id: str, state: MembershipState
) -> Membership:
    with engine.transaction():
        held = memberships_of(engine, programme.code, profile_id)
        if not held:
            raise NotEnrolled(programme.code, profile_id)
        for each in held:
            if each.value.state is not state:
                _store(engine, evolve(each.value, state=state), each.version)
    return membership(engine, programme, profile_id)


def membership(engine: Engine, programme: Programme, profile_id: str) -> Membership:
    """Give what a person has in a programme, read as one; of external cards the first.

    :raises NotEnrolled: if the person has none.
    """
    held = memberships_of(engine, programme.code, profile_id)
    if not held:
        raise NotEnrolled(programme.code, profile_id)
    values = [each.value for each in held]
    return values[0] if values[0].external else combine(values, programme)


def all_memberships(
    engine: Engine, programmes: Mapping[str, Programme], profile_id: str
) -> list[Membership]:
    """Give all that a person has: each programme once, and each external card."""
    stored = engine.documents(MEMBERSHIP, profile_id=profile_id)
    own: dict[str, list[Membership]] = {}
    for each in in_order(stored, profile_id, engine.path(profile_id)[-1]):
        if not each.value.external:
            own.setdefault(each.value.programme, []).append(each.value)
    external = [each.value for each in stored if each.value.external]
    return [*(combine(some, programmes.get(code)) for code, some in own.items()), *external]


def find(engine: Engine, code: str, number: str) -> str:
    """Give the id of the person with a number, present or former, by any of their cards.

    :raises NotFound: if nobody has it.  The number is not repeated in the error.
    """
    holders = _holders(engine, code, number)
    if not holders:
        raise NotFound(f"member of {code} with", "this number")
    return engine.path(str(holders[0].profile_id))[-1]
