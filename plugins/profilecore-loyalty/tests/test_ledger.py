"""The ledger: what is booked, refused and repeated."""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from profilecore import Actor, Engine, InvalidProfile, NotFound
from profilecore.errors import StoreUnavailable
from profilecore.store import MemoryStore
from profilecore.testing import FaultyStore
from profilecore_loyalty import (
    Award,
    KeptByProvider,
    Loyalty,
    LoyaltyPlugin,
    MembershipState,
    NotEnoughPoints,
    NotEnrolled,
    Programme,
    ReferenceTaken,
    Verb,
)

Member = Callable[..., str]
Balance = Callable[[str], int]


def test_points_are_earned_redeemed_and_adjusted(
    loyalty: Loyalty, member: Member, balance: Balance
) -> None:
    ana = member()
    loyalty.earn(ana, "club", 100, "bill 1")
    (taken,) = loyalty.redeem(ana, "club", 30, "voucher 1", reason="A massage")
    loyalty.adjust(ana, "club", 5, "by hand 1")
    loyalty.adjust(ana, "club", -15, "by hand 2")
    assert balance(ana) == 60
    assert (taken.verb, taken.points, taken.reason) == (Verb.REDEEM, -30, "A massage")
    totals = loyalty.totals("club")
    assert (totals.issued, totals.redeemed, totals.adjusted) == (100, 30, -10)
    assert totals.liability == 60


def test_every_movement_has_postings_that_sum_to_zero(loyalty: Loyalty, member: Member) -> None:
    ana, ben = member(club=100), member()
    loyalty.transfer(ana, ben, "club", 40, "gift")
    loyalty.redeem(ben, "club", 10, "coffee")
    for id in (ana, ben):
        for movement in loyalty.statement(id, "club").movements:
            assert len(movement.postings) >= 2
            assert sum(posting.points for posting in movement.postings) == 0


def test_the_same_reference_again_is_the_same_movement(
    loyalty: Loyalty, member: Member, balance: Balance
) -> None:
    ana = member()
    first = loyalty.earn(ana, "club", 100, "bill 1")
    assert loyalty.earn(ana, "club", 100, "bill 1") == first
    taken = loyalty.redeem(ana, "club", 30, "voucher")
    assert loyalty.redeem(ana, "club", 30, "voucher") == taken
    assert balance(ana) == 70


def test_a_reference_for_something_or_somebody_else_is_refused(
    loyalty: Loyalty, member: Member
) -> None:
    ana, ben = member(), member()
    loyalty.earn(ana, "club", 100, "bill 1")
    for wrong in (
        lambda: loyalty.earn(ana, "club", 101, "bill 1"),
        lambda: loyalty.earn(ben, "club", 100, "bill 1"),
        lambda: loyalty.redeem(ana, "club", 100, "bill 1"),
        lambda: loyalty.adjust(ana, "club", 100, "bill 1"),
    ):
        with pytest.raises(ReferenceTaken) as error:
            wrong()
        assert "bill" not in str(error.value)


def test_two_programmes_have_references_of_their_own(loyalty: Loyalty, member: Member) -> None:
    ana = member("club", "spa")
    loyalty.earn(ana, "club", 1, "bill 1")
    loyalty.earn(ana, "spa", 2, "bill 1")
    assert [m.balance for m in loyalty.memberships(ana)] == [1, 2]


def test_no_more_points_go_than_there_are(
    loyalty: Loyalty, member: Member, balance: Balance
) -> None:
    ana, ben = member(club=100), member()
    for wrong in (
        lambda: loyalty.redeem(ana, "club", 101, "a"),
        lambda: loyalty.adjust(ana, "club", -101, "b"),
        lambda: loyalty.transfer(ana, ben, "club", 101, "c"),
    ):
        with pytest.raises(NotEnoughPoints) as error:
            wrong()
        assert (error.value.asked, error.value.balance) == (101, 100)
    assert (balance(ana), balance(ben)) == (100, 0)


