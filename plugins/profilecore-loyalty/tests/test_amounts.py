"""Amounts: points and spend are whole, of today or before, and in the programme's currency."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from profilecore import Engine, InvalidProfile, Stay
from profilecore.model.fields import evolve
from profilecore_loyalty import Award, Card, EarningRule, Loyalty, Measure, Programme, Threshold
from profilecore_loyalty.ledger import MOVEMENT, TOTALS
from profilecore_loyalty.membership import MEMBERSHIP

Member = Callable[..., str]
Balance = Callable[[str], int]
MOST = 2**53
NOT_WHOLE = [0.5, 1.0, float("nan"), float("inf"), True, "5", None, MOST + 1, -MOST - 1]


def stay_of(engine: Engine, profile_id: str, **more: Any) -> Stay:
    facts = {
        "property_id": "P1", "status": "departed", "reference": "7",
        "arrival": "2026-02-01", "departure": "2026-02-03",
    }  # fmt: skip
    return engine.record_stay(profile_id, facts | more)


def named(refused: pytest.ExceptionInfo[InvalidProfile]) -> list[str]:
    return [problem.path for problem in refused.value.problems]


@pytest.mark.parametrize("points", NOT_WHOLE)
def test_points_that_are_not_whole_are_refused_by_every_verb(
    loyalty: Loyalty, member: Member, balance: Balance, points: Any
) -> None:
    ana, ben = member(club=10), member()
    booked = (
        lambda: loyalty.earn(ana, "club", points, "e"),
        lambda: loyalty.redeem(ana, "club", points, "r"),
        lambda: loyalty.adjust(ana, "club", points, "a"),
        lambda: loyalty.transfer(ana, ben, "club", points, "t"),
    )
    for book in booked:
        with pytest.raises(InvalidProfile) as refused:
            book()
        assert named(refused) == ["/points"]
    made = loyalty.earn_many("club", [Award(ana, points, "x"), Award(ana, 1, "y")])
    assert [each.place for each in made.refused] == [0]
    assert balance(ana) == 11


def test_no_balance_grows_beyond_what_is_kept_exactly(
    loyalty: Loyalty, member: Member, balance: Balance
) -> None:
    ana = member()
    loyalty.earn(ana, "club", MOST, "all")
    with pytest.raises(InvalidProfile):
        loyalty.earn(ana, "club", 1, "more")
    assert balance(ana) == MOST


@pytest.mark.parametrize("spend", [0.5, 450.0, float("nan"), True, "5", MOST + 1])
def test_spend_that_is_not_whole_is_refused(
    engine: Engine, loyalty: Loyalty, member: Member, spend: Any
) -> None:
    with pytest.raises(InvalidProfile) as refused:
        loyalty.earn_from_stay(stay_of(engine, member()), "club", spend=spend)
    assert named(refused) == ["/spend"]


def test_a_stay_is_not_worth_more_than_is_kept_exactly(
    engine: Engine, loyalty: Loyalty, member: Member
) -> None:
    loyalty.define_programme(Programme("big", "Big", earning=(EarningRule(Measure.SPEND, 2),)))
    with pytest.raises(InvalidProfile) as refused:
        loyalty.earn_from_stay(stay_of(engine, member("big")), "big", spend=MOST)
    assert named(refused) == ["/points"]


@pytest.mark.parametrize("wrong", [1.5, float("nan"), True, "5", MOST + 1])
def test_a_programme_has_whole_numbers(wrong: Any) -> None:
    for define, name in (
        (lambda: EarningRule(Measure.NIGHTS, wrong), "points"),
        (lambda: EarningRule(Measure.NIGHTS, 1, per=wrong), "per"),
        (lambda: EarningRule(Measure.NIGHTS, 1, bonus={"gold": wrong}), "bonus"),
        (lambda: Threshold(Measure.NIGHTS, wrong), "at_least"),
    ):
        with pytest.raises(ValueError, match=f"^{name}"):
            define()


def test_what_a_provider_told_is_whole(loyalty: Loyalty, member: Member) -> None:
    with pytest.raises(InvalidProfile) as refused:
        loyalty.enrol(member(), "miles", Card("M1", told=0.5))  # type: ignore[arg-type]  # wrong
    assert named(refused) == ["/told"]


@pytest.mark.parametrize("amount", [0.5, float("nan"), True])
def test_verify_names_amounts_that_are_not_whole(fresh: Callable[..., Any], amount: Any) -> None:
    engine, loyalty, _ = fresh()
    ana = engine.create({"last_name": "García"}).id
    loyalty.enrol(ana, "club")
    loyalty.earn(ana, "club", 10, "x")
    for kind, change in (
        (MOVEMENT, lambda v: {"postings": [evolve(p, points=amount) for p in v.postings]}),
        (MEMBERSHIP, lambda _: {"balance": amount}),
        (TOTALS, lambda _: {"accounts": {"issued": amount}}),
    ):
        (stored,) = engine.documents(kind)
        value = evolve(stored.value, **change(stored.value))
        engine.store_document(kind, value, profile_id=stored.profile_id, id=stored.id)
    found = [(each.what, each.stored) for each in loyalty.verify()]
    assert found == [("amounts", 2), ("amounts", 1), ("amounts", 1)]


def test_points_are_not_dated_ahead(
    loyalty: Loyalty, member: Member, balance: Balance, clock: Any
) -> None:
    ana = member()
    with pytest.raises(InvalidProfile) as refused:
        loyalty.earn(ana, "club", 10, "x", on=date(2026, 3, 2))
    assert named(refused) == ["/on"]
    loyalty.earn(ana, "club", 10, "x", on=date(2026, 3, 1))
    clock.move(days=1)
    loyalty.earn(ana, "club", 10, "y", on=date(2026, 3, 2))
    told = loyalty.statement(ana, "club", until=date(2026, 3, 1))
    assert (told.opening, told.closing, balance(ana)) == (0, 10, 20)


def test_a_stay_is_spent_what_it_brought_in_the_programmes_currency(
    engine: Engine, loyalty: Loyalty, member: Member, club: Programme
) -> None:
    loyalty.define_programme(evolve(club, currency="EUR"))
    ana = member()

    def tell(spend: int | None = None, **facts: Any) -> list[int]:
        stay = stay_of(engine, ana, **facts)
        return [movement.points for movement in loyalty.earn_from_stay(stay, "club", spend)]

    assert tell(revenue=5_000, currency="USD") == [200]
    assert tell(revenue=5_000, currency="EUR") == [50]
    assert tell(revenue=9_000, currency="EUR") == [40]
    assert tell(revenue=9_000, currency="EUR") == []
    assert tell(6_000, revenue=9_000, currency="EUR") == [-30], "the host's word goes first"
    assert tell(revenue=1, currency="USD") == [], "what was told before"


def test_without_a_currency_of_the_programme_no_revenue_counts(
    engine: Engine, loyalty: Loyalty, member: Member
) -> None:
    stay = stay_of(engine, member(), revenue=5_000, currency="EUR")
    assert [m.points for m in loyalty.earn_from_stay(stay, "club")] == [200]


@pytest.mark.parametrize("wrong", ["eur", "EURO", ""])
def test_a_currency_is_a_code(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"^currency"):
        Programme("club", "Club", currency=wrong)
