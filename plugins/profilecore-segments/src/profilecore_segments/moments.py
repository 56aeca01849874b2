"""Days as seen from today, by the calendar and not by seconds."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

from profilecore_segments.nodes import Day, Relative, Unit

_DAYS = {Unit.DAY: 1, Unit.WEEK: 7}
_MONTHS = {Unit.MONTH: 1, Unit.YEAR: 12}


def day_of(moment: Day | Relative, today: date) -> date:
    """Give the day that is meant; one beyond the calendar is its first or last day.

    A month before the 31st of March is the last day of February.
    """
    if isinstance(moment, Day):
        return moment.on
    try:
        if moment.unit in _DAYS:
            return today + timedelta(days=moment.number * _DAYS[moment.unit])
        return _months(today, moment.number * _MONTHS[moment.unit])
    except (OverflowError, ValueError):
        return date.min if moment.number < 0 else date.max


def _months(day: date, number: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + number, 12)
    last = monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))
