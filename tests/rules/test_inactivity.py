"""The newest sign of a guest, and how long the guest may be quiet after it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit import examples

from profilecore import Profile, Stay
from profilecore.model import Consent, ConsentStatus, Stamp, StayStatus
from profilecore.model.documents import Hold
from profilecore.model.fields import evolve
from profilecore.model.parts import Provenance
from profilecore.rules.inactivity import Inactivity, LastSign, last_sign, quiet_until

days = st.dates(date(2015, 1, 1), date(2035, 12, 31))
MADE = date(2010, 6, 1)


def at(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)


PERSON = Profile(id="A", last_name="x", created_at=at(MADE))
stays = st.builds(
    lambda number, status, arrival, nights, booked: Stay(
        id=f"s{number}", property_id="P1", status=status, arrival=arrival,
        departure=arrival + timedelta(days=nights), booked_at=booked and at(booked),
    ),
    st.integers(0, 99), st.sampled_from(StayStatus), days, st.integers(0, 20), st.none() | days,
)  # fmt: skip
holds = st.builds(
    lambda number, placed, after, keeps: Hold(
        id=f"h{number}", profile_id="A", kind="open-bill", placed=Stamp(at(placed)),
        released=None if after is None else Stamp(at(placed + timedelta(days=after))),
        keeps=keeps,
    ),
    st.integers(0, 99), days, st.none() | st.integers(0, 9), st.sampled_from(((), ("file",))),
)  # fmt: skip
consents = st.builds(
    lambda status, day: Consent("news", status, at=at(day)), st.sampled_from(ConsentStatus), days
)
others = st.builds(LastSign, days)
signs = st.tuples(
    st.lists(stays, max_size=3), st.lists(holds, max_size=2), st.lists(consents, max_size=2),
    st.lists(others, max_size=2),
)  # fmt: skip


def day_of(given: Any, profile: Profile = PERSON) -> date:
    stays, holds, consents, others = given
    found = last_sign([evolve(profile, consents=tuple(consents))], stays, holds, others)
    assert found is not None
    return found.day


@examples(200)
@given(given=signs)
def test_the_newest_sign_is_of_the_facts_and_not_of_their_order(given: Any) -> None:
    assert day_of(given) == day_of(tuple(part[::-1] for part in given))


@examples(200)
@given(given=signs, more=signs)
def test_another_sign_never_makes_the_guest_longer_away(given: Any, more: Any) -> None:
    together = tuple(one + other for one, other in zip(given, more, strict=True))
    found = [day_of(part) for part in (given, more)]
    assert day_of(together) == max(found)


@examples(200)
@given(given=signs, updated=days, absorbed=st.lists(st.sampled_from("BCD"), unique=True))
def test_what_others_did_to_the_profile_is_no_sign(
    given: Any, updated: date, absorbed: list[str]
) -> None:
    changed = evolve(
        PERSON, updated_at=at(updated), version=9, absorbed=tuple(absorbed),
        provenance=Provenance(Stamp(at(updated), source="pms")),
    )  # fmt: skip
    without_consents = (given[0], given[1], [], given[3])
    assert day_of(without_consents, changed) == day_of(without_consents)


@examples(100)
@given(stay=stays, bill=holds)
def test_a_stay_that_never_was_and_a_lawyers_hold_are_no_signs(stay: Stay, bill: Hold) -> None:
    gone = evolve(stay, status=StayStatus.CANCELLED, booked_at=None)
    assert day_of(([gone], [evolve(bill, keeps=("file",))], [], [])) == MADE


def test_a_consent_that_was_imported_is_no_sign_whatever_was_written_since() -> None:
    later = Stamp(at(date(2026, 3, 1)), source="crm")
    profile = evolve(PERSON, provenance=Provenance(later))
    consent = Consent("news", ConsentStatus.GRANTED, at=at(date(2026, 1, 1)), imported=True)
    assert day_of(([], [], [consent], []), profile) == MADE
    assert day_of(([], [], [evolve(consent, imported=False)], []), profile) == date(2026, 1, 1)


def test_a_consent_dated_by_an_import_is_no_sign_and_one_with_its_own_date_is() -> None:
    imported = Stamp(at(date(2026, 1, 1)), source="crm")
    profile = evolve(PERSON, provenance=Provenance(imported))
    own = Consent("news", ConsentStatus.GRANTED, at=at(date(2020, 1, 1)))
    assert day_of(([], [], [evolve(own, at=imported.at)], []), profile) == MADE
    assert day_of(([], [], [own], []), profile) == date(2020, 1, 1)


def test_without_a_sign_and_without_a_day_of_its_own_there_is_none() -> None:
    assert last_sign([Profile(last_name="x")], ()) is None


def test_the_newest_of_merged_profiles_stands_for_a_sign() -> None:
    made = [at(date(2024, 1, 1)), at(date(2026, 1, 1)), None]
    family = [Profile(last_name="x", created_at=each) for each in made]
    found = last_sign(family, ())
    assert found is not None
    assert found.day == date(2026, 1, 1)


@examples(200)
@given(day=st.dates(), number=st.integers(1, 4_000_000))
def test_the_quiet_days_are_counted_from_the_day_after(day: date, number: int) -> None:
    until = quiet_until(LastSign(day), number)
    assert day <= until or day == date.max
    if number < (date.max - day).days:
        assert (until - day).days == number
    assert quiet_until(LastSign(day), number + 1) >= until


@pytest.mark.parametrize("day", [date.max, date.max - timedelta(days=1)])
def test_the_end_of_the_calendar_is_no_error(day: date) -> None:
    assert quiet_until(LastSign(day), 365) <= date.max


def test_another_country_of_residence_has_days_of_its_own() -> None:
    policy = Inactivity(after_days=100, by_residence={"FR": 10})
    assert policy.days_for(evolve(PERSON, country_of_residence="FR")) == 10
    assert policy.days_for(PERSON) == 100
