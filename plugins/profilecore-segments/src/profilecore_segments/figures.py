"""What statistics say of a group of guests, and of all groups together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from enum import Enum

import attrs

from profilecore.values import frozen

# ISO 4217 has a hundred parts to the unit but for these.
_WHOLE = frozenset(
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split()  # noqa: SIM905  # a list of codes
)
_THOUSAND = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})


class Dimension(Enum):
    """By what guests are grouped."""

    SOURCE = "source"
    CLASS = "class"
    CATEGORY = "category"
    TAG = "tag"
    NATIONALITY = "nationality"
    LANGUAGE = "language"
    MONTH = "month"

    @property
    def is_of_stays(self) -> bool:
        """Tell whether each stay has its group, and not the guest."""
        return self in (Dimension.SOURCE, Dimension.MONTH)


@frozen
class Figures:
    """The guests of a group with a booking, and these bookings.

    ``first_stays`` counts guests whose first booking of all is among them, ``repeat_guests``
    those with bookings of two arrivals or more, of whatever group and time: two rooms for the same
    nights are no repeat.  ``revenue`` is by currency, in its smallest unit, and ``payers`` are the
    guests who brought it.
    """

    guests: int = 0
    bookings: int = 0
    nights: int = 0
    first_stays: int = 0
    repeat_guests: int = 0
    revenue: Mapping[str, int] = attrs.field(factory=dict)
    payers: Mapping[str, int] = attrs.field(factory=dict)

    @property
    def repeat_rate(self) -> float | None:
        """The share of the guests that came again."""
        return self.repeat_guests / self.guests if self.guests else None


@frozen
class Group:
    """A group with its figures; without them they are suppressed.

    ``code`` is as stored, in its most frequent spelling, ``NONE`` where there is none, ``CLEARED``
    for what is left of guests who were cleared; ``label`` is for people.
    """

    code: str = attrs.field(repr=False)
    label: str = attrs.field(repr=False)
    figures: Figures | None = None


NONE = "(none)"
CLEARED = "(cleared)"


@frozen
class Statistics:
    """Bookings by one dimension.  ``total`` is of all groups, each guest once.

    With ``min_group``, groups of fewer guests are suppressed, and so are those that all but fewer
    guests are in, and another one where a total would give them away.  In the same way no revenue
    is told in a currency in which fewer guests paid.
    """

    dimension: Dimension
    groups: tuple[Group, ...]
    total: Figures | None
    made_at: datetime
    since: date | None = None
    until: date | None = None
    min_group: int = 1

    @property
    def shown(self) -> Iterator[tuple[Group, Figures]]:
        """The groups that have figures."""
        for group in self.groups:
            if group.figures is not None:
                yield group, group.figures


def money(amounts: Mapping[str, int]) -> str:
    """Write sums for people, each with its currency."""
    return ", ".join(_amount(code, amounts[code]) for code in sorted(amounts))


def _amount(currency: str, number: int) -> str:
    digits = 0 if currency in _WHOLE else 3 if currency in _THOUSAND else 2
    return f"{currency} {number / 10**digits:,.{digits}f}".strip()
