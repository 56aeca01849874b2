"""What authorities ask beyond a profile and a stay, and where it is kept.

On the profile: the facet ``registration``.  On the stay: a document of the kind
``registration-details``, owned by the guest who booked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any

from profilecore.codec import Codec
from profilecore.errors import InvalidProfile, NotFound, Problem
from profilecore.model import Stay
from profilecore.model.fields import (
    Clear,
    Search,
    Sensitivity,
    evolve,
    field,
    fields_of,
    record,
)
from profilecore.model.reading import Reading
from profilecore.rules.visibility import may_see
from profilecore_exports.faults import ExportRefused

if TYPE_CHECKING:
    from profilecore import Engine

FACET = "registration"
DETAILS = "registration-details"

_fact = partial(
    field, merge="survivor", clear=Clear.KEEP, sensitivity=Sensitivity.NONE, search=Search.NONE
)
_value = partial(
    field, merge="survivor", clear=Clear.ERASE, sensitivity=Sensitivity.PERSONAL, search=Search.NONE
)
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])(?::[0-5][0-9])?")
_EXPIRY = re.compile(r"(0[1-9]|1[0-2])/20[0-9]{2}")


def clock(value: str) -> str:
    """Read a time of day and give it as ``HH:MM``.

    :raises ValueError: unless it is one.
    """
    match = _CLOCK.fullmatch(value.strip())
    if match is None:
        raise ValueError("must be a time of day, as 16:05")
    return f"{int(match[1]):02d}:{match[2]}"


def arrival(value: str) -> str:
    """Read a time of day, or a day and a time, and give it as ``HH:MM`` or ``YYYY-MM-DDTHH:MM``.

    :raises ValueError: unless it is one.
    """
    day, _, time = value.strip().replace("T", " ").rpartition(" ")
    if not day:
        return clock(time)
    try:
        return f"{date.fromisoformat(day.strip())}T{clock(time)}"
    except ValueError:
        message = "must be a time of day, as 16:05, or with its day, as 2026-11-21T00:30"
        raise ValueError(message) from None


def _expiry(value: str) -> str:
    if _EXPIRY.fullmatch(value.strip()) is None:
        raise ValueError("must be a month and a year, as 12/2029")
    return value.strip()


class WithoutNationality(Enum):
    """Persons without a nationality, as travel documents tell them (ICAO Doc 9303 part 3)."""

    STATELESS = "stateless"
    REFUGEE = "refugee"
    """By the convention of 1951."""
    OTHER_REFUGEE = "other_refugee"


@record
class Registration:
    """The facet of a profile: what authorities ask of a person that a profile has no field for.

    ``residence_code`` is the authority's code of the municipality where the person lives,
    ``birth_code`` that of the one where the person was born.  They are needed only where the
    address and the place of birth do not lead to one municipality.  ``without_nationality`` is
    reported where the profile has no nationality.
    """

    residence_code: str | None = field(
        merge="best",
        clear=Clear.ERASE,
        sensitivity=Sensitivity.PERSONAL,
        search=Search.NONE,
        limit=20,
    )
    birth_code: str | None = field(
        merge="best",
        clear=Clear.ERASE,
        sensitivity=Sensitivity.IDENTITY,
        search=Search.NONE,
        limit=20,
    )
    without_nationality: WithoutNationality | None = field(
        merge="best",
        clear=Clear.ERASE,
        sensitivity=Sensitivity.IDENTITY,
        search=Search.NONE,
    )


class Payment(Enum):
    """How a stay is paid."""

    CASH = "cash"
    CARD = "card"
    PLATFORM = "platform"
    TRANSFER = "transfer"
    MOBILE = "mobile"
    GIFT_CARD = "gift_card"
    ON_SITE = "on_site"
    OTHER = "other"


class Group(Enum):
    """What holds the guests of a stay together."""

    FAMILY = "family"
    GROUP = "group"


@record
class Details:
    """What the property knows of a stay beyond its booking; ``id`` is that of the stay.

    Times are of the property's clock.  ``arrived_at`` may name the day too, where that is another
    than the stay's, as of a guest who came after midnight; that day is reported then.  ``values``
    has what one format alone asks, under ``<format>.<key>``, or ``<guest id>/<format>.<key>`` for
    one of the guests.
    """

    id: str = _fact(default="")
    version: int = _fact(default=0)
    arrived_at: str | None = _value(clean=arrival, limit=25)
    departs_at: str | None = _value(clean=clock, limit=8)
    contracted_on: date | None = _value()
    rooms: int | None = _value()
    internet: bool | None = _value()
    group: Group | None = _value()
    payment: Payment | None = _value()
    paid_on: date | None = _value()
    payment_means: str | None = _value(limit=50)
    payment_holder: str | None = _value(limit=100)
    card_expiry: str | None = _value(clean=_expiry, limit=7)
    values: dict[str, Any] = field(
        merge="survivor",
        clear=Clear.ERASE,
        sensitivity=Sensitivity.PERSONAL,
        search=Search.NONE,
        factory=dict,
    )

    def __repr__(self) -> str:
        return f"<Details of {self.id or 'no stay'}>"

    def value(self, key: str, guest_id: str | None = None) -> str | None:
        """Give what was noted under a key, for one guest before for all."""
        found = self.values.get(f"{guest_id}/{key}", self.values.get(key))
        return None if found is None else str(found)


DETAIL_FIELDS = frozenset(a.name for a in fields_of(Details)) - {"id", "version"}


def record_details(engine: Engine, stay: str | Stay, given: Mapping[str, Any]) -> Details:
    """Note details of a stay and give all that is noted; ``None`` removes, ``values`` are added to.

    ``stay`` is the id of one that the engine keeps, or one that the host keeps itself.

    :raises NotFound: if the engine keeps no such stay, or no such guest; so it is for a property
        with the stay of another.
    :raises InvalidProfile: with every problem at once; nothing was written.
    :raises ProfileCleared: if the guest was cleared.
    """
    reading = Reading()
    good = reading.fields(Details, given, only=DETAIL_FIELDS)
    _check_values(good.get("values") or {}, reading)
    if reading.problems:
        raise InvalidProfile(reading.problems)
    if isinstance(stay, str):
        stay = _kept_stay(engine, stay)
    elif not may_see(stay.property_id, engine.actor):
        raise NotFound("stay", stay.id)
    _check_arrival(good.get("arrived_at"), stay)
    with engine.transaction():
        found = engine.documents(DETAILS, ids=[stay.id])
        old = found[0].value if found else Details(id=stay.id)
        if "values" in good:
            both = old.values | (good["values"] or {})
            good["values"] = {k: v for k, v in both.items() if v is not None}
        made: Details = evolve(old, **good)
        if made != old:
            made = evolve(made, version=old.version + 1)
            engine.store_document(
                DETAILS,
                made,
                profile_id=found[0].profile_id if found else stay.profile_id,
                id=stay.id,
                if_version=old.version,
                property_id=stay.property_id,
            )
    return made


def set_companions(engine: Engine, stay_id: str, companions: Sequence[str]) -> Stay:
    """Say who else stays, by the ids of their profiles; the stay keeps all else.

    :raises NotFound: if the engine keeps no such stay, or it is another property's.
    :raises ExportRefused: if it has no reference, by which it could be updated.
    """
    stay = _kept_stay(engine, stay_id)
    if stay.reference is None:
        raise ExportRefused("no-reference", "A stay without a reference cannot be changed.")
    given = {
        "property_id": stay.property_id,
        "reference": stay.reference,
        "companions": list(companions),
    }
    return engine.record_stay(stay.profile_id, given)


def _kept_stay(engine: Engine, stay_id: str) -> Stay:
    with engine.store.read() as reader:
        document = reader.get("stay", stay_id)
    stay = None if document is None else Codec().load(Stay, document.body)
    if stay is None or not may_see(stay.property_id, engine.actor):
        raise NotFound("stay", stay_id)
    return stay


def _check_arrival(given: str | None, stay: Stay) -> None:
    """Refuse a day of arrival that is not of the stay; the night before its first day is."""
    if given is None or "T" not in given or stay.arrival is None:
        return
    day = date.fromisoformat(given[:10])
    if not stay.arrival - timedelta(days=1) <= day <= (stay.departure or date.max):
        message = "must lie between the day before the arrival and the departure of the stay"
        raise InvalidProfile([Problem("/arrived_at", "out-of-range", message)])


def _check_values(values: Mapping[str, Any], reading: Reading) -> None:
    for key, value in values.items():
        if value is not None and not isinstance(value, str | int | float):
            problem = Problem(f"/values/{key}", "wrong-type", "must be a text or a number")
            reading.problems.append(problem)
