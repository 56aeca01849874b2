"""What stays brought: by currency, where enough paid in it that nobody is given away; and when."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profilecore import InvalidProfile
from profilecore_segments import Figures, Group, Segments
from profilecore_segments.page import page
from profilecore_segments.suppressing import suppress


def paying(currency: str, amount: int = 1_000, **stay: Any) -> dict[str, Any]:
    usual = {"arrival": "2026-01-01", "source": "web", "revenue": amount, "currency": currency}
    return usual | stay


def revenue(segments: Segments, dimension: str, least: int = 5) -> dict[str, Any]:
    made = segments.statistics(dimension, min_group=least)
    shown = {group.code: dict(figures.revenue) for group, figures in made.shown}
    return shown | {"all": made.total and dict(made.total.revenue)}


def test_what_one_guest_paid_in_another_currency_is_not_told(
    segments: Segments, guest: Any
) -> None:
    for _ in range(7):
        guest(paying("EUR"))
    guest(paying("USD", 777_700))
    for dimension, code in (("source", "web"), ("month", "2026-01"), ("tag", "(none)")):
        assert revenue(segments, dimension) == {code: {"EUR": 7_000}, "all": {"EUR": 7_000}}
        assert revenue(segments, dimension, 1)["all"] == {"EUR": 7_000, "USD": 777_700}


def test_the_page_says_what_revenue_it_leaves_out(segments: Segments, guest: Any) -> None:
    for _ in range(2):
        guest(paying("EUR"))
    guest(paying("USD"))
    html = page(segments.statistics("source", min_group=2))
    assert ("EUR 20.00" in html, "USD" in html) == (True, False)
    assert "fewer than 2 paid" in html
    assert "fewer than" not in page(segments.statistics("source"))


def test_what_few_of_one_group_paid_is_not_told_by_the_total(
    segments: Segments, guest: Any
) -> None:
    for number in range(6):
        for source in ("web", "fair", "walk-in"):
            currency = "USD" if source == "web" or number == 0 else "EUR"
            if source != "walk-in" or number:
                guest(paying(currency, source=source))
            else:
                guest({"arrival": "2026-01-01", "source": source})
    found = revenue(segments, "source")
    assert found["fair"] == {"EUR": 5_000}
    assert "USD" not in found["web"], "the total less the others tells what the one paid"
    assert found["all"] == {"EUR": 10_000, "USD": 7_000}


def test_who_pays_twice_is_one_guest(segments: Segments, guest: Any) -> None:
    for _ in range(5):
        guest(paying("EUR"))
    guest(*[paying("USD", arrival=f"2026-01-0{n}") for n in range(1, 7)])
    made = segments.statistics("source").total
    assert made is not None
    assert made.payers == {"EUR": 5, "USD": 1}
    assert revenue(segments, "source")["all"] == {"EUR": 5_000}


cells = st.lists(st.tuples(st.integers(5, 12), st.integers(0, 12)), min_size=1, max_size=5)


@given(cells, st.integers(2, 6))
def test_no_cell_is_told_of_few_nor_by_what_the_others_leave(
    told: list[tuple[int, int]], least: int
) -> None:
    groups = []
    for number, (guests, payers) in enumerate(told):
        paid = min(guests, payers)
        brought = ({"EUR": 10 * paid}, {"EUR": paid}) if paid else ({}, {})
        groups.append(Group(f"g{number}", "", Figures(guests, guests, 0, 0, 0, *brought)))
    payers = sum(g.figures.payers.get("EUR", 0) for g in groups if g.figures)
    total = Figures(
        sum(g for g, _ in told), 0, 0, 0, 0, {"EUR": 10 * payers} if payers else {},
        {"EUR": payers} if payers else {},
    )  # fmt: skip
    made, seen = suppress(groups, total, least)
    had = {g.code: g.figures.payers["EUR"] for g in groups if g.figures and g.figures.payers}
    shown = {g.code for g in made if g.figures and "EUR" in g.figures.revenue}
    assert all(had[code] >= least for code in shown)
    assert all(g.figures.payers.keys() == g.figures.revenue.keys() for g in made if g.figures)
    if seen is None or "EUR" not in seen.revenue:
        return
    assert payers >= least
    assert len(had) - len(shown) != 1


# ---- of one person


@pytest.mark.parametrize(
    ("stays", "sum_"),
    [
        ([], None),
        ([{"arrival": "2026-01-01"}], None),
        ([paying("EUR", 0)], 0),
        ([paying("EUR"), paying("EUR")], 2_000),
        ([paying("EUR"), {"arrival": "2026-01-01"}], None),
        ([paying("EUR"), paying("USD")], None),
        ([paying("EUR"), {"arrival": "2026-02-27", "status": "in_house"}], 1_000),
        ([paying("EUR"), {"arrival": "2026-06-01", "status": "confirmed"}], 1_000),
        ([paying("EUR"), {"arrival": "2026-01-01", "status": "confirmed"}], None),
        ([paying("EUR"), {"arrival": "2026-01-01", "status": "cancelled"}], 1_000),
    ],
)
def test_what_a_person_brought_is_known_where_each_stay_that_is_over_tells(
    segments: Segments, guest: Any, stays: list[dict[str, Any]], sum_: int | None
) -> None:
    a = guest(*({"reference": f"R{n}"} | stay for n, stay in enumerate(stays)))
    assert segments.has("stays.revenue is empty", a) is (sum_ is None)
    assert segments.has("stays.revenue < 10000", a) is (sum_ is not None)
    assert segments.has(f"stays.revenue = {sum_ or 0}", a) is (sum_ is not None)


# ---- days


def test_a_booking_without_a_day_counts_only_where_no_day_is_asked_for(
    segments: Segments, guest: Any
) -> None:
    guest({"source": "web"}, {"source": "web", "arrival": "2026-01-15"})
    day = date(2026, 1, 1), date(2026, 1, 31)
    for dimension in ("source", "tag"):
        for days in ({"since": day[0]}, {"until": day[1]}, {"since": day[0], "until": day[1]}):
            total = segments.statistics(dimension, **days).total  # type: ignore[arg-type]  # days
            assert total is not None
            assert total.bookings == 1, days
        assert segments.statistics(dimension).total.bookings == 2  # type: ignore[union-attr]  # is


@pytest.mark.parametrize(
    ("arrivals", "repeats"),
    [
        (["2026-01-01", "2026-01-01"], 0),
        (["2026-01-01", "2026-01-02"], 1),
        (["2026-01-02", "2026-01-01"], 1),
        (["2026-01-01", "2026-01-01", "2026-02-01"], 1),
        (["2026-01-01", None], 0),
        ([None, None], 0),
    ],
)
def test_who_has_two_rooms_for_the_same_nights_did_not_come_again(
    segments: Segments, guest: Any, arrivals: list[str | None], repeats: int
) -> None:
    rooms = [{"arrival": day} if day else {} for day in arrivals]
    guest(*({"reference": f"R{n}"} | room for n, room in enumerate(rooms)))
    for dimension in ("source", "tag"):
        total = segments.statistics(dimension).total
        assert total is not None
        assert (total.guests, total.bookings) == (1, len(arrivals))
        assert total.repeat_guests == repeats


def test_days_in_the_wrong_order_are_refused(segments: Segments) -> None:
    with pytest.raises(InvalidProfile) as refused:
        segments.statistics("source", since=date(2026, 2, 1), until=date(2026, 1, 1))
    assert [problem.path for problem in refused.value.problems] == ["/until"]
