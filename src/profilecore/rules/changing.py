"""Create and update: read what is given, apply it to a profile, note where each value is from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import attrs

from profilecore.errors import InvalidProfile, Problem
from profilecore.model.fields import Sensitivity, build, evolve, fields_of, rules_of
from profilecore.model.profile import APPEND_ONLY, ENGINE_FIELDS, Profile
from profilecore.model.reading import Reading
from profilecore.normalise import codes
from profilecore.rules.occasion import Occasion, dated
from profilecore.rules.patching import attributes, collected, read_patch
from profilecore.rules.survivorship import (
    is_empty,
    one_primary,
)
from profilecore.rules.visibility import SCOPED_FIELDS, Actor
from profilecore.values import frozen

SETTABLE = frozenset(rules_of(Profile)) - ENGINE_FIELDS


class Unset:
    """The type of :data:`UNSET`: a value that was not given, so the old one is kept."""

    def __repr__(self) -> str:
        return "UNSET"

    def __bool__(self) -> bool:
        return False


UNSET = Unset()


@frozen
class Border:
    """What a host lets in: its custom fields, its facets, its default telephone region."""

    region: str | None = None
    custom_fields: Mapping[str, Sensitivity] = attrs.field(factory=dict)
    facets: Mapping[str, type] = attrs.field(factory=dict)


def given_values(given: Profile | Mapping[str, Any]) -> dict[str, Any]:
    """Give what was set on a new profile: a mapping as it is, of a profile what is no default."""
    if isinstance(given, Mapping):
        return {k: v for k, v in given.items() if v is not UNSET}
    blank = Profile()
    return {
        a.name: value
        for a in fields_of(Profile)
        if (value := getattr(given, a.name)) != getattr(blank, a.name)
    }


def new_profile(
    given: Profile | Mapping[str, Any], id: str, occasion: Occasion, border: Border
) -> Profile:
    """Read a new profile.

    :raises InvalidProfile: with every problem at once.
    """
    reading, good = _read(given_values(given), occasion, border, None)
    if not reading.problems or "last_name" not in {p.path[1:] for p in reading.problems}:
        _require_name(good.get("last_name"), reading)
    if reading.problems:
        raise InvalidProfile(reading.problems)
    good = {name: value for name, value in good.items() if value is not None}
    for name in _TIDIED & good.keys():
        good[name] = _as_new(good[name])
    for name in APPEND_ONLY & good.keys():
        good[name] = tuple(dated(item, occasion) for item in good[name])
    return build(Profile, _own_values(id, occasion) | good)


def blank_profile(id: str, occasion: Occasion) -> Profile:
    """Give what the engine notes of every new profile, and nothing of the person."""
    return build(Profile, _own_values(id, occasion))


def _own_values(id: str, occasion: Occasion) -> dict[str, Any]:
    return {
        "id": id,
        "version": 1,
        "created_at": occasion.at,
        "updated_at": occasion.at,
        "property_id": occasion.actor.property_id,
        "provenance": occasion.provenance,
    }


# One primary mark at most; a mapping's entries that say nothing are no entries.
_TIDIED = frozenset({"emails", "phones", "addresses", "documents", "custom", "facets"})


def _as_new(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: entry for key, entry in value.items() if entry is not None}
    return one_primary(value) if isinstance(value, tuple) else value


@frozen
class Change:
    """A change worked out: the new state and the names of the fields that differ.

    ``before`` is ``None`` for a new profile.
    """

    before: Profile | None
    after: Profile
    fields: tuple[str, ...]


def change(
    profile: Profile,
    changes: Mapping[str, Any],
    occasion: Occasion,
    border: Border,
    *,
    unite: bool = False,
) -> Change:
    """Work out an update.

    Absent or ``UNSET`` keeps, ``None`` removes.  A list replaces the collection as far as the
    actor sees it; ``{"add": [...], "remove": [key, ...], "change": {key: {...}}}`` patches it by
    item.  Notes and consents are only ever added to.  With ``unite`` lists are added to what is
    there (an import knows only its own part).

    :raises InvalidProfile: with every problem at once.
    """
    given = {k: v for k, v in changes.items() if v is not UNSET}
    reading, good = _read(given, occasion, border, profile)
    if good.get("last_name", profile.last_name) is None and "last_name" in given:
        _require_name(None, reading)
    if reading.problems:
        raise InvalidProfile(reading.problems)
    values: dict[str, Any] = {}
    for name, value in good.items():
        old = getattr(profile, name)
        if isinstance(old, tuple):
            value = collected(profile, name, value, occasion, unite)
        elif isinstance(old, dict):
            merged = old | (value or {})
            value = {} if value is None else {k: v for k, v in merged.items() if v is not None}
        elif value is None:
            value = _DEFAULTS[name]
        if value != old:
            values[name] = value
    if not values:
        return Change(profile, profile, ())
    stamps = dict(profile.provenance.fields) | dict.fromkeys(values, occasion.stamp)
    after = evolve(
        profile,
        version=profile.version + 1,
        updated_at=occasion.at,
        provenance=evolve(profile.provenance, fields=stamps),
        **values,
    )
    return Change(profile, after, tuple(sorted(values)))


def _read(
    given: Mapping[str, Any], occasion: Occasion, border: Border, profile: Profile | None
) -> tuple[Reading, dict[str, Any]]:
    reading = Reading(region_of(given, border, profile))
    plain: dict[str, Any] = {}
    good: dict[str, Any] = {}
    for name, value in given.items():
        if type(value) in _PLAIN or not isinstance(value, Mapping):
            plain[name] = value
        elif name in _COLLECTIONS:
            good[name] = read_patch(reading, name, value, profile, occasion.actor)
        elif name == "facets":
            good[name] = _read_facets(reading, value, border)
        else:
            plain[name] = value
    good |= reading.fields(Profile, plain, only=SETTABLE)
    if good.get("custom"):
        for name in good["custom"].keys() - border.custom_fields.keys():
            message = "is no declared custom field; declare it with its sensitivity"
            reading.problems.append(Problem(f"/custom/{name}", "unknown-field", message))
    _check_scope(good, occasion.actor, reading)
    _check_times(good, occasion.at, reading)
    _check_sharing(good, profile, occasion.actor, reading)
    return reading, good


def region_of(given: Mapping[str, Any], border: Border, profile: Profile | None) -> str | None:
    """Find the country by which national telephone numbers are read: the person's own first."""
    phones = given.get("phones")
    if not phones or (isinstance(phones, list) and all(map(_is_international, phones))):
        return None
    places: list[Any] = [given.get("country_of_residence")]
    addresses = given.get("addresses")
    if isinstance(addresses, list | tuple):
        places += [
            a.get("country") if isinstance(a, Mapping) else getattr(a, "country", None)
            for a in addresses
        ]
    if profile is not None:
        places += [profile.country_of_residence, *(a.country for a in profile.addresses)]
    nationalities = given.get("nationalities")
    if isinstance(nationalities, list | tuple):
        places += nationalities
    if profile is not None:
        places += profile.nationalities
    for place in places:
        if isinstance(place, str) and place:
            try:
                return codes.country(place)
            except ValueError:
                continue
    return border.region


