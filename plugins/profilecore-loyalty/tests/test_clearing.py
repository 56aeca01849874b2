"""What a clear does: points block it or are closed, the totals stay, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from profilecore import ClearBlocked, Engine
from profilecore.model import State
from profilecore_loyalty import (
    Card,
    Loyalty,
    LoyaltyPlugin,
    MembershipState,
    NotEnoughPoints,
    NotEnrolled,
    ReferenceTaken,
)

Member = Callable[..., str]


def test_points_block_a_clear_until_they_are_gone(
    engine: Engine, loyalty: Loyalty, member: Member
) -> None:
    ana = member(club=10)
    with pytest.raises(ClearBlocked) as error:
        engine.clear(ana)
    assert [blocker.code for blocker in error.value.blockers] == ["loyalty-points"]
    assert loyalty.membership(ana, "club").balance == 10
    loyalty.adjust(ana, "club", -10, "waived")
    engine.clear(ana)


def test_points_are_closed_where_the_programme_says_so(
    engine: Engine, loyalty: Loyalty, member: Member
) -> None:
    ana, ben = member(spa=100), member(spa=7)
    loyalty.redeem(ana, "spa", 30, "x")
    receipt = engine.clear(ana)
    assert receipt.erased["loyalty-membership"] == 1
    assert "loyalty" not in receipt.erased
    assert receipt.erased["loyalty-movement"] == 2
    totals = loyalty.totals("spa")
    assert (totals.issued, totals.redeemed, totals.closed) == (107, 30, 70)
    assert totals.liability == loyalty.membership(ben, "spa").balance == 7


def test_a_debt_is_closed_too(engine: Engine, loyalty: Loyalty, member: Member) -> None:
    ana = member(house=10)
    loyalty.redeem(ana, "house", 50, "x")
    engine.clear(ana)
    totals = loyalty.totals("house")
    assert (totals.closed, totals.liability) == (-40, 0)


def test_nothing_is_left_of_the_member(engine: Engine, loyalty: Loyalty, member: Member) -> None:
    ana = engine.create({"last_name": "García"}).id
    loyalty.enrol(ana, "spa", Card("CARD-4711-X"))
    loyalty.earn(ana, "spa", 5, "bill-of-ana-8812", reason="for Ana")
    fingerprints = engine.fingerprints(ana) if engine.store.files() else None
    engine.clear(ana)
    assert fingerprints is None or not engine.residue(fingerprints).found
    assert loyalty.memberships(ana) == []
    with pytest.raises(NotEnrolled):
        loyalty.statement(ana, "spa")
    for file in engine.store.files():
        held = file.read_bytes()
        assert b"4711" not in held
        assert b"8812" not in held
    with pytest.raises(LookupError):
        loyalty.find("spa", "CARD-4711-X")


def test_a_clear_takes_all_that_was_merged(
    engine: Engine, loyalty: Loyalty, member: Member, join: Callable[..., str]
) -> None:
    ana, twin = member(spa=10), member(spa=20)
    join(ana, twin)
    assert engine.clear(twin).erased["loyalty-membership"] == 2
    assert loyalty.totals("spa").closed == 30


def test_what_the_other_had_before_a_merge_is_its_own_after_an_unmerge_and_a_clear(
    engine: Engine, loyalty: Loyalty, member: Member, join: Callable[..., str]
) -> None:
    ana, twin = member(spa=10), member(spa=20)
    merge = join(ana, twin)
    loyalty.redeem(ana, "spa", 25, "x")
    engine.unmerge(merge)
    engine.clear(ana)
    assert loyalty.verify() == []
    assert loyalty.membership(twin, "spa").balance == 5
    assert [m.points for m in loyalty.statement(twin, "spa").movements] == [20, -15]


def test_a_redemption_is_known_again_though_the_owner_of_its_first_part_was_cleared(
    engine: Engine, loyalty: Loyalty, member: Member, join: Callable[..., str]
) -> None:
    ana, twin, eve = member(spa=10), member(spa=50), member("spa")
    merge = join(ana, twin)
    loyalty.redeem(ana, "spa", 30, "x")
    engine.unmerge(merge)
    engine.clear(ana)
    assert [m.points for m in loyalty.redeem(twin, "spa", 30, "x")] == [-20]
    assert loyalty.membership(twin, "spa").balance == 30
    for attempt in (
        lambda: loyalty.redeem(twin, "spa", 5, "x"),
        lambda: loyalty.redeem(eve, "spa", 30, "x"),
        lambda: loyalty.earn(twin, "spa", 30, "x"),
    ):
        with pytest.raises(ReferenceTaken):
            attempt()


def test_a_redemption_is_known_again_though_the_owners_of_all_parts_but_the_last_were_cleared(
    engine: Engine, loyalty: Loyalty, member: Member, join: Callable[..., str]
) -> None:
    ana, twin, third = member(spa=10), member(spa=20), member(spa=50)
    merges = [join(ana, twin), join(ana, third)]
    loyalty.redeem(ana, "spa", 40, "x")
    for merge in reversed(merges):
        engine.unmerge(merge)
    for id in (ana, twin):
        engine.clear(id)
    assert [m.points for m in loyalty.redeem(third, "spa", 40, "x")] == [-10]
    assert loyalty.membership(third, "spa").balance == 40


def test_the_reference_of_a_transfer_stays_taken_after_the_clear_of_who_gave(
    engine: Engine, loyalty: Loyalty, member: Member
) -> None:
    ana, ben, eve = member(spa=10), member("spa"), member("spa")
    loyalty.transfer(ana, ben, "spa", 4, "gift")
    engine.clear(ana)
    for attempt in (
        lambda: loyalty.earn(eve, "spa", 4, "gift"),
        lambda: loyalty.transfer(ben, eve, "spa", 4, "gift"),
    ):
        with pytest.raises(ReferenceTaken):
            attempt()


def test_the_other_side_of_a_transfer_keeps_its_own(
    engine: Engine, loyalty: Loyalty, member: Member
) -> None:
    ana, ben = member(spa=10), member("spa")
    loyalty.transfer(ana, ben, "spa", 4, "gift")
    engine.clear(ana)
    assert loyalty.membership(ben, "spa").balance == loyalty.totals("spa").liability == 4


def test_a_partner_s_card_blocks_nothing(engine: Engine, loyalty: Loyalty) -> None:
    ana = engine.create({"last_name": "García"}).id
    loyalty.enrol(ana, "miles", Card("M1", told=9_000))
    assert engine.clear(ana).erased["loyalty-membership"] == 1


def test_a_second_clear_closes_nothing_twice(
    engine: Engine, loyalty: Loyalty, member: Member
) -> None:
    ana = member(spa=10)
    assert engine.clear(ana) == engine.clear(ana)
    assert loyalty.totals("spa").closed == 10


def test_what_a_legal_hold_keeps_is_closed_in_the_totals_once(
    engine: Engine, loyalty: Loyalty, member: Member
) -> None:
    ana = member(spa=10)
    hold = engine.place_hold(ana, kind="dispute", keeps=["loyalty-movement"])
    engine.clear(ana)
    assert engine.get(ana).state is State.RESTRICTED
    assert (loyalty.totals("spa").closed, loyalty.verify()) == (10, [])
    engine.release_hold(hold.id)
    assert engine.get(ana).state is State.CLEARED
    assert loyalty.totals("spa").closed == 10


def test_a_plugin_that_does_not_know_its_engine_blocks_a_clear(
    engine: Engine, loyalty: Loyalty, member: Member
) -> None:
    ana = member("spa")
    closing = engine.plugins.contributions.elsewhere["loyalty"]
    closing._engine = None  # type: ignore[attr-defined]  # as if it had failed to take it
    with pytest.raises(ClearBlocked, match="plugin-failed"):
        engine.clear(ana)


def test_who_has_no_points_is_cleared_though_the_programme_is_no_more(
    engine: Engine, loyalty: Loyalty, member: Member
) -> None:
    ana, ben, spa = member("spa"), member(spa=1), loyalty.programme("spa")
    engine.delete_document("loyalty-programme", "spa")
    engine.clear(ana)
    with pytest.raises(ClearBlocked) as error:
        engine.clear(ben)
    (blocker,) = error.value.blockers
    assert blocker.code == "loyalty-programme"
    assert "spa" in blocker.message
    assert [(m.programme, m.balance) for m in loyalty.memberships(ben)] == [("spa", 1)]
    loyalty.define_programme(spa)
    engine.clear(ben)


def test_points_of_who_left_can_be_adjusted_away_for_a_clear(
    engine: Engine, loyalty: Loyalty, member: Member
) -> None:
    ana = member(club=10)
    loyalty.set_state(ana, "club", MembershipState.CANCELED)
    with pytest.raises(NotEnrolled):
        loyalty.redeem(ana, "club", 10, "x")
    with pytest.raises(NotEnrolled):
        loyalty.adjust(ana, "club", 10, "y")
    with pytest.raises(NotEnoughPoints):
        loyalty.adjust(ana, "club", -11, "z")
    loyalty.adjust(ana, "club", -10, "waived")
    engine.clear(ana)


def test_many_are_cleared_in_one_transaction(
    engine: Engine, loyalty: Loyalty, member: Member
) -> None:
    people = [member(spa=number) for number in (1, 2, 3)]
    with engine.transaction():
        for id in people:
            engine.clear(id)
    assert loyalty.totals("spa").closed == 6


def test_points_count_as_activity_and_what_the_house_books_does_not(clock: Any) -> None:
    with Engine.open(
        "memory://",
        discover=False,
        plugins=[LoyaltyPlugin],
        strict=True,
        clock=clock,
        config={
            "profilecore": {"inactivity": {"after_days": 300, "grace_days": 0, "first_share": 1.0}},
            "loyalty": {"programmes": [{"code": "spa", "name": "Spa", "on_clear": "close"}]},
        },
    ) as engine:
        loyalty = Loyalty(engine)
        active, quiet = (engine.create({"last_name": name}).id for name in ("A", "B"))
        for id in (active, quiet):
            loyalty.enrol(id, "spa")
            loyalty.earn(id, "spa", 10, f"first {id}")
        clock.now += timedelta(days=200)
        loyalty.redeem(active, "spa", 1, "x")
        loyalty.adjust(quiet, "spa", 1, "y")
        clock.now += timedelta(days=150)
        for _ in range(2):  # announced, then cleared
            engine.clear_due()
            clock.now += timedelta(days=1)
        assert engine.get(quiet).state is State.CLEARED
        assert engine.get(active).state is State.ACTIVE
        assert loyalty.totals("spa").liability == 9
        assert loyalty.verify() == []