def test_a_programme_may_allow_debt_which_new_points_pay_first(
    loyalty: Loyalty, member: Member
) -> None:
    ana = member(house=10)
    loyalty.redeem(ana, "house", 50, "ahead")
    assert loyalty.membership(ana, "house").balance == -40
    loyalty.earn(ana, "house", 30, "one")
    loyalty.earn(ana, "house", 30, "two")
    whole = loyalty.membership(ana, "house")
    assert (whole.balance, [lot.points for lot in whole.lots]) == (20, [20])


def test_transferred_points_expire_when_they_would_have(
    loyalty: Loyalty, member: Member, clock: Callable[[], object]
) -> None:
    ana, ben = member(), member()
    loyalty.earn(ana, "club", 100, "old", on=date(2025, 6, 1))
    loyalty.earn(ana, "club", 100, "new")
    out, into = loyalty.transfer(ana, ben, "club", 150, "gift")
    assert (out.points, into.points) == (-150, 150)
    lots = loyalty.membership(ben, "club").lots
    assert [(lot.until, lot.points) for lot in lots] == [
        (date(2026, 6, 1), 100),
        (date(2027, 3, 1), 50),
    ]
    assert loyalty.totals("club").transferred == 0
    assert loyalty.transfer(ana, ben, "club", 150, "gift") == [out, into]


def test_a_transfer_is_known_again_after_its_taker_was_merged_and_is_nobody_else_s(
    loyalty: Loyalty, member: Member, join: Callable[..., str], balance: Balance
) -> None:
    ana, ben, twin, eve = member(club=10), member(), member(), member()
    made = loyalty.transfer(ana, ben, "club", 4, "gift")
    join(twin, ben)
    assert loyalty.transfer(ana, ben, "club", 4, "gift") == made
    assert loyalty.transfer(ana, twin, "club", 4, "gift") == made
    with pytest.raises(ReferenceTaken):
        loyalty.transfer(ana, eve, "club", 4, "gift")
    with pytest.raises(ReferenceTaken):
        loyalty.transfer(ana, ben, "club", 5, "gift")
    assert (balance(ana), balance(twin), balance(eve)) == (6, 4, 0)


def test_a_transfer_to_oneself_is_refused(
    loyalty: Loyalty, member: Member, join: Callable[..., str]
) -> None:
    ana, twin = member(club=10), member()
    join(ana, twin)
    with pytest.raises(InvalidProfile, match="somebody else"):
        loyalty.transfer(ana, twin, "club", 5, "x")


@pytest.mark.parametrize(
    ("verb", "points", "reference", "path"),
    [
        ("earn", 0, "x", "/points"),
        ("earn", -1, "x", "/points"),
        ("earn", 1, "", "/reference"),
        ("redeem", 0, "x", "/points"),
        ("redeem", -5, "x", "/points"),
        ("adjust", 0, "x", "/points"),
        ("adjust", 1, "r" * 256, "/reference"),
        ("earn", 1, "stay:7:1", "/reference"),
        ("redeem", 1, "expire:7:1", "/reference"),
        ("adjust", -1, "stay:", "/reference"),
    ],
)
def test_bad_input_is_named(
    loyalty: Loyalty, member: Member, verb: str, points: int, reference: str, path: str
) -> None:
    with pytest.raises(InvalidProfile) as error:
        getattr(loyalty, verb)(member(), "club", points, reference)
    assert path in [problem.path for problem in error.value.problems]


def test_who_is_not_enrolled_earns_nothing(engine: Engine, loyalty: Loyalty) -> None:
    ana = engine.create({"last_name": "García"}).id
    with pytest.raises(NotEnrolled) as error:
        loyalty.earn(ana, "club", 1, "x")
    assert error.value.state is None
    loyalty.enrol(ana, "club")
    loyalty.set_state(ana, "club", MembershipState.CANCELED)
    with pytest.raises(NotEnrolled) as error:
        loyalty.earn(ana, "club", 1, "x")
    assert error.value.state == "canceled"
    with pytest.raises(NotFound):
        loyalty.earn(ana, "none", 1, "x")
    with pytest.raises(NotFound):
        loyalty.earn("nobody", "club", 1, "x")


