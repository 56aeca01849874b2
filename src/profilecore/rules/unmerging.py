"""Undo a merge, exactly where nothing changed since and as far as possible where it did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from profilecore.model.enums import NameType
from profilecore.model.fields import evolve
from profilecore.model.parts import Provenance
from profilecore.model.profile import Profile
from profilecore.rules.survivorship import item_key
from profilecore.values import frozen


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
            values[name] = tuple(_undo_items(_keyed(old), _keyed(new), _keyed(now)).values())
        elif isinstance(now, dict):
            values[name] = _undo_items(old, new, now)
        else:
            kept.append(name)
            continue
        if now != new and values[name] != old:
            kept.append(name)
        if name in before.provenance.fields:
            stamps[name] = before.provenance.fields[name]
        elif stamps.get(name) == after.provenance.fields.get(name):
            stamps.pop(name, None)
    provenance = Provenance(current.provenance.base, stamps)
    return Undone(evolve(current, provenance=provenance, **values), tuple(sorted(kept)))


def _keyed(items: Iterable[Any]) -> dict[Any, Any]:
    return {item_key(item): item for item in items}


def _undo_items(
    old: Mapping[Any, Any], new: Mapping[Any, Any], now: Mapping[Any, Any]
) -> dict[Any, Any]:
    result = {key: old[key] for key in old if key in now or key not in new}
    for key, item in now.items():
        if key in new and item == new[key]:
            continue
        result[key] = item
    return result


NAME_FIELDS = ("first_name", "middle_name", "last_name", "second_last_name")


def settle_names(
    profile: Profile, own: Profile, gone: Iterable[Profile], staying: Iterable[Profile]
) -> Profile:
    """Put the alternate names of a survivor right when a merge is taken out from under others.

    A later merge kept, as an alternate, the name that the survivor went by then: that of the
    person who leaves.  So the names of ``gone`` go, unless somebody of ``staying`` or the
    survivor itself (``own``, as it was before all merges) bears them, and the survivor's
    own name is findable again.
    """
    main = profile.names[0].key
    borne = {name.key for other in (own, *staying) for name in other.names}
    leaving = {name.key for other in gone for name in other.names} - borne
    kept = {n.key: n for n in profile.alternate_names if n.key not in leaving and n.key != main}
    first = own.names[0]
    if first.key and first.key != main:
        kept.setdefault(first.key, evolve(first, type=NameType.ALTERNATE))
    return evolve(profile, alternate_names=tuple(kept.values()))
