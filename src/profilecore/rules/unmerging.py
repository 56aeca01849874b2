"""Undo a merge, exactly where nothing changed since and as far as possible where it did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from profilecore.model.enums import ConsentStatus
from profilecore.model.fields import evolve
from profilecore.model.parts import Provenance
from profilecore.model.profile import Profile
from profilecore.rules.survivorship import item_key, one_primary
from profilecore.values import frozen

LIMITS = ("consents", "restrictions")
"""Fields that say what must not be done: said of one of several, it is heeded for each."""


@frozen
class Undone:
    """A survivor with a merge taken out; ``kept`` names fields edited since, left as they are."""

    profile: Profile
    kept: tuple[str, ...]


def take_out(current: Profile, before: Profile, after: Profile, fields: Iterable[str]) -> Undone:
    """Reverse what a merge did (``before`` to ``after``) in a profile as it is now.

    A field that still has the merge's value gets its old one back.  In collections and mappings
    the same holds item by item.  A field edited since keeps the edit and is named in ``kept``.
    """
    values: dict[str, Any] = {}
    kept: list[str] = []
    stamps = dict(current.provenance.fields)
    for name in fields:
        old, new, now = (getattr(p, name) for p in (before, after, current))
        if now == new:
            values[name] = old
        elif isinstance(now, tuple):
            values[name] = _undo_collection(_keyed(old), _keyed(new), _keyed(now))
        elif isinstance(now, dict):
            values[name] = _undo_items(old, new, now)
        else:
            kept.append(name)
            continue
        if now != new and values[name] != old:
            kept.append(name)
        merged = after.provenance.fields.get(name)
        if now == new or stamps.get(name) == merged:
            stamps.pop(name, None)
            if name in before.provenance.fields:
                stamps[name] = before.provenance.fields[name]
    provenance = Provenance(current.provenance.base, stamps)
    return Undone(evolve(current, provenance=provenance, **values), tuple(sorted(kept)))


def said_since(
    current: Profile, merged: Profile, others: Iterable[Profile]
) -> dict[str, tuple[Any, ...]]:
    """Give the denials and restrictions that a profile got after a merge had left it ``merged``.

    Those that ``others`` brought, who were merged in later, are their own.
    """
    known = [merged, *others]
    since: dict[str, tuple[Any, ...]] = {}
    for name in LIMITS:
        old = {item_key(item) for profile in known for item in getattr(profile, name)}
        since[name] = tuple(
            item
            for item in getattr(current, name)
            if item_key(item) not in old
            and getattr(item, "status", None) is not ConsentStatus.GRANTED
        )
    return since


def limited(profile: Profile, limits: Mapping[str, tuple[Any, ...]]) -> Profile:
    """Give a profile with further denials and restrictions."""
    fuller = {}
    for name, items in limits.items():
        own = getattr(profile, name)
        known = {item_key(item) for item in own}
        if fresh := [item for item in items if item_key(item) not in known]:
            fuller[name] = (*own, *fresh)
    return evolve(profile, **fuller)


def imposed(profile: Profile, image: Profile, fields: Iterable[str]) -> Profile:
    """Give a profile with some fields, and their stamps, as an image of it has them."""
    names = tuple(fields)
    stamps = {n: s for n, s in profile.provenance.fields.items() if n not in names}
    stamps |= {n: s for n, s in image.provenance.fields.items() if n in names}
    values = {name: getattr(image, name) for name in names}
    return evolve(profile, provenance=Provenance(profile.provenance.base, stamps), **values)


def differing(one: Profile, other: Profile, fields: Iterable[str]) -> tuple[str, ...]:
    """Give those fields that differ in value, or in where the value came from."""
    stamps, others = one.provenance.fields, other.provenance.fields
    return tuple(
        name
        for name in fields
        if getattr(one, name) != getattr(other, name) or stamps.get(name) != others.get(name)
    )


def _keyed(items: Iterable[Any]) -> dict[Any, Any]:
    return {item_key(item): item for item in items}


def _undo_items(
    old: Mapping[Any, Any], new: Mapping[Any, Any], now: Mapping[Any, Any]
) -> dict[Any, Any]:
    back = {key: old[key] for key in old if key in now or key not in new}
    edited = {k: i for k, i in now.items() if k not in new or not _is_as_merged(i, new[k])}
    return back | edited


def _is_as_merged(now: Any, new: Any) -> bool:
    """Tell whether nobody has touched an item; another one's mark has taken its own away."""
    if now == new:
        return True
    return bool(getattr(new, "primary", False) and now == evolve(new, primary=False))


def _undo_collection(
    old: Mapping[Any, Any], new: Mapping[Any, Any], now: Mapping[Any, Any]
) -> tuple[Any, ...]:
    result = _undo_items(old, new, now)
    for key, item in now.items():
        is_marked = getattr(item, "primary", False)
        if is_marked and key in result and not (key in new and new[key].primary):
            # Somebody marked it since; what goes back does not take that away.
            others = {k: evolve(i, primary=False) for k, i in result.items() if k != key}
            result = {k: others.get(k, item) for k in result}
    return one_primary(tuple(result.values()))