def test_points_of_a_partner_are_not_ours_to_move(loyalty: Loyalty, member: Member) -> None:
    ana = member("miles")
    with pytest.raises(KeptByProvider):
        loyalty.earn(ana, "miles", 1, "x")
    with pytest.raises(KeptByProvider):
        loyalty.redeem(ana, "miles", 1, "x")


def test_a_batch_goes_on_and_tells_what_was_refused(loyalty: Loyalty, member: Member) -> None:
    ana, ben = member(), member()
    made = loyalty.earn_many(
        "club",
        [
            Award(ana, 10, "a"),
            Award("nobody", 10, "b"),
            Award(ben, 0, "c"),
            Award(ben, 20, "d"),
            Award(ben, 20, "d"),
            Award(ana, 20, "d"),
            Award(ana, 30, "e"),
        ],
    )
    assert [movement.points for movement in made.movements] == [10, 20, 20, 30]
    assert [(each.place, each.error.code) for each in made.refused] == [
        (1, "not-found"),
        (2, "invalid-profile"),
        (5, "reference-taken"),
    ]
    assert loyalty.totals("club").liability == 60


def test_a_reference_of_a_guest_who_is_private_elsewhere_is_refused_by_its_name(
    engine: Engine, loyalty: Loyalty, member: Member, balance: Balance
) -> None:
    ana = member(club=10)
    with engine.acting(Actor("desk-1", "P1")):
        eve = engine.create({"last_name": "Moreau", "shared_level": "property"}).id
        loyalty.enrol(eve, "club")
        loyalty.earn(eve, "club", 50, "welcome")
        loyalty.transfer(ana, eve, "club", 5, "gift")
    with engine.acting(Actor("desk-2", "P2")):
        awards = [Award(ana, 10, "a"), Award(ana, 50, "welcome"), Award(ana, 10, "b")]
        made = loyalty.earn_many("club", awards)
        assert [(each.place, each.error.code) for each in made.refused] == [(1, "reference-taken")]
        for attempt in (
            lambda: loyalty.redeem(ana, "club", 5, "welcome"),
            lambda: loyalty.transfer(ana, member(), "club", 5, "gift"),
        ):
            with pytest.raises(ReferenceTaken):
                attempt()
        with pytest.raises(NotFound):
            loyalty.earn(eve, "club", 50, "welcome")
    assert (balance(ana), balance(eve)) == (25, 55)


def test_a_batch_is_as_its_awards_one_by_one(loyalty: Loyalty, member: Member) -> None:
    people = [member() for _ in range(3)]
    awards = [Award(people[n % 3], n + 1, f"r{n}") for n in range(20)]
    made = loyalty.earn_many("club", awards).movements
    assert [m.points for m in made] == list(range(1, 21))
    again = [loyalty.earn(a.profile_id, "club", a.points, a.reference) for a in awards]
    assert tuple(again) == made


def test_a_store_that_fails_refuses_no_award(
    clock: Callable[[], datetime], club: Programme
) -> None:
    store = FaultyStore(MemoryStore())
    with Engine(store, discover=False, plugins=[LoyaltyPlugin], clock=clock) as engine:
        loyalty = Loyalty(engine)
        loyalty.define_programme(club)
        ana, ben = (engine.create({"last_name": name}).id for name in ("García", "Moreau"))
        for id in (ana, ben):
            loyalty.enrol(id, "club")
        awards = [Award(ana, 10, "a"), Award(ben, 0, "b"), Award(ben, 10, "c")]
        for number in itertools.count(1):
            store.reset(fail_at=number)
            try:
                made = loyalty.earn_many("club", awards)
            except StoreUnavailable:
                continue
            break
        store.reset()
        assert number > 5
        assert [movement.points for movement in made.movements] == [10, 10]
        assert [each.error.code for each in made.refused] == ["invalid-profile"]
        assert loyalty.verify() == []


