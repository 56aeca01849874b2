"""Survivorship: which value a merged profile keeps, field by field.

A survivorship rule is a pure function of the candidates of one field, the survivor's first.
The ladder of ``best`` is: explicit choice, non-empty, verified, trusted source, most recent
change of *this field*, survivor; the first rung that leaves one value decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import attrs

from profilecore.model.fields import evolve, fields_of
from profilecore.model.parts import Consent, Restriction, Stamp
from profilecore.values import frozen

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_CHECKED = ("verified", "validated")
# Of these nothing is no gap: a mark, or that something is for the whole chain or for ever.
_TELLING = frozenset({"primary", "property_id", "expires_at", "until", *_CHECKED})


@frozen
class Candidate:
    """What one profile has for a field."""

    profile_id: str
    value: Any = attrs.field(repr=False)
    stamp: Stamp | None = None


@frozen
class Choice:
    """The value that survives, where it came from (``None``: from several) and why."""

    value: Any = attrs.field(repr=False)
    reason: str
    profile_id: str | None = None
    stamp: Stamp | None = None


@frozen
class Preference:
    """What the caller prefers: sources in falling order of trust, and an explicit choice."""

    trusted_sources: tuple[str, ...] = ()
    chosen: str | None = None


Rule = Callable[[Sequence[Candidate], Preference], Choice]


def is_empty(value: Any) -> bool:
    """Tell whether a value says nothing."""
    return value is None or value == () or value == {} or value == ""


def _take(candidate: Candidate, reason: str) -> Choice:
    return Choice(candidate.value, reason, candidate.profile_id, candidate.stamp)


def survivor(candidates: Sequence[Candidate], _preference: Preference) -> Choice:
    """Keep the survivor's own value, even an empty one."""
    return _take(candidates[0], "survivor")


def best(candidates: Sequence[Candidate], preference: Preference) -> Choice:
    """Decide one value by the ladder of this module."""
    for candidate in candidates:
        if candidate.profile_id == preference.chosen:
            return _take(candidate, "choice")
    filled = [c for c in candidates if not is_empty(c.value)]
    if not filled:
        return _take(candidates[0], "empty")
    if len(filled) == 1:
        return _take(filled[0], "only-value")
    if all(c.value == filled[0].value for c in filled):
        return _take(filled[0], "same")
    for reason, rank in (
        ("verified", lambda c: c.stamp is not None and c.stamp.verified),
        ("trusted-source", lambda c: _trust(c, preference)),
        ("most-recent", lambda c: c.stamp.at if c.stamp else _LONG_AGO),
    ):
        top = max(map(rank, filled))
        kept = [c for c in filled if rank(c) == top]
        if all(c.value == kept[0].value for c in kept):
            return _take(kept[0], reason)
        filled = kept
    return _take(filled[0], "survivor")


def _trust(candidate: Candidate, preference: Preference) -> int:
    sources = preference.trusted_sources
    if candidate.stamp is None or candidate.stamp.source not in sources:
        return -len(sources)
    return -sources.index(candidate.stamp.source)


def earliest(candidates: Sequence[Candidate], _preference: Preference) -> Choice:
    """Keep the earliest date."""
    dated = [c for c in candidates if c.value is not None]
    return _take(min(dated, key=lambda c: c.value) if dated else candidates[0], "earliest")


def union(candidates: Sequence[Candidate], preference: Preference) -> Choice:
    """Unite collections by the items' canonical keys, with at most one primary.

    An explicit choice puts that profile's items first and lets it name the primary.  Of two with
    one key the one that was verified leads, else the first; the other fills what it lacks.
    """
    ordered = sorted(candidates, key=lambda c: c.profile_id != preference.chosen)
    items: dict[Any, Any] = {}
    chosen: list[Any] = []
    for candidate in ordered:
        for item in candidate.value or ():
            key = item_key(item)
            if candidate.profile_id == preference.chosen:
                chosen.append(key)
            items[key] = united(items[key], item, key in chosen) if key in items else item
    if chosen and any(getattr(item, "primary", False) for item in items.values()):
        named = primary_of([items[key] for key in chosen])
        items = {key: evolve(item, primary=item is named) for key, item in items.items()}
    reason = "choice" if preference.chosen else "union"
    return Choice(one_primary(tuple(items.values())), reason, None, candidates[0].stamp)


