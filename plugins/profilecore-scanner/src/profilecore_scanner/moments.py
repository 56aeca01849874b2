"""The dates of a zone: six digits, parts that are not known, and the century that is not there."""

from __future__ import annotations

from datetime import date

from profilecore.model.dates import is_complete, partial_date

__all__ = ["birth_date", "expiry_date", "is_complete"]

# Half a century to either side: no document is valid for longer, and each year has one reading.
_AHEAD = 50


def birth_date(text: str, today: date) -> str | None:
    """Give the latest day that the six characters can mean and that is not after ``today``.

    Parts that are not known (fillers, ICAO Doc 9303 part 3, section 4.8, or 00, as some states
    write) are left out, and with them the smaller ones; without a year nothing is told.

    :raises ValueError: for what is no day of the calendar.
    """
    year, month, day = _parts(text)
    if year is None:
        return None
    century = today.year // 100 * 100
    found = _partial(century + year, month, day)
    if found > today.isoformat()[: len(found)]:
        found = _partial(century + year - 100, month, day)
    return partial_date(found)


def expiry_date(text: str, today: date) -> date | None:
    """Give the day within half a century of ``today``; ``None`` if no day is told.

    :raises ValueError: for what is no day of the calendar, or only a part of one.
    """
    year, month, day = _parts(text)
    if year is None and month is None and day is None:
        return None
    if year is None or month is None or day is None:
        raise ValueError("must be a whole date")
    full = today.year // 100 * 100 + year
    if full > today.year + _AHEAD:
        full -= 100
    elif full <= today.year - _AHEAD:
        full += 100
    try:
        return date(full, month, day)
    except ValueError:
        raise ValueError("must be a day that the calendar has") from None


def _parts(text: str) -> tuple[int | None, int | None, int | None]:
    year, month, day = (text[at : at + 2] for at in (0, 2, 4))
    for part in (year, month, day):
        if not (part.isdigit() or part == "<<"):
            raise ValueError("must be digits, or fillers for what is not known")
    return (
        int(year) if year.isdigit() else None,
        int(month) if month.isdigit() and month != "00" else None,
        int(day) if day.isdigit() and day != "00" else None,
    )


def _partial(year: int, month: int | None, day: int | None) -> str:
    if month is None:
        return f"{year:04}"
    return f"{year:04}-{month:02}" if day is None else f"{year:04}-{month:02}-{day:02}"
