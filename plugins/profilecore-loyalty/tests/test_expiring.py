"""Points expire by lots, in a job that may be stopped and run again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profilecore import Engine, InvalidProfile
from profilecore.model.fields import evolve
from profilecore_loyalty import ClearPolicy, Expired, Lot, Loyalty, Programme
from profilecore_loyalty.lots import first, joined, less, overdue, total

Member = Callable[..., str]


def test_points_go_when_their_last_day_is_over(
    loyalty: Loyalty, member: Member, balance: Callable[[str], int]
) -> None:
    ana = member()
    loyalty.earn(ana, "club", 10, "a", on=date(2025, 5, 1))
    loyalty.earn(ana, "club", 20, "b", on=date(2025, 6, 1))
    assert loyalty.expire("club", date(2026, 5, 1)).points == 0, "the last day is a good day"
    made = loyalty.expire("club", date(2026, 5, 2))
    assert (made.memberships, made.points, made.more) == (1, 10, False)
    assert balance(ana) == 20
    assert loyalty.expire("club", date(2026, 5, 2)).points == 0
    assert loyalty.expire("club", date(2026, 7, 1)).points == 20
    assert loyalty.totals("club").expired == 30


def test_the_oldest_points_are_used_first(
    loyalty: Loyalty, member: Member, balance: Callable[[str], int]
) -> None:
    ana = member()
    loyalty.earn(ana, "club", 20, "b", on=date(2025, 6, 1))
    loyalty.earn(ana, "club", 10, "a", on=date(2025, 5, 1))
    loyalty.redeem(ana, "club", 12, "x")
    lots = loyalty.membership(ana, "club").lots
    assert lots == (Lot(date(2025, 6, 1), 18, date(2026, 6, 1)),)
    assert loyalty.expire("club", date(2026, 5, 2)).points == 0


def test_points_that_are_over_are_not_redeemed_though_the_job_did_not_run(
    loyalty: Loyalty, member: Member, balance: Callable[[str], int]
) -> None:
    ana = member()
    loyalty.earn(ana, "club", 10, "old", on=date(2025, 1, 1))
    loyalty.earn(ana, "club", 5, "new")
    loyalty.redeem(ana, "club", 5, "x")
    assert (balance(ana), loyalty.totals("club").expired) == (0, 10)


def test_a_stopped_run_goes_on(loyalty: Loyalty, member: Member) -> None:
    for number in range(5):
        id = member()
        loyalty.earn(id, "club", 10, f"a{number}", on=date(2025, 1, 1 + number % 2))
    first_run = loyalty.expire("club", limit=2)
    assert (first_run.memberships, first_run.more) == (2, True)

    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        loyalty.expire("club", watch=stop)
    last = loyalty.expire("club")
    assert not last.more
    assert loyalty.totals("club").expired == 50
    with pytest.raises(InvalidProfile):
        loyalty.expire("club", limit=0)


def test_older_points_that_come_after_a_run_expire_in_the_next(
    loyalty: Loyalty, member: Member
) -> None:
    ana, ben = member(), member()
    loyalty.earn(ana, "club", 10, "a", on=date(2025, 2, 1))
    assert loyalty.expire("club").points == 10
    loyalty.earn(ben, "club", 7, "b", on=date(2024, 1, 1))
    assert loyalty.expire("club").points == 7


def test_points_of_a_programme_without_an_end_never_expire(
    loyalty: Loyalty, member: Member
) -> None:
    member(spa=10)
    assert loyalty.expire("spa", date(2999, 1, 1)).points == 0


def test_a_day_ends_when_it_ends_for_the_chain(fresh: Callable[..., Any]) -> None:
    settings = {"profilecore": {"timezone": "America/Los_Angeles"}}
    engine, loyalty, clock = fresh(config=settings)
    clock.now = datetime(2026, 1, 1, 1, tzinfo=UTC)  # the last evening of the year there
    with engine:
        ana, ben = (engine.create({"last_name": name}).id for name in ("García", "Moreau"))
        for id in (ana, ben):
            loyalty.enrol(id, "club")
            assert loyalty.earn(id, "club", 100, f"first of {id}").on == date(2025, 12, 31)
        assert loyalty.membership(ana, "club").enrolled_on == date(2025, 12, 31)
        clock.now = datetime(2027, 1, 1, 7, 59, tzinfo=UTC)  # good until the end of the day
        (taken,) = loyalty.redeem(ana, "club", 40, "x")
        (out, _) = loyalty.transfer(ana, ben, "club", 10, "y")
        assert taken.on == out.on == date(2026, 12, 31)
        assert loyalty.expire("club").points == 0
        stay = {"property_id": "P1", "reference": "7", "status": "departed", "nights": 0}
        told = engine.record_stay(ana, stay | {"departure": "2026-12-01"})
        assert [m.points for m in loyalty.earn_from_stay(told, "club", spend=100)] == [1]
        clock.now = datetime(2027, 1, 1, 8, tzinfo=UTC)
        assert loyalty.expire("club").points == 160


def test_what_is_held_of_cleared_people_keeps_nobody_s_points_alive(
    engine: Engine,
    loyalty: Loyalty,
    member: Member,
    clock: Any,
    club: Programme,
    balance: Callable[[str], int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("profilecore_loyalty.expiring.MOST", 2)
    loyalty.define_programme(evolve(club, on_clear=ClearPolicy.CLOSE))
    *gone, ana = (member(club=10) for _ in range(4))
    for id in gone:
        engine.place_hold(id, kind="dispute", keeps=["loyalty-membership"])
        engine.clear(id)
    clock.move(days=400)
    made = loyalty.expire("club", limit=1)
    assert (made.points, balance(ana)) == (10, 0)
    assert loyalty.expire("club") == Expired("club")


def test_what_was_held_with_its_day_hides_nobody(
    engine: Engine,
    loyalty: Loyalty,
    member: Member,
    clock: Any,
    club: Programme,
    balance: Callable[[str], int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("profilecore_loyalty.closing.first_end", lambda lots: None)
    loyalty.define_programme(evolve(club, on_clear=ClearPolicy.CLOSE))
    *gone, ana, ben = (member(club=10) for _ in range(5))
    for id in gone:
        engine.place_hold(id, kind="dispute", keeps=["loyalty-membership"])
        engine.clear(id)
    clock.move(days=400)
    assert loyalty.expire("club", limit=1) == Expired("club", 1, 10, more=True)
    assert loyalty.expire("club") == Expired("club", 1, 10)
    assert (balance(ana), balance(ben)) == (0, 0)


lots = st.builds(
    Lot,
    st.dates(date(2026, 1, 1), date(2026, 1, 5)),
    st.integers(0, 20),
    st.none() | st.dates(date(2026, 2, 1), date(2026, 2, 3)),
)
many = st.lists(lots, max_size=8).map(joined)


@given(st.lists(lots, max_size=8))
def test_joined_lots_keep_every_point_in_order(given_lots: list[Lot]) -> None:
    made = joined(given_lots)
    assert total(made) == total(given_lots)
    assert [lot.order for lot in made] == sorted({lot.order for lot in made})
    assert joined(made) == made


@given(many, st.integers(0, 200))
def test_what_is_used_and_what_is_left_is_what_there_was(held: Any, points: int) -> None:
    used = first(held, points)
    left = less(held, used)
    assert total(used) == min(points, total(held))
    assert total(used) + total(left) == total(held)
    assert joined((*used, *left)) == held
    assert not used or not left or used[-1].order <= left[0].order, "first in, first out"


@given(many, st.dates(date(2026, 1, 31), date(2026, 2, 4)))
def test_only_lots_whose_day_is_over_are_overdue(held: Any, day: date) -> None:
    gone = overdue(held, day)
    assert all(lot.until < day for lot in gone)
    assert overdue(less(held, gone), day) == ()
