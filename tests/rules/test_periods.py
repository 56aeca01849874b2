"""Periods of the calendar: their last day, whatever the month or the year."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit import examples

from profilecore.rules.periods import last_day, parts_of

days = st.dates()
near = st.dates(date(1990, 1, 1), date(2060, 12, 31))
periods = st.builds(
    lambda years, months, number: f"P{years}Y{months}M{number}D",
    st.integers(0, 30),
    st.integers(0, 40),
    st.integers(1, 400),
)


@pytest.mark.parametrize(
    ("begin", "period", "end"),
    [
        ("2024-02-29", "P1Y", "2025-02-28"),
        ("2024-02-29", "P4Y", "2028-02-29"),
        ("2023-02-28", "P1Y", "2024-02-28"),
        ("2026-01-31", "P1M", "2026-02-28"),
        ("2024-01-31", "P1M", "2024-02-29"),
        ("2026-08-31", "P6M", "2027-02-28"),
        ("2026-12-31", "P1M", "2027-01-31"),
        ("2026-02-12", "P3Y", "2029-02-12"),
        ("2026-02-12", "P1Y7D", "2027-02-19"),
        ("2024-02-28", "P1D", "2024-02-29"),
        ("2026-12-31", "P1D", "2027-01-01"),
        ("9999-01-01", "P999Y", "9999-12-31"),
    ],
)
def test_a_period_ends_on_the_same_day_or_the_months_last(
    begin: str, period: str, end: str
) -> None:
    assert last_day(date.fromisoformat(begin), period) == date.fromisoformat(end)


@examples(300)
@given(one=days, other=days, period=periods)
def test_who_begins_later_never_ends_earlier(one: date, other: date, period: str) -> None:
    early, late = sorted((one, other))
    assert last_day(early, period) <= last_day(late, period)


@examples(300)
@given(begin=days, years=st.integers(1, 80))
def test_twelve_months_are_a_year(begin: date, years: int) -> None:
    assert last_day(begin, f"P{12 * years}M") == last_day(begin, f"P{years}Y")


@examples(300)
@given(begin=days, period=periods, more=st.integers(1, 9))
def test_a_longer_period_never_ends_earlier(begin: date, period: str, more: int) -> None:
    years, months, number = parts_of(period)
    end = last_day(begin, period)
    assert begin <= end
    for longer in (
        f"P{years + more}Y{months}M{number}D",
        f"P{years}Y{months + more}M{number}D",
        f"P{years}Y{months}M{number + more}D",
    ):
        assert end <= last_day(begin, longer)


@examples(300)
@given(begin=near, months=st.integers(1, 60))
def test_months_end_in_the_month_counted_to(begin: date, months: int) -> None:
    end = last_day(begin, f"P{months}M")
    assert 12 * end.year + end.month == 12 * begin.year + begin.month + months
    assert end.day == begin.day or (end.day < begin.day and (end + timedelta(days=1)).day == 1)


@examples(200)
@given(begin=near, number=st.integers(1, 9999))
def test_days_are_days(begin: date, number: int) -> None:
    assert last_day(begin, f"P{number}D") - begin == timedelta(days=number)


@pytest.mark.parametrize(
    "wrong", ["", "P", "P0Y", "P0D", "3Y", "P3", "P-1Y", "P1W", "PT1H", "P1M1Y", "P3Y ", "p3y"]
)
def test_what_is_no_period_of_a_day_at_least_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="period"):
        parts_of(wrong)
