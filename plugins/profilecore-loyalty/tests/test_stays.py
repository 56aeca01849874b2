"""Points from stays: each counts once, and a changed one is corrected."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profilecore import Engine, InvalidProfile, Stay
from profilecore.model.enums import StayStatus
from profilecore_loyalty import EarningRule, Loyalty, Measure, Programme
from profilecore_loyalty.stays import counts_of, points_of

Record = Callable[..., Stay]
START = date(2026, 2, 1)


@pytest.fixture
def record(engine: Engine) -> Record:
    """Give a function that records a stay of so many nights."""

    def record(profile_id: str, reference: str = "7", nights: int = 2, **more: Any) -> Stay:
        facts = {
            "property_id": "P1", "status": "departed", "reference": reference, "arrival": START,
            "departure": START + timedelta(days=nights),
        }  # fmt: skip
        return engine.record_stay(profile_id, facts | more)

    return record


def test_a_stay_earns_by_nights_and_spend(
    loyalty: Loyalty, member: Callable[..., str], record: Record
) -> None:
    ana = member()
    (made,) = loyalty.earn_from_stay(record(ana), "club", spend=12_399)
    assert (made.points, made.on) == (200 + 123, date(2026, 2, 3))
    assert made.counts is not None
    assert (made.counts.nights, made.counts.stays, made.counts.spend) == (2, 1, 12_399)


def test_a_stay_counts_once_however_often_it_is_told(
    loyalty: Loyalty, member: Callable[..., str], record: Record, balance: Callable[[str], int]
) -> None:
    ana = member()
    for _ in range(3):
        loyalty.earn_from_stay(record(ana), "club", spend=5_000)
        loyalty.earn_from_stay(record(ana), "club")
    assert balance(ana) == 250


def test_a_changed_stay_is_corrected_up_and_down(
    loyalty: Loyalty, member: Callable[..., str], record: Record, balance: Callable[[str], int]
) -> None:
    ana = member()
    loyalty.earn_from_stay(record(ana, nights=2), "club", spend=5_000)
    (more,) = loyalty.earn_from_stay(record(ana, nights=4), "club")
    assert (more.points, balance(ana)) == (200, 450)
    (less,) = loyalty.earn_from_stay(record(ana, nights=1), "club", spend=2_000)
    assert (less.points, balance(ana)) == (-330, 120)
    (gone,) = loyalty.earn_from_stay(record(ana, status="cancelled"), "club")
    assert (gone.points, balance(ana)) == (-120, 0)
    (back,) = loyalty.earn_from_stay(record(ana, nights=1), "club", spend=2_000)
    assert (back.points, balance(ana)) == (120, 120)


def test_what_was_used_already_is_not_taken_back(
    loyalty: Loyalty, member: Callable[..., str], record: Record, balance: Callable[[str], int]
) -> None:
    ana = member()
    loyalty.earn_from_stay(record(ana), "club")
    loyalty.redeem(ana, "club", 150, "x")
    (gone,) = loyalty.earn_from_stay(record(ana, status="cancelled"), "club")
    assert (gone.points, balance(ana)) == (-50, 0)
    assert gone.counts is not None
    assert gone.counts.nights == -2


def test_a_stay_that_never_counted_books_nothing(
    loyalty: Loyalty, member: Callable[..., str], record: Record
) -> None:
    ana = member()
    assert loyalty.earn_from_stay(record(ana, status="confirmed"), "club", spend=9_000) == []
    assert loyalty.statement(ana, "club").movements == ()


def test_a_stay_stays_with_the_membership_that_earned_it(
    engine: Engine,
    loyalty: Loyalty,
    member: Callable[..., str],
    record: Record,
    join: Callable[..., str],
    balance: Callable[[str], int],
) -> None:
    ana, twin = member(club=10), member()
    stay = record(twin)
    loyalty.earn_from_stay(stay, "club")
    merge = join(ana, twin)
    assert loyalty.earn_from_stay(record(ana), "club") == []
    loyalty.earn_from_stay(record(ana, nights=1), "club")
    engine.unmerge(merge)
    assert (balance(ana), balance(twin)) == (10, 100)


def test_the_bonus_is_that_of_the_tier_at_the_time(
    loyalty: Loyalty, member: Callable[..., str], record: Record
) -> None:
    ana = member()
    stay = record(ana, "a", nights=10)
    (first,) = loyalty.earn_from_stay(stay, "club")
    assert loyalty.requalify(ana, "club").tier == "gold"
    assert loyalty.earn_from_stay(stay, "club") == [], "the tier changes no earlier stay"
    (second,) = loyalty.earn_from_stay(record(ana, "b", nights=10), "club")
    assert (first.points, second.points) == (1_000, 1_500)


@pytest.mark.parametrize("wrong", [Stay(property_id="P1"), Stay(profile_id="a", property_id="P1")])
def test_only_a_recorded_stay_earns(loyalty: Loyalty, wrong: Stay) -> None:
    with pytest.raises(InvalidProfile, match="recorded"):
        loyalty.earn_from_stay(wrong, "club")


def test_spend_is_not_below_nothing(
    loyalty: Loyalty, member: Callable[..., str], record: Record
) -> None:
    with pytest.raises(InvalidProfile, match="at least 0"):
        loyalty.earn_from_stay(record(member()), "club", spend=-1)


def stay_of(**facts: Any) -> Stay:
    known = {
        "property_id": "P1", "status": StayStatus.DEPARTED, "arrival": START,
        "departure": START + timedelta(days=3),
    }  # fmt: skip
    return Stay(**(known | facts))


@pytest.mark.parametrize(
    ("rule", "points"),
    [
        (EarningRule(Measure.NIGHTS, 10), 30),
        (EarningRule(Measure.NIGHTS, 10, per=2), 10),
        (EarningRule(Measure.STAYS, 500), 500),
        (EarningRule(Measure.SPEND, 3, per=100), 297),
        (EarningRule(Measure.NIGHTS, 10, properties=("P1",)), 30),
        (EarningRule(Measure.NIGHTS, 10, properties=("P2",)), 0),
        (EarningRule(Measure.NIGHTS, 10, channels=("web",)), 30),
        (EarningRule(Measure.NIGHTS, 10, channels=("ota",)), 0),
        (EarningRule(Measure.NIGHTS, 10, since=date(2026, 2, 4)), 30),
        (EarningRule(Measure.NIGHTS, 10, since=date(2026, 2, 5)), 0),
        (EarningRule(Measure.NIGHTS, 10, until=date(2026, 2, 4)), 30),
        (EarningRule(Measure.NIGHTS, 10, until=date(2026, 2, 3)), 0),
        (EarningRule(Measure.NIGHTS, 10, bonus={"gold": 25}), 37),
    ],
)
def test_a_rule_holds_where_its_conditions_do(rule: EarningRule, points: int) -> None:
    from profilecore_loyalty import Tier

    programme = Programme("club", "Club", tiers=(Tier("gold"),), earning=(rule,))
    assert points_of(programme, stay_of(channel="web"), 9_999, "gold") == points


def test_nights_are_those_told_else_those_between_the_days() -> None:
    programme = Programme("club", "Club")
    assert counts_of(programme, stay_of(), 0).nights == 3
    assert counts_of(programme, stay_of(nights=2), 0).nights == 2
    assert counts_of(programme, stay_of(arrival=None), 0).nights == 0
    assert counts_of(programme, stay_of(departure=None), 0).stays == 0


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9_999), st.booleans()), max_size=8))
def test_whatever_a_stay_went_through_it_earned_what_it_is_worth_now(
    fresh: Callable[..., Any], club: Programme, history: list[tuple[int, int, bool]]
) -> None:
    engine, loyalty, _ = fresh()
    ana = engine.create({"last_name": "García"}).id
    loyalty.enrol(ana, "club")
    worth = 0
    for nights, spend, came in history:
        facts = {
            "property_id": "P1", "reference": "7", "arrival": START,
            "departure": START + timedelta(days=nights),
            "status": "departed" if came else "no_show",
        }  # fmt: skip
        stay = engine.record_stay(ana, facts)
        loyalty.earn_from_stay(stay, "club", spend=spend)
        worth = points_of(club, stay, spend, "base")
    assert loyalty.membership(ana, "club").balance == worth
    assert loyalty.verify() == []
