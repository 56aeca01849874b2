"""Points from stays: each counts once, and a changed one is corrected."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profilecore import UNSET, Engine, InvalidProfile, Stay
from profilecore.model.enums import StayStatus
from profilecore.model.fields import evolve
from profilecore_loyalty import (
    EarningRule,
    Loyalty,
    Measure,
    MembershipState,
    NotEnrolled,
    Programme,
)
from profilecore_loyalty.stays import counts_of, points_of

Record = Callable[..., Stay]
START = date(2026, 2, 1)


@pytest.fixture
def record(engine: Engine) -> Record:
    """Give a function that records a stay of so many nights, and with as many stated."""

    def record(
        profile_id: str, reference: str = "7", nights: int = 2, stated: Any = UNSET, **more: Any
    ) -> Stay:
        facts = {
            "nights": stated,
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
    ana, left = member(), START + timedelta(days=4)
    loyalty.earn_from_stay(record(ana, departure=left), "club", spend=5_000)
    assert balance(ana) == 450
    (more,) = loyalty.earn_from_stay(record(ana, departure=left), "club", spend=9_000)
    assert (more.points, balance(ana)) == (40, 490)
    (less,) = loyalty.earn_from_stay(record(ana, departure=left, stated=1), "club", spend=2_000)
    assert (less.points, balance(ana)) == (-370, 120)
    (gone,) = loyalty.earn_from_stay(record(ana, status="cancelled", departure=left), "club")
    assert (gone.points, balance(ana)) == (-120, 0)
    (back,) = loyalty.earn_from_stay(record(ana, departure=left, stated=1), "club")
    assert (back.points, balance(ana)) == (120, 120), "by the spend that was told last"


def test_a_cancelled_stay_told_again_takes_nothing_more(
    loyalty: Loyalty, member: Callable[..., str], record: Record, balance: Callable[[str], int]
) -> None:
    ana = member()
    loyalty.earn_from_stay(record(ana), "club")
    loyalty.redeem(ana, "club", 200, "x")
    gone = record(ana, status="cancelled")
    assert len(loyalty.earn_from_stay(gone, "club")) == 1
    loyalty.earn(ana, "club", 300, "of something else")
    for told in (gone, gone, record(ana, nights=3, status="no_show")):
        assert loyalty.earn_from_stay(told, "club") == []
    assert balance(ana) == 300
    loyalty.earn_from_stay(record(ana, nights=3), "club")
    assert balance(ana) == 300 + 100, "200 of its 300 were used already"


def test_a_stay_that_did_not_change_keeps_its_points_when_the_rules_do(
    loyalty: Loyalty,
    member: Callable[..., str],
    record: Record,
    balance: Callable[[str], int],
    club: Programme,
) -> None:
    ana = member()
    loyalty.earn_from_stay(record(ana), "club", spend=5_000)
    loyalty.define_programme(evolve(club, earning=(EarningRule(Measure.NIGHTS, 50),)))
    assert loyalty.earn_from_stay(record(ana), "club") == []
    assert loyalty.earn_from_stay(record(ana), "club", spend=5_000) == []
    assert balance(ana) == 250
    loyalty.earn_from_stay(record(ana, channel="web"), "club")
    assert balance(ana) == 100


def test_a_stay_that_was_on_another_day_counts_and_expires_by_the_right_one(
    loyalty: Loyalty, member: Callable[..., str], record: Record
) -> None:
    ana, ben = member(), member()
    wrong = {"arrival": date(2025, 1, 20), "departure": date(2025, 1, 30)}
    right = {"arrival": date(2026, 1, 20), "departure": date(2026, 1, 30)}
    loyalty.earn(ana, "club", 70, "older", on=date(2024, 12, 1))
    loyalty.earn(ben, "club", 70, "the same", on=date(2024, 12, 1))
    loyalty.earn_from_stay(record(ana, "a", **wrong), "club")
    assert loyalty.requalify(ana, "club").tier == "base"
    moved = loyalty.earn_from_stay(record(ana, "a", **right), "club")
    assert [(m.points, m.on) for m in moved] == [
        (-1_000, date(2025, 1, 30)),
        (1_000, date(2026, 1, 30)),
    ]
    loyalty.earn_from_stay(record(ben, "b", **right), "club")
    assert loyalty.membership(ana, "club").lots == loyalty.membership(ben, "club").lots
    assert loyalty.requalify(ana, "club").tier == "gold"
    assert loyalty.expire("club").points == 70 + 70


def test_points_that_were_used_do_not_move_with_their_stay(
    loyalty: Loyalty, member: Callable[..., str], record: Record
) -> None:
    ana = member()
    loyalty.earn_from_stay(record(ana, nights=4), "club")
    loyalty.redeem(ana, "club", 300, "x")
    loyalty.earn(ana, "club", 70, "of something else", on=date(2026, 1, 1))
    left = START + timedelta(days=9)
    loyalty.earn_from_stay(record(ana, departure=left, stated=4), "club")
    assert [(lot.on, lot.points) for lot in loyalty.membership(ana, "club").lots] == [
        (date(2026, 1, 1), 70),
        (left, 100),
    ]


def test_a_correction_for_a_day_to_come_lets_nothing_expire_early(
    loyalty: Loyalty, member: Callable[..., str], record: Record, balance: Callable[[str], int]
) -> None:
    ana, ahead = member(), date(2026, 3, 10)
    loyalty.earn(ana, "club", 500, "good until the 5th", on=date(2025, 3, 5))
    loyalty.earn_from_stay(record(ana, departure=ahead, stated=9), "club")
    loyalty.earn_from_stay(record(ana, departure=ahead, stated=4), "club")
    assert balance(ana) == 500 + 400
    loyalty.earn_from_stay(record(ana, departure=ahead, status="cancelled"), "club")
    assert balance(ana) == 500


def test_a_stay_of_another_guest_is_taken_from_whom_it_was_booked_for(
    loyalty: Loyalty, member: Callable[..., str], balance: Callable[[str], int]
) -> None:
    ana, ben = member(), member(club=1_000)
    stay = stay_of(profile_id=ana, reference="7")
    loyalty.earn_from_stay(stay, "club")
    made = loyalty.earn_from_stay(evolve(stay, profile_id=ben), "club")
    assert [m.points for m in made] == [-300, 300]
    assert (balance(ana), balance(ben)) == (0, 1_300)
    counted = [m.counts.nights for m in loyalty.statement(ana, "club").movements if m.counts]
    assert sum(counted) == 0
    shorter = evolve(stay, profile_id=ben, nights=1)
    assert [m.points for m in loyalty.earn_from_stay(shorter, "club")] == [-200]
    assert loyalty.earn_from_stay(shorter, "club") == []
    assert (balance(ana), balance(ben)) == (0, 1_100)


def test_a_stay_of_a_guest_who_is_not_enrolled_leaves_the_one_before_as_it_was(
    engine: Engine, loyalty: Loyalty, member: Callable[..., str], balance: Callable[[str], int]
) -> None:
    ana, ben = member(), engine.create({"last_name": "Moreau"}).id
    stay = stay_of(profile_id=ana, reference="7")
    loyalty.earn_from_stay(stay, "club")
    with pytest.raises(NotEnrolled):
        loyalty.earn_from_stay(evolve(stay, profile_id=ben), "club")
    assert balance(ana) == 300


def test_a_stay_that_is_recorded_after_it_was_told_counts_once(
    engine: Engine, loyalty: Loyalty, member: Callable[..., str], balance: Callable[[str], int]
) -> None:
    ana = member()
    told = stay_of(profile_id=ana, reference="7")
    loyalty.earn_from_stay(told, "club")
    recorded = engine.record_stay(ana, told)
    assert [m.points for m in loyalty.earn_from_stay(recorded, "club")] == [0]
    assert loyalty.earn_from_stay(recorded, "club") == []
    loyalty.earn_from_stay(evolve(recorded, nights=1), "club")
    assert loyalty.earn_from_stay(evolve(told, nights=1), "club") == []
    assert balance(ana) == 100


def test_a_stay_of_a_member_who_left_is_corrected_and_earns_no_more(
    loyalty: Loyalty, member: Callable[..., str], record: Record, balance: Callable[[str], int]
) -> None:
    ana = member()
    loyalty.earn_from_stay(record(ana, nights=4), "club")
    loyalty.set_state(ana, "club", MembershipState.CANCELED)
    loyalty.earn_from_stay(record(ana, nights=2), "club")
    assert balance(ana) == 200
    with pytest.raises(NotEnrolled):
        loyalty.earn_from_stay(record(ana, nights=3), "club")
    with pytest.raises(NotEnrolled):
        loyalty.earn_from_stay(record(ana, "another", status="confirmed"), "club")
    assert balance(ana) == 200


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
    for status in ("confirmed", "in_house", "cancelled"):
        assert loyalty.earn_from_stay(record(ana, status=status), "club") == []
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


def test_a_stay_counts_less_where_it_counted_though_the_points_are_another_s(
    engine: Engine,
    loyalty: Loyalty,
    member: Callable[..., str],
    record: Record,
    join: Callable[..., str],
    balance: Callable[[str], int],
) -> None:
    ana, twin = member(), member()
    loyalty.earn_from_stay(record(ana, nights=4), "club")
    loyalty.redeem(ana, "club", 400, "x")
    loyalty.earn(twin, "club", 150, "y")
    merge = join(ana, twin)
    shorter = record(ana, nights=4, stated=3)
    assert sum(m.points for m in loyalty.earn_from_stay(shorter, "club")) == -100
    engine.unmerge(merge)
    assert loyalty.earn_from_stay(shorter, "club") == []
    assert (balance(ana), balance(twin)) == (0, 50)
    movements = loyalty.statement(ana, "club").movements
    assert sum(m.counts.nights for m in movements if m.counts) == 3


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


stays = st.builds(
    stay_of,
    departure=st.sampled_from([START + timedelta(days=days) for days in (3, 4, 20)]),
    nights=st.integers(0, 4),
    status=st.sampled_from((StayStatus.DEPARTED, StayStatus.DEPARTED, StayStatus.CANCELLED)),
    reference=st.just("7"),
    profile_id=st.sampled_from("ab"),
)


@given(st.lists(stays, min_size=1, max_size=6), st.integers(0, 6), st.booleans())
def test_a_stay_stands_as_if_it_had_been_told_as_it_is_at_once(
    fresh: Callable[..., Any], history: list[Stay], recorded: int, twice: bool
) -> None:
    told = []
    for some in (history, history[-1:]):
        engine, loyalty, _ = fresh()
        whose = {name: engine.create({"last_name": "Guest"}).id for name in "ab"}
        for id in whose.values():
            loyalty.enrol(id, "club")
            loyalty.earn(id, "club", 500, f"first of {id}", on=date(2026, 1, 1))
        for number, stay in enumerate(some):
            known = "s7" if number >= recorded else ""
            facts = evolve(stay, profile_id=whose[stay.profile_id], id=known)
            for _ in range(twice + 1):
                loyalty.earn_from_stay(facts, "club", spend=0)
        assert loyalty.verify() == []
        told.append([_standing(loyalty, id) for id in whose.values()])
    assert told[0] == told[1]


def _standing(loyalty: Loyalty, profile_id: str) -> Any:
    nights: dict[date, int] = {}
    for movement in loyalty.statement(profile_id, "club").movements:
        if movement.counts:
            nights[movement.on] = nights.get(movement.on, 0) + movement.counts.nights
    counted = {day: number for day, number in nights.items() if number}
    return loyalty.membership(profile_id, "club").lots, counted
