"""How a stay is known again: by its id or its number, after a clear, a merge, by whomever."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profilecore import Actor, Engine, Stay
from profilecore.model.enums import StayStatus
from profilecore.model.fields import evolve
from profilecore_loyalty import (
    ClearPolicy,
    EarningRule,
    Loyalty,
    Measure,
    Programme,
    ReferenceTaken,
)

Member = Callable[..., str]
Balance = Callable[[str], int]
START = date(2026, 2, 1)


def stay_of(guest: str, nights: int = 3, **facts: Any) -> Stay:
    known = {
        "id": "s7", "property_id": "P1", "reference": "7", "status": StayStatus.DEPARTED,
        "departure": START + timedelta(days=20), "nights": nights,
    }  # fmt: skip
    return Stay(profile_id=guest, **(known | facts))


@pytest.fixture
def tell(loyalty: Loyalty) -> Callable[..., list[int]]:
    """Give a function that tells a stay and gives the points of what was booked."""

    def tell(stay: Stay, **more: Any) -> list[int]:
        return [movement.points for movement in loyalty.earn_from_stay(stay, "club", **more)]

    return tell


Tell = Callable[..., list[int]]


@pytest.fixture
def closing(loyalty: Loyalty, club: Programme) -> None:
    """Let points block no clear."""
    loyalty.define_programme(evolve(club, on_clear=ClearPolicy.CLOSE))


@pytest.mark.usefixtures("closing")
def test_a_moved_stay_counts_once_after_the_clear_of_whom_it_was(
    engine: Engine, member: Member, tell: Tell, balance: Balance
) -> None:
    ana, ben = member(), member()
    tell(stay_of(ana))
    assert tell(stay_of(ben)) == [-300, 300]
    engine.clear(ana)
    assert tell(stay_of(ben)) == []
    assert tell(stay_of(ben, 1)) == [-200]
    assert tell(stay_of(ben, 4, departure=START)) == [-100, 400]
    assert balance(ben) == 400


@pytest.mark.usefixtures("closing")
def test_a_stay_goes_back_to_whom_it_was_after_the_clear_of_whom_it_was_given(
    engine: Engine, member: Member, tell: Tell, balance: Balance
) -> None:
    ana, ben = member(), member()
    for whose in (ana, ben):
        tell(stay_of(whose))
    engine.clear(ben)
    assert tell(stay_of(ana)) == [300]
    assert tell(stay_of(ana)) == []
    assert balance(ana) == 300


@pytest.mark.usefixtures("closing")
def test_what_the_law_keeps_of_who_was_cleared_stands_in_no_stay_s_way(
    engine: Engine, loyalty: Loyalty, member: Member, tell: Tell, balance: Balance
) -> None:
    ana, ben = member(), member()
    tell(stay_of(ana))
    engine.place_hold(ana, kind="dispute", keeps=["loyalty-movement"])
    engine.clear(ana)
    assert tell(stay_of(ben)) == [300]
    assert tell(stay_of(ben, 4)) == [100]
    assert balance(ben) == 400


def test_a_stay_is_known_by_its_id_and_by_its_number_in_any_order(
    member: Member, tell: Tell, balance: Balance
) -> None:
    ana = member()
    stay = stay_of(ana)
    assert tell(stay) == [300]
    assert tell(evolve(stay, id="")) == []
    moved = evolve(stay, property_id="P2", reference="8")
    assert tell(moved, spend=900) == [0], "P2 gives no points for spend"
    assert tell(evolve(moved, id="", nights=2)) == [-100]
    assert tell(moved) == [100]
    assert balance(ana) == 300


def test_a_stay_that_was_told_by_its_number_is_linked_to_its_id(
    member: Member, tell: Tell, balance: Balance
) -> None:
    ana = member()
    stay = stay_of(ana)
    assert tell(evolve(stay, id="")) == [300]
    assert [tell(stay), tell(stay)] == [[0], []], "the link gives nothing"
    assert tell(evolve(stay, property_id="P2")) == [0]
    assert tell(evolve(stay, property_id="P2", nights=1)) == [-200]
    assert balance(ana) == 100


def test_a_new_number_of_a_stay_is_known_at_once(
    member: Member, tell: Tell, balance: Balance
) -> None:
    ana = member()
    stay = stay_of(ana)
    tell(stay)
    assert [tell(evolve(stay, reference="8")) for _ in range(2)] == [[0], []]
    assert tell(evolve(stay, id="", reference="8", nights=4)) == [100]
    assert balance(ana) == 400


def test_a_number_that_is_found_to_be_of_a_stay_with_an_id_makes_them_one(
    member: Member, tell: Tell, balance: Balance
) -> None:
    ana = member()
    tell(stay_of(ana, id=""))
    tell(stay_of(ana, property_id="P2"))
    assert balance(ana) == 600, "nothing tells yet that they are one"
    tell(stay_of(ana))
    assert balance(ana) == 300
    assert tell(stay_of(ana, property_id="P3")) == [0]
    assert tell(stay_of(ana, 2, property_id="P3")) == [-100]


def test_rooms_of_one_booking_each_count(member: Member, tell: Tell, balance: Balance) -> None:
    ana = member()
    assert tell(stay_of(ana, id="")) == [300]
    for _ in range(2):
        for number, room in enumerate(("s1", "s2", "s3")):
            tell(stay_of(ana, 3 - number, id=room))
    assert balance(ana) == 600, "the first room is the one that was told before"


def test_a_link_is_no_activity_of_the_guest(loyalty: Loyalty, member: Member) -> None:
    stay = stay_of(member())
    (earned,) = loyalty.earn_from_stay(evolve(stay, id=""), "club")
    (link,) = loyalty.earn_from_stay(stay, "club")
    assert (earned.day_of_activity, link.day_of_activity) == (stay.departure, None)


def test_a_stay_of_a_guest_who_is_private_elsewhere_is_not_taken_from_there(
    engine: Engine, loyalty: Loyalty, member: Member, tell: Tell, balance: Balance
) -> None:
    ana = member()
    with engine.acting(Actor("desk", "P1")):
        eve = engine.create({"last_name": "Moreau", "shared_level": "property"}).id
        loyalty.enrol(eve, "club")
        tell(stay_of(eve))
    with engine.acting(Actor("desk", "P2")), pytest.raises(ReferenceTaken):
        tell(stay_of(ana))
    assert (balance(ana), balance(eve)) == (0, 300)
    assert tell(stay_of(ana)) == [-300, 300]


def test_a_stay_that_was_moved_and_merged_is_corrected_where_it_stands(
    engine: Engine, member: Member, join: Callable[..., str], tell: Tell, balance: Balance
) -> None:
    ana, ben = member(club=1_000), member()
    tell(stay_of(ana))
    tell(stay_of(ben))
    merge = join(ana, ben)
    shorter = stay_of(ben, 1)
    assert tell(shorter) == [-200]
    assert tell(evolve(shorter, status=StayStatus.CANCELLED)) == [-100]
    assert tell(shorter) == [100], "it goes back to where it stood last"
    engine.unmerge(merge)
    assert (balance(ana), balance(ben)) == (1_000, 100)
    assert tell(shorter) == []


def test_spend_that_is_told_before_a_stay_counts_is_known_when_it_does(
    loyalty: Loyalty, member: Member, tell: Tell
) -> None:
    ana = member()
    stay = stay_of(ana)
    here, gone = (evolve(stay, status=s) for s in (StayStatus.IN_HOUSE, StayStatus.CANCELLED))
    assert tell(here) == []
    assert [tell(here, spend=90_000), tell(here), tell(here, spend=90_000)] == [[0], [], []]
    assert tell(stay) == [300 + 900]
    assert tell(gone) == [-1_200]
    assert [tell(gone, spend=50_000), tell(gone)] == [[0], []]
    assert tell(stay) == [300 + 500]


def test_the_bonus_is_not_that_of_the_day_on_which_spend_was_told(
    loyalty: Loyalty, member: Member, tell: Tell
) -> None:
    ana = member()
    stay = stay_of(ana)
    tell(evolve(stay, status=StayStatus.IN_HOUSE), spend=100)
    loyalty.earn(ana, "club", 5_000, "x")
    assert loyalty.requalify(ana, "club").tier == "gold"
    assert tell(stay) == [450 + 1]


def test_new_rules_change_no_stay_whose_last_change_was_worth_nothing(
    loyalty: Loyalty, member: Member, tell: Tell, club: Programme
) -> None:
    ana = member()
    stay = stay_of(ana)
    tell(stay)
    by_web = evolve(stay, channel="web")
    assert [tell(by_web), tell(by_web)] == [[0], []]
    loyalty.define_programme(evolve(club, earning=(EarningRule(Measure.NIGHTS, 50),)))
    assert tell(by_web) == []
    assert tell(stay) == [-150]


@pytest.mark.parametrize("has_run", [True, False])
@pytest.mark.parametrize("what", ["cancelled", "shortened", "moved", "given", "cancelled, back"])
def test_points_that_expired_are_not_taken_out_of_others(
    loyalty: Loyalty, clock: Any, member: Member, tell: Tell, what: str, has_run: bool
) -> None:
    ana, ben = member(), member()
    stay = stay_of(ana)
    tell(stay)
    clock.move(days=400)
    if has_run:
        assert loyalty.expire("club").points == 300
    loyalty.earn(ana, "club", 300, "fresh")
    cancelled = evolve(stay, status=StayStatus.CANCELLED)
    for change in {
        "cancelled": [cancelled],
        "shortened": [evolve(stay, nights=1)],
        "moved": [evolve(stay, departure=date(2026, 2, 10), nights=1)],
        "given": [evolve(stay, profile_id=ben)],
        "cancelled, back": [cancelled, stay, cancelled],
    }[what]:
        tell(change)
        loyalty.expire("club")
        assert [(lot.points, lot.on) for lot in loyalty.membership(ana, "club").lots] == [
            (300, date(2027, 4, 5))
        ]
    counts = [m.counts for m in loyalty.statement(ana, "club").movements if m.counts]
    nights = 1 if what in ("shortened", "moved") else 0
    assert sum(each.nights for each in counts) == nights


tellings = st.tuples(
    st.integers(0, 4), st.sampled_from("ab"), st.booleans(), st.sampled_from(("P1", "P2", "P3")),
    st.sampled_from((StayStatus.DEPARTED, StayStatus.DEPARTED, StayStatus.CANCELLED)),
)  # fmt: skip


@given(st.lists(tellings, min_size=1, max_size=7))
def test_a_stay_counts_once_whichever_name_it_is_told_by(
    fresh: Callable[..., Any], history: list[Any]
) -> None:
    engine, loyalty, _ = fresh()
    whose = {name: engine.create({"last_name": "Guest"}).id for name in "ab"}
    for id in whose.values():
        loyalty.enrol(id, "club")
    place, had_id = "P1", False
    for turn, (nights, name, has_id, property_id, status) in enumerate(history):
        # Its property is corrected only where its id tells that it is the same stay.
        place = property_id if (had_id and has_id) or turn == 0 else place
        had_id = had_id or has_id
        stay = stay_of(
            whose[name], nights, id="s7" if has_id else "", property_id=place, status=status
        )
        loyalty.earn_from_stay(stay, "club", spend=0)
        assert loyalty.earn_from_stay(stay, "club", spend=0) == []
        worth = nights * 100 if status is StayStatus.DEPARTED else 0
        balances = {other: loyalty.membership(id, "club").balance for other, id in whose.items()}
        assert balances == {"a": 0, "b": 0} | {name: worth}
    assert loyalty.verify() == []