def _is_international(phone: Any) -> bool:
    value = phone.get("value") if isinstance(phone, dict) else phone
    return isinstance(value, str) and value.startswith("+")


_COLLECTIONS = frozenset(
    a.name for a in fields_of(Profile) if a.default == () and a.name in SETTABLE
)
_DEFAULTS = {a.name: a.default for a in fields_of(Profile)}
# So far clocks may differ, and time zones that somebody has left out.
_AHEAD = timedelta(days=1)
_PLAIN = frozenset({str, list, tuple, bool, type(None)})


def _read_facets(reading: Reading, given: Mapping[str, Any], border: Border) -> dict[str, Any]:
    good: dict[str, Any] = {}
    for name, value in given.items():
        cls = border.facets.get(name)
        if value is None:
            good[name] = None
        elif cls is None:
            good |= reading.fields(Profile, {"facets": {name: value}}).get("facets", {})
        elif isinstance(value, Mapping | cls):
            held = value if isinstance(value, Mapping) else attributes(value)
            since = len(reading.problems)
            values = reading.fields(cls, held)
            reading.under(name, since)
            reading.under("facets", since)
            held = {key: v for key, v in values.items() if v is not None}
            reading.problems += [
                Problem(f"/facets/{name}/{a.name}", "missing", "is required")
                for a in fields_of(cls)
                if a.default is attrs.NOTHING and a.name not in values
            ]
            if len(reading.problems) == since:
                good[name] = cls(**held)
        else:
            reading.problems.append(Problem(f"/facets/{name}", "wrong-type", "must be an object"))
    return good


def _check_scope(good: Mapping[str, Any], actor: Actor, reading: Reading) -> None:
    if actor.property_id is None:
        return
    for name in SCOPED_FIELDS.keys() & good.keys():
        given = good[name]
        lists = {name: given}
        if isinstance(given, dict):
            lists = {f"{name}/add": given["add"], f"{name}/change": given["change"].values()}
        for path, items in lists.items():
            for number, item in enumerate(items or ()):
                if item is not None and item.property_id not in (None, actor.property_id):
                    where = f"/{path}/{number}/property_id"
                    reading.problems.append(Problem(where, "scope", "must be the acting property"))


def _check_times(good: Mapping[str, Any], now: datetime, reading: Reading) -> None:
    """Refuse consents that would outlive whatever the guest says later."""
    given = good.get("consents")
    path, items = ("consents/add", given["add"]) if isinstance(given, dict) else ("consents", given)
    for number, item in enumerate(items or ()):
        if item.at is not None and item.at > now + _AHEAD:
            problem = Problem(f"/{path}/{number}/at", "out-of-range", "must not lie ahead")
            reading.problems.append(problem)


def _check_sharing(
    good: Mapping[str, Any], profile: Profile | None, actor: Actor, reading: Reading
) -> None:
    """A property decides only about profiles of its own whether others see them."""
    if actor.property_id is None:
        return
    home = actor.property_id if profile is None else profile.property_id
    if good.get("property_id", home) != home:
        problem = Problem("/property_id", "scope", "is changed by the chain only")
        reading.problems.append(problem)
    if "shared_level" in good and home != actor.property_id:
        message = "is for the chain or the property that made the profile"
        reading.problems.append(Problem("/shared_level", "scope", message))


def _require_name(last_name: str | None, reading: Reading) -> None:
    if is_empty(last_name):
        reading.problems.append(Problem("/last_name", "missing", "is required"))
