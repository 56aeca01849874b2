"""What an acting property may see: of another property's items and profiles, nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from profilecore.model import parts
from profilecore.model.documents import Document, DocumentKind, Held, OnClear
from profilecore.model.enums import SharedLevel, State
from profilecore.model.fields import cleared, evolve
from profilecore.model.profile import Profile
from profilecore.values import frozen

T = TypeVar("T")
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
    ``purpose`` is the retention rule or kind of legal hold for the sake of which this actor may
    read what it keeps of people who were cleared otherwise.
    """

    id: str
    property_id: str | None = None
    source: str | None = None
    purpose: str | None = None


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
    """Give the profile without the items of other properties, and what is restricted.

    Of a profile that is kept by law or a legal hold alone, only what the actor's purpose allows.
    """
    return of_property(unrestricted(profile, actor), actor)


def unrestricted(profile: Profile, actor: Actor = CHAIN) -> Profile:
    """Give the profile without what is restricted, but for what the actor's purpose allows."""
    if profile.state is not State.RESTRICTED:
        return profile
    held = tuple(h for h in profile.held if may_see(h.property_id, actor))
    return _kept_by((h for h in held if h.rule == actor.purpose), evolve(profile, held=held))


def of_property(profile: Profile, actor: Actor) -> Profile:
    """Give the profile without the items of other properties; what is restricted stays."""
    if actor.property_id is None:
        return profile
    if profile.held:
        held = tuple(h for h in profile.held if may_see(h.property_id, actor))
        profile = evolve(profile, held=held)
    profile = _keep(profile, lambda item: may_see(item.property_id, actor))
    stamps = profile.provenance.fields
    seen = {
        n: s for n, s in stamps.items() if n not in SCOPED_FIELDS or may_see(s.property_id, actor)
    }
    if len(seen) == len(stamps):
        return profile
    return evolve(profile, provenance=evolve(profile.provenance, fields=seen))


def held_for(profile: Profile, actor: Actor) -> Profile:
    """Give the profile with all that is kept of it, but for what others' holds alone keep."""
    seen = of_property(profile, actor)
    if profile.state is not State.RESTRICTED or actor.property_id is None:
        return seen
    return _kept_by(seen.held, seen)


def _kept_by(some: Iterable[Held], profile: Profile) -> Profile:
    """Give what some of the things that are held keep of a profile."""
    fields = {name for each in some if each.id is None for name in each.fields}
    return evolve(cleared(profile, fields), held=profile.held)


def released(
    value: T, document: Document, root: Profile, kind: DocumentKind | None, actor: Actor
) -> T | None:
    """Give the value of an owned document as far as it is released to the actor.

    That is all of it, unless its person is restricted: then only what the actor's purpose holds,
    and what is left of it without a person.
    """
    if root.state is not State.RESTRICTED or document.kind == "hold":
        return value  # the hold itself is no secret
    fields: set[str] = set()
    for held in root.held:
        if not may_see(held.property_id, actor):
            continue
        if (held.kind, held.id, held.rule) == (document.kind, document.id, actor.purpose):
            if not held.fields:
                return value
            fields.update(held.fields)
    if kind is not None and kind.on_clear is OnClear.FIELDS:
        return cleared(value, fields)
    return value if kind is not None and not kind.personal else None


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
