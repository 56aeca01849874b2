"""Memberships: enrolled once, found by every number they had."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profilecore import Actor, Engine, InvalidProfile, NotFound, ScopeDenied
from profilecore_loyalty import (
    Card,
    Loyalty,
    MembershipState,
    NotEnrolled,
    NumberTaken,
    Programme,
)
from profilecore_loyalty.numbers import candidates, fits

Member = Callable[..., str]


def test_enrolling_again_gives_the_same_membership(engine: Engine, loyalty: Loyalty) -> None:
    ana = engine.create({"last_name": "García"}).id
    made = loyalty.enrol(ana, "club")
    events = len(engine.changes(profile_id=ana).items)
    assert loyalty.enrol(ana, "club") == made
    assert len(engine.changes(profile_id=ana).items) == events, "nothing was written"
    assert (made.state, made.tier) == (MembershipState.ENROLLED, "base")
    assert (made.enrolled_on, made.balance) == (date(2026, 3, 1), 0)


def test_a_number_is_made_with_a_check_digit(loyalty: Loyalty, member: Member) -> None:
    numbers = [loyalty.membership(member(), "club").number or "" for _ in range(20)]
    assert len({*numbers}) == 20
    assert all(number.startswith("C") and fits(number) for number in numbers)


@given(
    st.text("0123456789abcdef", min_size=4, max_size=32), st.sampled_from(("", "C", "88", "A7-"))
)
def test_a_mistyped_digit_is_noticed(id: str, prefix: str) -> None:
    number = next(candidates(prefix, id))
    assert fits(number)
    for place, digit in enumerate(number):
        if digit.isdigit():
            wrong = number[:place] + str((int(digit) + 1) % 10) + number[place + 1 :]
            assert not fits(wrong)


def test_numbers_of_a_membership_go_on_so_that_a_taken_one_is_passed_over(
    engine: Engine, loyalty: Loyalty, member: Member
) -> None:
    ana = engine.create({"last_name": "García"}).id
    first, second = (number for number, _ in zip(candidates("C", _id_of(ana)), "ab", strict=False))
    loyalty.enrol(member("spa"), "club", Card(first))
    assert loyalty.enrol(ana, "club").number == second


def _id_of(profile_id: str) -> str:
    from profilecore_loyalty.membership import membership_id

    return membership_id("club", profile_id)


def test_a_number_is_found_however_it_is_written(loyalty: Loyalty, engine: Engine) -> None:
    ana = engine.create({"last_name": "García"}).id
    loyalty.enrol(ana, "club", Card("AB-123 456"))
    assert loyalty.find("club", "ab 123-456") == ana
    with pytest.raises(NotFound) as error:
        loyalty.find("club", "AB-999")
    assert "999" not in str(error.value)
    with pytest.raises(NotFound):
        loyalty.find("spa", "AB-123 456")


def test_a_new_number_becomes_the_present_one_and_the_old_goes_on(
    loyalty: Loyalty, member: Member
) -> None:
    ana = member()
    old = loyalty.membership(ana, "club").number or ""
    made = loyalty.enrol(ana, "club", Card("NEW 1"))
    assert (made.number, made.other_numbers) == ("NEW 1", (old,))
    assert loyalty.find("club", old) == loyalty.find("club", "NEW 1") == ana
    assert loyalty.enrol(ana, "club", Card(old)).number == "NEW 1", "it has the old one already"


def test_a_number_belongs_to_one_member(loyalty: Loyalty, member: Member, engine: Engine) -> None:
    ana = member()
    number = loyalty.membership(ana, "club").number
    other = engine.create({"last_name": "Ibsen"}).id
    with pytest.raises(NumberTaken) as error:
        loyalty.enrol(other, "club", Card(number))
    assert (number or "") not in str(error.value)
    assert loyalty.memberships(other) == []


@pytest.mark.parametrize(
    ("card", "path"),
    [
        (Card(""), "/number"),
        (Card("9" * 256), "/number"),
        (Card(provider_id="p" * 101), "/provider_id"),
    ],
)
def test_a_card_that_is_wrong_is_named(
    loyalty: Loyalty, engine: Engine, card: Card, path: str
) -> None:
    ana = engine.create({"last_name": "García"}).id
    with pytest.raises(InvalidProfile) as error:
        loyalty.enrol(ana, "club", card)
    assert [problem.path for problem in error.value.problems] == [path]


def test_who_left_is_enrolled_again_with_number_and_points(
    loyalty: Loyalty, member: Member
) -> None:
    ana = member(club=10)
    before = loyalty.membership(ana, "club")
    left = loyalty.set_state(ana, "club", MembershipState.CANCELED)
    assert (left.state, left.balance) == (MembershipState.CANCELED, 10)
    assert loyalty.enrol(ana, "club") == before


def test_a_membership_may_wait_for_its_acceptance(loyalty: Loyalty, engine: Engine) -> None:
    ana = engine.create({"last_name": "García"}).id
    loyalty.enrol(ana, "club", Card(state=MembershipState.PENDING))
    with pytest.raises(NotEnrolled, match="pending"):
        loyalty.earn(ana, "club", 1, "x")
    loyalty.set_state(ana, "club", MembershipState.ENROLLED)
    loyalty.earn(ana, "club", 1, "x")
    with pytest.raises(NotEnrolled):
        loyalty.set_state(ana, "spa", MembershipState.ENROLLED)


def test_an_access_request_lists_memberships_and_movements(
    engine: Engine, loyalty: Loyalty, member: Member
) -> None:
    ana = member(club=10)
    answer = engine.access(ana)
    assert (answer["elsewhere"], answer["incomplete"]) == ({}, [])
    held = answer["documents"]
    assert [m["balance"] for m in held["loyalty-membership"]] == [10]
    assert [m["verb"] for m in held["loyalty-movement"]] == ["earn"]


def test_a_property_defines_no_programme(engine: Engine, loyalty: Loyalty) -> None:
    with engine.acting(Actor("desk-7", "P1")), pytest.raises(ScopeDenied):
        loyalty.define_programme(Programme("own", "Own"))
    assert "own" not in [programme.code for programme in loyalty.programmes()]
