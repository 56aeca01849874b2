"""Memberships of many people at once, plainly: what segments and statistics ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from profilecore_loyalty.membership import (
    MEMBERSHIP,
    Joint,
    Membership,
    MembershipState,
    clash,
    combine,
)

if TYPE_CHECKING:
    from profilecore import Engine

FIELDS = (
    "programme",
    "state",
    "external",
    "told",
    "tier",
    "rank",
    "tier_until",
    "balance",
    "joint",
)

Plain = dict[str, Any]


def memberships(engine: Engine, profile_ids: Sequence[str]) -> dict[str, list[Plain]]:
    """Give the memberships of people as plain values; who has none is left out.

    The verb ``engine.memberships``.  Each is a ``programme``, a ``state``, a ``tier`` and the
    ``points``; several of a person in one programme are read as one.
    """
    of: dict[str, list[Membership]] = {}
    for page in engine.extract(FIELDS, profile_ids=profile_ids, kind=MEMBERSHIP):
        for row in page:
            if row["owner"] is not None:
                of.setdefault(row["owner"], []).append(_membership(row))
    return {id: [_plain(each) for each in _as_one(found)] for id, found in of.items()}


def _membership(row: Mapping[str, Any]) -> Membership:
    # What is at its default is not in a stored value.
    known = {name: row[name] for name in FIELDS if row[name] is not None}
    if "state" in known:
        known["state"] = MembershipState(known["state"])
    if "tier_until" in known:
        known["tier_until"] = date.fromisoformat(known["tier_until"])
    if "joint" in known:
        joint = known["joint"]
        until = joint.get("until")
        known["joint"] = Joint(**joint | {"until": until and date.fromisoformat(until)})
    return Membership(id=row["id"], profile_id=row["owner"], **known)


def _as_one(found: Sequence[Membership]) -> list[Membership]:
    groups: dict[object, list[Membership]] = {}
    for each in found:
        groups.setdefault(clash(each) or each.id, []).append(each)
    return [group[0] if len(group) == 1 else combine(group) for group in groups.values()]


def _plain(membership: Membership) -> Plain:
    points = membership.told if membership.external else membership.balance
    return {
        "programme": membership.programme,
        "state": membership.state.value,
        "tier": membership.tier,
        "points": points,
    }
