"""Merges and their undoing: balances add up exactly, and part exactly."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from profilecore import Engine
from profilecore_loyalty import Card, Loyalty, NotEnoughPoints, ReferenceTaken
from profilecore_loyalty.membership import Membership, combine

Member = Callable[..., str]
Join = Callable[..., str]
Balance = Callable[[str], int]


def test_two_memberships_of_a_programme_become_one_with_the_sum_and_both_numbers(
    loyalty: Loyalty, member: Member, join: Join
) -> None:
    ana, twin = member(club=70), member(club=30)
    numbers = {loyalty.membership(id, "club").number for id in (ana, twin)}
    join(ana, twin)
    whole = loyalty.membership(twin, "club")
    assert (whole.balance, set(whole.numbers)) == (100, numbers)
    assert [m.balance for m in loyalty.memberships(ana)] == [100]
    assert {loyalty.find("club", number or "") for number in numbers} == {ana}


def test_the_plan_shows_what_is_combined(engine: Engine, member: Member) -> None:
    ana, twin = member(club=70), member(club=30)
    (clash,) = engine.plan_merge(ana, [twin]).clashes
    assert (clash.kind, len(clash.ids), clash.combined) == ("loyalty-membership", 2, True)


def test_cards_of_a_partner_stay_side_by_side(
    engine: Engine, loyalty: Loyalty, member: Member, join: Join
) -> None:
    ana, twin = member("miles"), member("miles")
    loyalty.enrol(ana, "miles", Card("AB 1", told=500, provider_id="p-1"))
    loyalty.enrol(twin, "miles", Card("AB 2", told=300))
    assert engine.plan_merge(ana, [twin]).clashes == ()
    join(ana, twin)
    assert [(m.number, m.told) for m in loyalty.memberships(ana)] == [("AB 1", 500), ("AB 2", 300)]
    loyalty.enrol(ana, "miles", Card("AB 2", told=350))
    assert [(m.number, m.told) for m in loyalty.memberships(ana)] == [("AB 1", 500), ("AB 2", 350)]
    assert loyalty.find("miles", "ab2") == ana


def test_an_unmerge_gives_each_its_own_balance_back(
    engine: Engine, loyalty: Loyalty, member: Member, join: Join, balance: Balance
) -> None:
    ana, twin = member(club=70), member(club=30)
    before = [loyalty.memberships(id) for id in (ana, twin)]
    merge = join(ana, twin)
    assert engine.unmerge(merge).exact
    assert [loyalty.memberships(id) for id in (ana, twin)] == before
    assert (balance(ana), balance(twin)) == (70, 30)


def test_what_was_used_after_a_merge_stays_with_the_membership_it_came_from(
    engine: Engine, loyalty: Loyalty, member: Member, join: Join, balance: Balance
) -> None:
    ana, twin = member(), member()
    loyalty.earn(ana, "club", 70, "a", on=date(2026, 2, 1))
    loyalty.earn(twin, "club", 30, "b", on=date(2026, 1, 1))
    merge = join(ana, twin)
    taken = loyalty.redeem(ana, "club", 50, "c")
    assert sorted(m.points for m in taken) == [-30, -20], "the oldest points go first"
    assert loyalty.redeem(twin, "club", 50, "c") == taken
    loyalty.earn(ana, "club", 5, "d")
    loyalty.earn(twin, "club", 7, "e")
    engine.unmerge(merge)
    assert (balance(ana), balance(twin)) == (55, 7)
    for id, points in ((ana, [70, -20, 5]), (twin, [30, -30, 7])):
        assert [m.points for m in loyalty.statement(id, "club").movements] == points
    assert loyalty.redeem(ana, "club", 50, "c")[0].points in (-30, -20)


def test_one_may_spend_after_a_merge_what_both_have_and_no_more(
    loyalty: Loyalty, member: Member, join: Join, balance: Balance
) -> None:
    ana, twin = member(club=70), member(club=30)
    join(ana, twin)
    with pytest.raises(NotEnoughPoints):
        loyalty.redeem(ana, "club", 101, "x")
    loyalty.redeem(ana, "club", 100, "x")
    assert balance(ana) == 0


def test_a_chain_of_merges_has_all_points_and_parts_in_any_order(
    engine: Engine, loyalty: Loyalty, member: Member, join: Join, balance: Balance
) -> None:
    a, b, c = member(club=1), member(club=10), member(club=100)
    first = join(b, a)
    second = join(c, b)
    assert balance(a) == 111
    assert len(loyalty.membership(a, "club").numbers) == 3
    engine.unmerge(second)
    assert (balance(c), balance(a)) == (100, 11)
    engine.unmerge(first)
    assert [balance(id) for id in (a, b, c)] == [1, 10, 100]


def test_a_debt_and_points_are_summed(loyalty: Loyalty, member: Member, join: Join) -> None:
    ana, twin = member(house=10), member(house=50)
    loyalty.redeem(ana, "house", 40, "ahead")
    join(ana, twin)
    assert loyalty.membership(ana, "house").balance == 20
    loyalty.redeem(ana, "house", 20, "x")
    assert loyalty.membership(ana, "house").balance == 0


def test_who_enrols_after_a_merge_is_enrolled_already(
    loyalty: Loyalty, engine: Engine, member: Member, join: Join
) -> None:
    ana, twin = engine.create({"last_name": "García"}).id, member(club=30)
    join(ana, twin)
    assert loyalty.enrol(ana, "club") == loyalty.membership(twin, "club")
    assert loyalty.membership(ana, "club").balance == 30


def test_memberships_of_several_programmes_or_of_a_provider_are_never_combined() -> None:
    for other in (Membership("2", "spa", "b"), Membership("2", "club", "b", external=True)):
        with pytest.raises(ValueError, match="own memberships in one programme"):
            combine([Membership("1", "club", "a"), other])


def test_the_best_tier_is_kept_then_both_requalify(
    engine: Engine, loyalty: Loyalty, member: Member, join: Join
) -> None:
    ana, twin = member(), member()
    for id, ref in ((ana, "1"), (twin, "2")):
        stay = {
            "property_id": "P2", "reference": ref, "status": "departed",
            "arrival": "2026-02-01", "departure": "2026-02-07",
        }  # fmt: skip
        loyalty.earn_from_stay(engine.record_stay(id, stay), "club")
    assert loyalty.requalify(twin, "club").tier == "silver"
    join(ana, twin)
    assert loyalty.membership(ana, "club").tier == "silver"
    assert loyalty.requalify(ana, "club").tier == "gold", "12 nights together"


def test_what_was_booked_between_a_merge_and_its_undoing_is_known_again_to_both(
    engine: Engine, loyalty: Loyalty, member: Member, join: Join, balance: Balance
) -> None:
    ana, twin, eve = member(), member(), member(club=100)
    for id, day in ((ana, date(2026, 1, 1)), (twin, date(2026, 2, 1))):
        loyalty.earn(id, "club", 100, f"of {id}", on=day)
    merge = join(twin, ana)
    taken = loyalty.redeem(twin, "club", 80, "spa")
    reduced = loyalty.adjust(twin, "club", -5, "fee")
    given = loyalty.transfer(twin, eve, "club", 5, "gift")
    engine.unmerge(merge)
    assert (balance(ana), balance(twin)) == (10, 100)
    for id in (ana, twin):
        assert loyalty.redeem(id, "club", 80, "spa") == taken
    assert loyalty.adjust(twin, "club", -5, "fee") == reduced
    assert loyalty.transfer(twin, eve, "club", 5, "gift") == given
    with pytest.raises(ReferenceTaken):
        loyalty.redeem(eve, "club", 80, "spa")
    assert (balance(ana), balance(twin), balance(eve)) == (10, 100, 105)


def test_what_was_given_between_a_merge_and_its_undoing_is_known_again_to_both(
    engine: Engine, loyalty: Loyalty, member: Member, join: Join, balance: Balance
) -> None:
    ana, twin, eve = member(), engine.create({"last_name": "Garcia"}).id, member(club=100)
    merge = join(twin, ana)
    earned = loyalty.earn(twin, "club", 7, "bill")
    given = loyalty.transfer(eve, twin, "club", 5, "gift")
    engine.unmerge(merge)
    for id in (ana, twin):
        assert loyalty.earn(id, "club", 7, "bill") == earned
        assert loyalty.transfer(eve, id, "club", 5, "gift") == given
    assert balance(ana) == 12