def test_two_who_redeem_at_once_never_spend_the_same_point(
    loyalty: Loyalty, member: Member, balance: Balance
) -> None:
    ana = member(club=100)
    done: list[str] = []
    gate = threading.Barrier(4)

    def spend(number: int) -> None:
        gate.wait()
        for turn in range(5):
            try:
                loyalty.redeem(ana, "club", 15, f"{number}-{turn}")
                done.append("taken")
            except NotEnoughPoints:
                done.append("refused")

    threads = [threading.Thread(target=spend, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (done.count("taken"), done.count("refused"), balance(ana)) == (6, 14, 10)


def test_what_fails_in_a_host_s_transaction_leaves_nothing(
    engine: Engine, loyalty: Loyalty, member: Member, balance: Balance
) -> None:
    ana = member(club=10)

    def fail_late() -> None:
        with engine.transaction():
            loyalty.earn(ana, "club", 5, "x")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_late()
    assert balance(ana) == 10
    assert loyalty.totals("club").issued == 10


def test_a_property_books_and_is_named_but_runs_no_jobs_of_the_chain(
    engine: Engine, loyalty: Loyalty, member: Member
) -> None:
    ana = member()
    with engine.acting(Actor("desk-7", "P1")):
        movement = loyalty.earn(ana, "club", 5, "x")
        for job in (
            lambda: loyalty.expire("club"),
            lambda: loyalty.requalify_all("club"),
            loyalty.verify,
        ):
            with pytest.raises(Exception, match="act as the chain") as error:
                job()
            assert getattr(error.value, "code", None) == "scope-denied"
    assert movement.property_id == "P1"


def test_nothing_personal_shows_in_a_repr(loyalty: Loyalty, member: Member) -> None:
    ana = member()
    movement = loyalty.earn(ana, "club", 5, "bill of Ana", reason="Ana García")
    shown = [movement, loyalty.membership(ana, "club"), loyalty.statement(ana, "club")]
    number = loyalty.membership(ana, "club").number or ""
    assert "Ana" not in repr(shown)
    assert number not in repr(shown)


PROCESS = """
import sys
from profilecore import Engine
from profilecore_loyalty import Loyalty, LoyaltyPlugin, NotEnoughPoints
url, whom, number = sys.argv[1:]
with Engine.open(url, discover=False, plugins=[LoyaltyPlugin], strict=True) as engine:
    loyalty, taken = Loyalty(engine), 0
    for turn in range(10):
        try:
            loyalty.redeem(whom, "club", 7, f"{number}-{turn}")
            taken += 7
        except NotEnoughPoints:
            pass
print(taken)
"""


def test_two_processes_never_spend_the_same_point(
    tmp_path: Path, fresh: Callable[..., Any]
) -> None:
    pytest.importorskip("profilecore_sqlite", reason="profilecore-sqlite is not installed")
    url = f"sqlite:///{tmp_path / 'guests.db'}"
    engine, loyalty, clock = fresh(url)
    clock.now = datetime.now(UTC)  # the other processes have the clock of the machine
    with engine:
        ana = engine.create({"last_name": "García"}).id
        loyalty.enrol(ana, "club")
        loyalty.earn(ana, "club", 100, "x")
        started = [
            subprocess.Popen(
                [sys.executable, "-c", PROCESS, url, ana, str(number)],
                stdout=subprocess.PIPE,
                text=True,
            )
            for number in range(2)
        ]
        taken = [int(process.communicate()[0]) for process in started]
        assert sum(taken) == 98, "as many sevens as there are in a hundred"
        assert loyalty.membership(ana, "club").balance == 2
        assert loyalty.verify() == []
