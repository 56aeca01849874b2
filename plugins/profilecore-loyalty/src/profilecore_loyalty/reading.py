"""What is stored, read by the programme and the person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from profilecore.rules.visibility import CHAIN
from profilecore_loyalty.faults import KeptByProvider, NotEnrolled
from profilecore_loyalty.ledger import MOVEMENT, TOTALS, Movement, Totals
from profilecore_loyalty.membership import MEMBERSHIP, MembershipState, in_order

if TYPE_CHECKING:
    from profilecore import Engine, Stored
    from profilecore_loyalty.programme import Programme

PROGRAMME = "loyalty-programme"
PAGE = 1_000
# So many can be asked for at once.
MOST = 10_000


def memberships_of(engine: Engine, code: str, profile_id: str) -> list[Stored]:
    """Give a person's memberships in a programme: that of the very id first, then the root's."""
    owned = engine.documents(MEMBERSHIP, profile_id=profile_id)
    found = [each for each in owned if each.value.programme == code]
    if len(found) < 2:
        return found
    return in_order(found, profile_id, engine.path(profile_id)[-1])


def ledgers_of(engine: Engine, programme: Programme, profile_id: str) -> list[Stored]:
    """Give the memberships between which a person's points lie, whatever their state.

    :raises KeptByProvider: if the points are not ours.
    :raises NotEnrolled: if there are none.
    """
    if programme.is_external:
        raise KeptByProvider(programme.code)
    found = memberships_of(engine, programme.code, profile_id)
    if not found:
        raise NotEnrolled(programme.code, profile_id)
    return found


def with_ledger(engine: Engine, programme: Programme, profile_id: str) -> list[Stored]:
    """Give the memberships between which the points of a person who is enrolled lie.

    :raises KeptByProvider: if the points are not ours.
    :raises NotEnrolled: if none of them is enrolled.
    """
    found = ledgers_of(engine, programme, profile_id)
    states = [each.value.state for each in found]
    if MembershipState.ENROLLED not in states:
        raise NotEnrolled(programme.code, profile_id, states[0].value)
    return found


def movements_of(engine: Engine, code: str, profile_id: str) -> list[Movement]:
    """Give a person's movements in a programme, in the order of their days."""
    owned = engine.documents(MOVEMENT, profile_id=profile_id)
    found = [each.value for each in owned if each.value.programme == code]
    return sorted(found, key=lambda movement: movement.on)


def totals_of(engine: Engine, code: str) -> tuple[Totals, int]:
    """Give the totals of a programme and their version, 0 if there are none yet."""
    found = engine.documents(TOTALS, ids=[code])
    return (found[0].value, found[0].version) if found else (Totals(code), 0)


def put_totals(engine: Engine, totals: Totals, version: int) -> None:
    """Write the totals of a programme, whoever acts: they are the chain's, not the property's."""
    with engine.acting(CHAIN):
        engine.store_document(TOTALS, totals, id=totals.programme, if_version=version)


def programme_of(engine: Engine, declared: Mapping[str, Programme], code: str) -> Programme:
    """Give a programme: as the settings declare it, else as it was defined.

    :raises NotFound: if there is none.
    """
    if code in declared:
        return declared[code]
    found: Programme = engine.document(PROGRAMME, code).value
    return found


def programmes_of(engine: Engine, declared: Mapping[str, Programme]) -> list[Programme]:
    """Give all programmes, by code."""
    defined = {each.id: each.value for each in engine.documents(PROGRAMME)}
    known = defined | dict(declared)
    return [known[code] for code in sorted(known)]
