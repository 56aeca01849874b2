"""Periods of the calendar, written as ISO 8601 durations: P3Y, P6M, P1Y3M, P30D."""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import lru_cache

_PERIOD = re.compile(r"P(?:(\d{1,3})Y)?(?:(\d{1,4})M)?(?:(\d{1,5})D)?")


@lru_cache(maxsize=256)
def parts_of(period: str) -> tuple[int, int, int]:
    """Give the years, months and days of a period.

    :raises ValueError: unless it is a period of at least one day.
    """
    match = _PERIOD.fullmatch(period)
    years, months, days = (int(n or 0) for n in match.groups()) if match else (0, 0, 0)
    if not (years or months or days):
        raise ValueError("must be a period of at least a day, as P3Y, P6M or P30D")
    return years, months, days


def last_day(begin: date, period: str) -> date:
    """Give the last day of the period that runs from a day, which itself is not counted.

    It is the same day of the last month, or that month's last day where it has no such day
    (Regulation (EEC, Euratom) No 1182/71, art. 3): a year from 29 February ends on 28 February.
    """
    from calendar import monthrange

    years, months, days = parts_of(period)
    month = begin.month - 1 + months
    year = begin.year + years + month // 12
    month = month % 12 + 1
    if year > date.max.year:
        return date.max
    end = date(year, month, min(begin.day, monthrange(year, month)[1]))
    return end + timedelta(days=min(days, (date.max - end).days))
