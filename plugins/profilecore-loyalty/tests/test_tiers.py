"""Tiers: earned over a window, held for a time, lowered by the programme's policy."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profilecore import Engine
from profilecore.model.fields import evolve
from profilecore_loyalty import (
    Counts,
    Downgrade,
    Loyalty,
    Measure,
    MembershipState,
    Movement,
    Programme,
    Threshold,
    Tier,
    Verb,
    Window,
)
from profilecore_loyalty.ledger import Account, postings
from profilecore_loyalty.tiers import Held, decided, earned

TIERS = (
    Tier("base"),
    Tier("silver", thresholds=(Threshold(Measure.NIGHTS, 5),)),
    Tier("gold", thresholds=(Threshold(Measure.NIGHTS, 10), Threshold(Measure.POINTS, 900))),
)
TODAY = date(2026, 6, 30)


def programme(**more: Any) -> Programme:
    return Programme("club", "Club", tiers=TIERS, **more)


def movement(on: date, nights: int = 0, points: int = 0, **counts: int) -> Movement:
    return Movement(
        id=f"{on}{nights}{points}", programme="club", membership="m", verb=Verb.EARN, reference="r",
        on=on, at=datetime(2026, 6, 30, tzinfo=UTC), postings=postings(points, Account.ISSUED),
        digest="", counts=Counts(nights=nights, **counts),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("movements", "rank", "until"),
    [
        ([], 1, None),
        ([movement(date(2026, 1, 1), 5)], 2, date(2027, 6, 30)),
        ([movement(date(2026, 1, 1), 5), movement(date(2026, 2, 1), 5)], 3, date(2027, 6, 30)),
        ([movement(date(2025, 6, 30), 10)], 3, date(2027, 6, 30)),
        ([movement(date(2025, 6, 29), 10)], 1, None),
        ([movement(date(2026, 7, 1), 10)], 1, None),
        ([movement(date(2026, 1, 1), points=900)], 3, date(2027, 6, 30)),
        ([movement(date(2026, 1, 1), 9), movement(date(2026, 1, 2), -5)], 1, None),
    ],
)
def test_a_rolling_window_counts_the_last_months(
    movements: list[Movement], rank: int, until: date | None
) -> None:
    assert earned(programme(), movements, TODAY) == Held(rank, until)


@pytest.mark.parametrize(
    ("movements", "rank", "until"),
    [
        ([movement(date(2026, 1, 1), 5)], 2, date(2027, 12, 31)),
        ([movement(date(2025, 12, 31), 5)], 2, date(2026, 12, 31)),
        ([movement(date(2025, 12, 31), 5), movement(date(2026, 1, 1), 5)], 2, date(2027, 12, 31)),
        ([movement(date(2024, 12, 31), 10)], 1, None),
    ],
)
def test_a_year_of_the_calendar_counts_until_the_end_of_the_next(
    movements: list[Movement], rank: int, until: date | None
) -> None:
    assert earned(programme(window=Window.CALENDAR), movements, TODAY) == Held(rank, until)


@pytest.mark.parametrize("measure", [Measure.STAYS, Measure.SPEND])
def test_stays_and_spend_count_too(measure: Measure) -> None:
    tiers = (Tier("base"), Tier("top", thresholds=(Threshold(measure, 3),)))
    made = Programme("club", "Club", tiers=tiers)
    one = {measure.value: 1}
    days = [date(2026, 1, day) for day in (1, 2, 3)]
    assert earned(made, [movement(day, **one) for day in days[:2]], TODAY).rank == 1
    assert earned(made, [movement(day, **one) for day in days], TODAY).rank == 2


OVER = TODAY - timedelta(days=1)
FRESH = date(2027, 6, 30)


@pytest.mark.parametrize(
    ("policy", "now", "won", "then"),
    [
        (Downgrade.EARNED, Held(2, OVER), Held(3, FRESH), Held(3, FRESH)),
        (Downgrade.EARNED, Held(3, OVER), Held(3, FRESH), Held(3, FRESH)),
        (Downgrade.EARNED, Held(3, FRESH), Held(3, TODAY), Held(3, FRESH)),
        (Downgrade.EARNED, Held(3, TODAY), Held(1), Held(3, TODAY)),
        (Downgrade.EARNED, Held(3, OVER), Held(1), Held(1)),
        (Downgrade.EARNED, Held(3), Held(1), Held(3)),
        (Downgrade.NEVER, Held(3, OVER), Held(1), Held(3, OVER)),
        (Downgrade.STEP, Held(3, OVER), Held(1), Held(2, FRESH)),
        (Downgrade.STEP, Held(3, OVER), Held(2, FRESH), Held(2, FRESH)),
        (Downgrade.STEP, Held(2, OVER), Held(1), Held(1)),
        (Downgrade.GRACE, Held(3, OVER), Held(1), Held(3, OVER)),
        (Downgrade.GRACE, Held(3, date(2026, 3, 30)), Held(1), Held(3, date(2026, 3, 30))),
        (Downgrade.GRACE, Held(3, date(2026, 3, 29)), Held(1), Held(1)),
    ],
)
def test_a_tier_is_given_at_once_and_lowered_by_policy(
    policy: Downgrade, now: Held, won: Held, then: Held
) -> None:
    assert decided(programme(downgrade=policy, grace="P3M"), now, won, TODAY) == then


ranks = st.integers(0, 3)
ends = st.none() | st.dates(date(2026, 1, 1), date(2027, 12, 31))


@given(st.sampled_from(Downgrade), ranks, ends, ranks, ends)
def test_nobody_is_ever_given_less_than_was_earned(
    policy: Downgrade, rank: int, until: date | None, won: int, won_until: date | None
) -> None:
    made = programme(downgrade=policy, grace="P3M")
    then = decided(made, Held(rank, until), Held(won, won_until), TODAY)
    assert min(won, rank) <= then.rank <= max(won, rank)
    assert then.rank >= won
    assert decided(made, then, Held(won, won_until), TODAY) == then, "asked twice, the same"


def test_all_members_are_requalified(
    engine: Engine, loyalty: Loyalty, member: Callable[..., str]
) -> None:
    ana, ben, gone = member(club=5_000), member(club=10), member(club=5_000)
    loyalty.set_state(gone, "club", MembershipState.CANCELED)
    seen: list[int] = []
    assert loyalty.requalify_all("club", watch=seen.append) == 1
    assert seen == [1, 2, 3]
    assert [loyalty.membership(id, "club").tier for id in (ana, ben, gone)] == [
        "gold", "base", "base",
    ]  # fmt: skip
    assert loyalty.requalify_all("club") == 0
    assert loyalty.requalify_all("club", date(2028, 1, 1)) == 1
    assert loyalty.membership(ana, "club").tier == "base"


def test_who_falls_after_a_merge_falls_with_every_membership(
    engine: Engine, loyalty: Loyalty, member: Callable[..., str], join: Callable[..., str]
) -> None:
    ana, twin = member(), member(club=5_000)
    assert loyalty.requalify(twin, "club").tier == "gold"
    join(ana, twin)
    assert loyalty.requalify(ana, "club").tier == "gold"
    assert loyalty.requalify(ana, "club", date(2028, 1, 1)).tier == "base"
    assert loyalty.membership(twin, "club").tier == "base"


def test_a_member_of_two_memberships_is_counted_when_the_tier_changes_and_then_no_more(
    loyalty: Loyalty, member: Callable[..., str], join: Callable[..., str]
) -> None:
    ana, twin = member(club=5_000), member(club=10)
    join(ana, twin)
    assert [loyalty.requalify_all("club") for _ in range(3)] == [1, 0, 0]
    assert loyalty.requalify_all("club", date(2028, 1, 1)) == 1


@pytest.mark.parametrize("left", [0, 1])
def test_a_tier_is_given_to_the_membership_that_is_enrolled(
    engine: Engine,
    loyalty: Loyalty,
    member: Callable[..., str],
    join: Callable[..., str],
    left: int,
) -> None:
    both = ana, twin = member(), member()
    loyalty.set_state(both[left], "club", MembershipState.CANCELED)
    join(ana, twin)
    loyalty.earn(ana, "club", 5_000, "x")
    assert loyalty.requalify(ana, "club").tier == "gold"
    assert loyalty.membership(ana, "club").tier == "gold"
    assert [m["tier"] for m in engine.memberships([ana])[ana]] == ["gold"]
    assert loyalty.requalify_all("club") == 0


def test_the_best_tier_is_that_of_the_programme_as_it_is_now(
    engine: Engine,
    loyalty: Loyalty,
    club: Programme,
    member: Callable[..., str],
    join: Callable[..., str],
) -> None:
    ana, twin, ben, other = member(club=5_000), member(), member(), member(club=5_000)
    for id in (ana, other):
        assert loyalty.requalify(id, "club").tier == "gold"
    base, _, gold = club.tiers
    bronze = Tier("bronze", thresholds=(Threshold(Measure.POINTS, 1),))
    changed = (base, bronze, Tier("silver", thresholds=(Threshold(Measure.POINTS, 10),)), gold)
    loyalty.define_programme(evolve(club, tiers=changed))
    for id in (twin, ben):
        loyalty.earn(id, "club", 10, f"later of {id}")
        assert loyalty.requalify(id, "club").rank == 3
    join(ana, twin)
    join(ben, other)
    for id in (ana, ben):
        assert (loyalty.membership(id, "club").tier, loyalty.membership(id, "club").rank) == (
            "gold", 4,
        )  # fmt: skip
        assert [m.tier for m in loyalty.memberships(id)] == ["gold"]
        loyalty.requalify(id, "club")
        assert [m["tier"] for m in engine.memberships([id])[id]] == ["gold"]


def with_nights(engine: Engine, loyalty: Loyalty, id: str, nights: int) -> str:
    stay = engine.record_stay(
        id,
        {
            "property_id": "P1", "status": "departed", "reference": f"of {id}",
            "arrival": "2026-01-01", "departure": f"2026-01-{1 + nights:02}",
        },
    )  # fmt: skip
    loyalty.earn_from_stay(stay, "club")
    return id


def tiers_of(loyalty: Loyalty, engine: Engine, *ids: str) -> list[str | None]:
    supplied = engine.memberships(ids)
    tiers = [loyalty.membership(id, "club").tier for id in ids]
    assert [supplied[id][0]["tier"] for id in ids] == tiers
    return tiers


def test_an_unmerge_leaves_nobody_a_tier_that_only_both_together_earned(
    engine: Engine, loyalty: Loyalty, member: Callable[..., str], join: Callable[..., str]
) -> None:
    ana, twin = (with_nights(engine, loyalty, member(), 6) for _ in range(2))
    loyalty.requalify(twin, "club")
    merge = join(ana, twin)
    made = loyalty.requalify(ana, "club")
    assert (made.tier, made.tier_until) == ("gold", date(2027, 3, 1))
    assert tiers_of(loyalty, engine, ana) == ["gold"]
    assert loyalty.requalify_all("club") == 0
    engine.unmerge(merge)
    assert tiers_of(loyalty, engine, ana, twin) == ["silver", "silver"]
    assert loyalty.requalify_all("club") == 0
    assert tiers_of(loyalty, engine, ana, twin) == ["silver", "silver"]
    again = join(ana, twin)
    assert loyalty.requalify(ana, "club").tier == "gold"
    engine.unmerge(again)


def test_an_unmerge_leaves_each_what_each_earned_meanwhile(
    engine: Engine, loyalty: Loyalty, member: Callable[..., str], join: Callable[..., str]
) -> None:
    ana, twin, ben = (with_nights(engine, loyalty, member(), 4) for _ in range(3))
    join(ana, twin)
    assert loyalty.requalify(ana, "club").tier == "silver"
    merge = join(ana, ben)
    loyalty.earn(ana, "club", 5_000, "x")
    assert loyalty.requalify(ana, "club").tier == "gold"
    engine.unmerge(merge)
    assert tiers_of(loyalty, engine, ana, ben) == ["gold", "base"]
    assert loyalty.requalify(ana, "club", date(2028, 1, 1)).tier == "base"
