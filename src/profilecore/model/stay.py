"""A stay: one booking of one person, at one property."""

from __future__ import annotations

from datetime import date, datetime
from functools import partial

from profilecore.model import enums
from profilecore.model.fields import Clear, Other, Search, Sensitivity, field, record
from profilecore.model.parts import Stamp
from profilecore.normalise import codes


def first_of_month(value: date | None) -> date | None:
    """Coarsen a day to its month: what statistics keep of a cleared guest's stay."""
    return value and value.replace(day=1)


_kept = partial(
    field,
    merge="survivor",
    clear=Clear.KEEP,
    sensitivity=Sensitivity.NONE,
    search=Search.NONE,
)
_erased = partial(
    field,
    merge="survivor",
    clear=Clear.ERASE,
    sensitivity=Sensitivity.PERSONAL,
    search=Search.NONE,
)
_coarse = partial(
    field,
    merge="survivor",
    clear=Clear.GENERALISE,
    sensitivity=Sensitivity.PERSONAL,
    search=Search.NONE,
    generalise=first_of_month,
)


@record
class Stay:
    """A booking, before, during and after the stay.

    ``reference`` is the property's booking number: recording the same property and reference
    again updates the stay.  Dates are the property's local days; ``departure`` is not before
    ``arrival``.  ``revenue`` is what it brought, in the smallest unit of ``currency`` (ISO 4217).
    ``country`` is where the property was: the settings say it, and the stay remembers it for where
    they are not at hand.
    """

    id: str = _kept(default="")
    profile_id: str = _kept(default="")
    version: int = _kept(default=0)
    property_id: str = _kept(default="")
    arrival: date | None = _coarse()
    departure: date | None = _coarse()
    nights: int | None = _kept()
    status: enums.StayStatus = _kept(default=enums.StayStatus.CONFIRMED)
    channel: str | None = _kept(limit=50)
    source: str | None = _kept(limit=50)
    adults: int | None = _kept()
    children: int | None = _kept()
    revenue: int | None = _kept()
    currency: str | None = _kept(clean=codes.currency, limit=3)
    country: str | None = _kept(clean=codes.country)
    reference: str | None = field(
        merge="survivor",
        clear=Clear.ERASE,
        sensitivity=Sensitivity.PERSONAL,
        search=Search.EXACT,
    )
    unit: str | None = _erased(limit=50)
    companions: tuple[str, ...] = _erased(default=(), limit=64, third_party=Other.PERSON)
    references: tuple[str, ...] = _erased(default=())
    booked_at: datetime | None = _erased()
    stamp: Stamp | None = _erased()

    def __repr__(self) -> str:
        return f"<Stay {self.id or 'new'} {self.property_id} {self.status.value}>"
