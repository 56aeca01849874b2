"""Dates that may be known only in part, kept as ISO 8601 text: 1984, 1984-05, 1984-05-17."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import NewType

PartialDate = NewType("PartialDate", str)

_PARTIAL = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")


@lru_cache(maxsize=65_536)
def partial_date(value: str) -> str:
    """Check a partial date.

    :raises ValueError: unless it is a year, a year and month, or a day of the calendar.
    """
    text = value.strip()
    match = _PARTIAL.fullmatch(text)
    if match is None:
        raise ValueError("must be a date as YYYY-MM-DD, YYYY-MM or YYYY")
    year, month, day = match.groups()
    try:
        date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        raise ValueError("must be a day that the calendar has") from None
    if int(year) < 1800:
        raise ValueError("must not lie before 1800")
    return text


def is_complete(value: str) -> bool:
    """Tell whether year, month and day are all known."""
    return len(value) == 10


def agrees(left: str, right: str) -> bool:
    """Tell whether two partial dates can be the same day."""
    return left.startswith(right) or right.startswith(left)
