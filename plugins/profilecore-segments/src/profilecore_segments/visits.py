"""What a person's stays come to: how many, how long, when, where, and what they brought."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from profilecore.model.enums import StayStatus

FIELDS = (
    "property_id", "arrival", "departure", "nights", "status", "channel", "source", "revenue",
    "currency",
)  # fmt: skip
OFF = frozenset(
    s.value
    for s in (StayStatus.ENQUIRED, StayStatus.OPTIONAL, StayStatus.CANCELLED, StayStatus.NO_SHOW)
)
"""The states of what is no stay, or none yet."""
_BEGUN = frozenset(s.value for s in (StayStatus.IN_HOUSE, StayStatus.DEPARTED))


@attrs.define
class Visits:
    """The stays of a person that took place, or are under way; and ``next``, the day of the next.

    Days are ISO texts, ``last`` is the newest day of departure.  Enquiries, options, what was
    cancelled and who did not come are no stays.  ``revenue`` is in the one currency that the stays
    tell; it is ``None`` where they tell several, where one that is over tells none, or where none
    tells any.  Nothing is nothing in every currency.
    """

    count: int = 0
    nights: int = 0
    revenue: int | None = None
    first: str | None = None
    last: str | None = None
    next: str | None = None
    property: set[str] = attrs.field(factory=set)
    source: set[str] = attrs.field(factory=set)
    channel: set[str] = attrs.field(factory=set)


NONE = Visits()


def is_booking(row: Mapping[str, Any]) -> bool:
    """Tell whether a stay, as plain JSON, is a booking that stands or took place."""
    return row["status"] not in OFF


def visits_of(stays: Iterable[Mapping[str, Any]], today: str) -> Visits:
    """Bring together the stays of one person, as plain JSON with :data:`FIELDS`."""
    made = Visits()
    brought: dict[str | None, int] = {}
    is_told, lacks = False, False
    for stay in stays:
        if not is_booking(stay):
            continue
        arrival = stay["arrival"]
        if stay["status"] not in _BEGUN and (arrival is None or arrival > today):
            if arrival is not None:
                made.next = arrival if made.next is None else min(made.next, arrival)
            continue
        _add(made, stay, arrival)
        if stay["revenue"] is None:
            lacks = lacks or _is_over(stay, today)
        else:
            is_told = True
            if stay["revenue"]:
                currency = stay["currency"]
                brought[currency] = brought.get(currency, 0) + stay["revenue"]
    if is_told and not lacks and len(brought) <= 1:
        made.revenue = sum(brought.values())
    return made


def _is_over(stay: Mapping[str, Any], today: str) -> bool:
    if stay["status"] in _BEGUN:
        return bool(stay["status"] == StayStatus.DEPARTED.value)
    return bool((stay["departure"] or stay["arrival"]) < today)


def _add(made: Visits, stay: Mapping[str, Any], arrival: str | None) -> None:
    made.count += 1
    made.nights += stay["nights"] or 0
    if arrival is not None:
        made.first = arrival if made.first is None else min(made.first, arrival)
    end = stay["departure"] or arrival
    if end is not None:
        made.last = end if made.last is None else max(made.last, end)
    for name, value in (
        ("property", stay["property_id"]),
        ("source", stay["source"]),
        ("channel", stay["channel"]),
    ):
        if value is not None:
            getattr(made, name).add(value)
