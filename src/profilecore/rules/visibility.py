"""What an acting property may see: of another property's items and profiles, nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from profilecore.model import parts
from profilecore.model.enums import SharedLevel
from profilecore.model.fields import evolve
from profilecore.model.profile import Profile
from profilecore.values import frozen

# Collections whose items may belong to one property.
SCOPED_FIELDS = {
    "preferences": parts.Preference,
    "restrictions": parts.Restriction,
    "notes": parts.Note,
    "consents": parts.Consent,
}


@frozen
class Actor:
    """Who acts, and for which property; ``None`` acts for the whole chain.

    ``source`` is the source system recorded in the provenance of what this actor writes.
    """

    id: str
    property_id: str | None = None
    source: str | None = None


CHAIN = Actor("chain")


def may_see_profile(profile: Profile, actor: Actor) -> bool:
    """Tell whether the profile exists for the actor."""
    return (
        profile.shared_level is SharedLevel.CHAIN
        or actor.property_id is None
        or profile.property_id == actor.property_id
    )


def may_see(property_id: str | None, actor: Actor) -> bool:
    """Tell whether something of a property (``None``: of the chain) exists for the actor."""
    return property_id is None or actor.property_id in (None, property_id)


def seen_by(profile: Profile, actor: Actor) -> Profile:
    """Give the profile without the items of other properties."""
    if actor.property_id is None:
        return profile
    return _keep(profile, lambda item: may_see(item.property_id, actor))


def hidden_items(profile: Profile, name: str, actor: Actor) -> tuple[Any, ...]:
    """Give the items of a collection that the actor does not see."""
    if actor.property_id is None or name not in SCOPED_FIELDS:
        return ()
    return tuple(i for i in getattr(profile, name) if not may_see(i.property_id, actor))


def _keep(profile: Profile, wanted: Callable[[Any], bool]) -> Profile:
    fewer = {
        name: kept
        for name in SCOPED_FIELDS
        if (items := getattr(profile, name))
        and len(kept := tuple(i for i in items if wanted(i))) < len(items)
    }
    return evolve(profile, **fewer) if fewer else profile