def item_key(item: Any) -> Any:
    """Give the canonical key of an item of a collection."""
    return getattr(item, "key", item)


def united(kept: Any, other: Any, leads: bool = False) -> Any:
    """Give the one item that two of the same key make; without ``leads`` a checked one counts more.

    That something was checked is never said of values that were not, and of two restrictions the
    longer one holds.
    """
    if not attrs.has(type(kept)):
        return kept
    if not leads and is_checked(other) and not is_checked(kept):
        kept, other = evolve(other, primary=kept.primary), kept
    missing = {
        a.name: getattr(other, a.name)
        for a in fields_of(type(kept))
        if a.name not in _TELLING
        and (is_empty(now := getattr(kept, a.name)) or now is False)
        and getattr(other, a.name) not in (None, False, "", ())
    }
    if isinstance(kept, Restriction) and kept.until is not None:
        missing["until"] = None if other.until is None else max(kept.until, other.until)
    return evolve(kept, **missing) if missing else kept


def is_checked(item: Any) -> bool:
    """Tell whether somebody has checked an item."""
    return any(getattr(item, name, False) for name in _CHECKED)


def one_primary(items: tuple[Any, ...]) -> tuple[Any, ...]:
    """Keep the first primary mark of a collection and drop the others."""
    if len(items) < 2:
        return items
    marked = [n for n, item in enumerate(items) if getattr(item, "primary", False)]
    if len(marked) < 2:
        return items
    return tuple(
        evolve(item, primary=False) if n in marked[1:] else item for n, item in enumerate(items)
    )


def primary_of(items: Sequence[Any]) -> Any:
    """Give the item marked primary, else the first, else ``None``."""
    return next((i for i in items if i.primary), items[0] if items else None)


def append(candidates: Sequence[Candidate], preference: Preference) -> Choice:
    """Unite histories in order of time; nothing is dropped."""
    united = union(candidates, preference)
    ordered = tuple(sorted(united.value, key=lambda entry: entry.at or _LONG_AGO))
    return evolve(united, value=ordered, reason="append")


def by_key(candidates: Sequence[Candidate], preference: Preference) -> Choice:
    """Decide each entry of a mapping by ``best``."""
    names = dict.fromkeys(name for c in candidates for name in c.value)
    merged = {
        name: best([evolve(c, value=c.value.get(name)) for c in candidates], preference).value
        for name in names
    }
    filled = {name: value for name, value in merged.items() if value is not None}
    return Choice(filled, "by-key", None, candidates[0].stamp)


RULES: Mapping[str, Rule] = {
    "survivor": survivor,
    "best": best,
    "earliest": earliest,
    "union": union,
    "append": append,
    "consents": append,
    "by-key": by_key,
}


def current_consents(
    history: Sequence[Consent], now: datetime | None
) -> dict[tuple[str, str, str, str], Consent]:
    """Give the consent that holds for each subject (purpose, channel, scope, property).

    The newest entry holds.  Of entries equally old, or without a date, the most restrictive
    holds: a grant wins over a denial on the same channel only if it came later.  A grant past
    its date holds no more, and one whose date lies ahead wins over no denial; without ``now``
    no date is over or lies ahead.
    """
    current: dict[tuple[str, str, str, str], Consent] = {}
    for entry in history:
        other = current.get(entry.subject)
        if other is None or _outranks(entry, other, now):
            current[entry.subject] = entry
    return {about: entry for about, entry in current.items() if not _is_over(entry, now)}


def _is_over(entry: Consent, now: datetime | None) -> bool:
    if now is None or entry.expires_at is None:
        return False
    return entry.status.value == "granted" and entry.expires_at <= now


def _outranks(entry: Consent, other: Consent, now: datetime | None) -> bool:
    restrictive = entry.status.value != "granted"
    if entry.at is None or other.at is None:
        return restrictive
    newer, older = (min(at, now or at) for at in (entry.at, other.at))
    return restrictive if newer == older else newer > older
