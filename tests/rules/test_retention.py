"""What rules of retention hold: a matter of the facts, for no longer than they say."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from kit import START, examples

from profilecore import Profile, Stay
from profilecore.model import Consent, ConsentStatus, Stamp, StayStatus
from profilecore.model.documents import Held, Hold
from profilecore.model.fields import evolve
from profilecore.rules.clearing import plan_clear
from profilecore.rules.holding import held_by_holds, still_held
from profilecore.rules.periods import last_day
from profilecore.rules.retention import (
    Clock,
    Dated,
    LastSign,
    OnExpiry,
    Place,
    Record,
    Retention,
    RetentionRule,
)

PLACES = {
    "P1": Place("ES", fiscal_year_end="03-31"),
    "P2": Place("PT", fiscal_year_end="02-29"),
    "P3": Place("ES"),
}
FIELDS = (
    "profile.last_name", "profile.documents", "stay", "stay.reference", "stay.unit", "file",
)  # fmt: skip
days = st.dates(date(2018, 1, 1), date(2030, 12, 31))
periods = st.sampled_from(("P30D", "P6M", "P1Y", "P3Y", "P10Y"))
countries = st.sampled_from((None, "ES", "PT"))
rules = st.builds(
    lambda number, country, clock, minimum, maximum, fields, begin, end, foreigners: RetentionRule(
        f"rule-{number}", country, clock=clock, minimum=minimum, maximum=maximum,
        fields=tuple(fields), valid_from=begin, valid_to=end, foreigners_only=foreigners,
        record_kind="file" if maximum else "profile",
    ),
    st.integers(0, 99), countries, st.sampled_from(Clock), periods, st.none() | periods,
    st.lists(st.sampled_from(FIELDS), min_size=1, max_size=4), st.none() | days,
    st.none() | days, st.booleans(),
)  # fmt: skip
many_rules = st.lists(rules, max_size=4, unique_by=lambda rule: rule.name)
stays = st.builds(
    lambda number, place, status, arrival, nights: Stay(
        id=f"s{number}", property_id=place, status=status, arrival=arrival,
        departure=None if nights is None else arrival + timedelta(days=nights),
    ),
    st.integers(0, 99), st.sampled_from(("P1", "P2", "P3", "P9")), st.sampled_from(StayStatus),
    days, st.none() | st.integers(0, 20),
)  # fmt: skip
files = st.builds(
    Dated, st.just("file"), st.integers(0, 99).map("f{}".format),
    st.sampled_from((None, "P1", "P2")), st.none() | days,
)  # fmt: skip
consents = st.builds(
    lambda purpose, status, day: Consent(
        purpose, status, at=datetime.combine(day, time(12), UTC)
    ),
    st.sampled_from(("news", "photo")), st.sampled_from(ConsentStatus), days,
)  # fmt: skip
records = st.builds(
    lambda stays, files, consents, active, nationalities, home: Record(
        Profile(
            id="A", last_name="x", consents=tuple(consents), nationalities=tuple(nationalities),
            country_of_residence=home,
        ),
        tuple(stays), tuple(files), active and LastSign(active),
    ),
    st.lists(stays, max_size=4, unique_by=lambda stay: stay.id),
    st.lists(files, max_size=3, unique_by=lambda file: file.id),
    st.lists(consents, max_size=2), st.none() | days,
    st.lists(st.sampled_from(("ES", "PT", "FR")), max_size=2, unique=True), countries,
)  # fmt: skip


def on(day: date) -> Any:
    return lambda property_id: day


def retention(rules: Any) -> Retention:
    return Retention(tuple(rules), PLACES)


def kept(held: Any) -> set[tuple[str, str | None, str]]:
    """Give every single thing that is held: kind, id, field; ``*`` is all of a document."""
    return {(h.kind, h.id, name) for h in held for name in h.fields or ("*",)}


def covers(held: Any, things: set[tuple[str, str | None, str]]) -> bool:
    have = kept(held)
    return all(thing in have or (*thing[:2], "*") in have for thing in things)


@examples(200)
@given(rules=many_rules, more=rules, record=records, day=days)
def test_another_rule_never_holds_less(rules: Any, more: Any, record: Record, day: date) -> None:
    assume(more.name not in {rule.name for rule in rules})
    fewer = retention(rules).held(record, on(day))
    assert covers(retention([*rules, more]).held(record, on(day)), kept(fewer))


@examples(200)
@given(rule=rules, more=st.sampled_from(FIELDS), record=records, day=days)
def test_naming_more_never_holds_less(
    rule: RetentionRule, more: str, record: Record, day: date
) -> None:
    fewer = retention([rule]).held(record, on(day))
    wider = evolve(rule, fields=(*rule.fields, more))
    assert covers(retention([wider]).held(record, on(day)), kept(fewer))


@examples(200)
@given(rules=many_rules, record=records, day=days, later=st.integers(1, 2_000))
def test_with_time_less_is_held_and_nothing_after_its_last_day(
    rules: Any, record: Record, day: date, later: int
) -> None:
    asked = retention(rules)
    now, then = (asked.held(record, on(d)) for d in (day, day + timedelta(days=later)))
    assert covers(now, kept(then))
    assert all(h.until is not None and h.until >= day for h in now)
    ends = [h.until for h in now if h.until is not None]
    if ends:
        assert max(ends) in {h.until for h in asked.held(record, on(max(ends)))}
        assert asked.held(record, on(max(ends) + timedelta(days=1))) == []


@examples(200)
@given(rules=many_rules, record=records, day=days)
def test_at_each_property_its_own_last_day_counts(rules: Any, record: Record, day: date) -> None:
    ahead = {"P1": day + timedelta(days=1)}
    held = retention(rules).held(record, lambda property_id: ahead.get(property_id or "", day))
    for each in held:
        assert each.until is not None
        assert each.until >= ahead.get(each.property_id or "", day)


@examples(200)
@given(rules=many_rules, record=records, day=days)
def test_holding_is_of_the_facts_and_not_of_their_order(
    rules: Any, record: Record, day: date
) -> None:
    turned = evolve(record, stays=record.stays[::-1], documents=record.documents[::-1])
    one, other = retention(rules), retention(rules[::-1])
    held, again = one.held(record, on(day)), other.held(turned, on(day))
    assert set(held) == set(again)
    assert {d.id for d, _ in one.expired(record, on(day))} == {
        d.id for d, _ in other.expired(turned, on(day))
    }
    assert one.expiries(record, on(day)) == other.expiries(turned, on(day))
    ends = [asked.must_go(r) for asked, r in ((one, record), (other, turned))]
    assert [end and end[0] for end in ends[:1]] == [end and end[0] for end in ends[1:]]
    plans = [plan_clear([record.profile], [], {}, (), h).fingerprint for h in (held, again)]
    assert plans[0] == plans[1], "a plan does not get stale by another order"


@examples(200)
@given(rules=many_rules, record=records, day=days)
def test_what_a_rule_holds_is_never_past_its_longest_time(
    rules: Any, record: Record, day: date
) -> None:
    asked = retention(rules)
    holding = {(h.kind, h.id) for h in asked.held(record, on(day))}
    for document, rule in asked.expired(record, on(day)):
        assert (document.kind, document.id) not in holding
        assert rule.maximum is not None
    assert all(last >= day for last, _ in asked.expiries(record, on(day)))


# ---- what an earlier clear kept

holds = st.builds(
    lambda number, released, keeps: Hold(
        id=f"h{number}", profile_id="A", kind=f"case-{number}", keeps=tuple(keeps),
        released=Stamp(START) if released else None,
    ),
    st.integers(0, 5), st.booleans(),
    st.lists(st.sampled_from((*FIELDS, "file/f1", "stay/s1")), max_size=3),
)  # fmt: skip
many_holds = st.lists(holds, max_size=3, unique_by=lambda hold: hold.id)


@examples(200)
@given(rules=many_rules, record=records, at_clear=many_holds, now=many_holds, day=days,
       later=st.integers(0, 2_000))  # fmt: skip
def test_what_is_still_held_was_held_before_and_asking_again_changes_nothing(
    rules: Any, record: Record, at_clear: Any, now: Any, day: date, later: int
) -> None:
    asked = retention(rules)
    documents = [("stay", s.id) for s in record.stays] + [("file", f.id) for f in record.documents]
    first = asked.held(record, on(day)) + list(held_by_holds(at_clear, documents))
    then = on(day + timedelta(days=later))
    off = frozenset({rules[0].name}) if rules else frozenset[str]()
    left = still_held(first, now, off, then)
    assert covers(first, kept(left))
    assert still_held(left, now, off, then) == left
    open_ones = {hold.id for hold in now if hold.is_open}
    for each in left:
        assert each.hold_id in open_ones or (each.hold_id is None and each.rule not in off)


def test_a_rule_that_is_switched_off_holds_nothing_more_and_an_unknown_one_does() -> None:
    held = [Held("profile", "old", ("last_name",), until=date(2030, 1, 1))]
    assert still_held(held, [], frozenset({"old"}), on(date(2026, 1, 1))) == []
    assert still_held(held, [], frozenset({"new"}), on(date(2030, 1, 1))) == held
    assert still_held(held, [], frozenset(), on(date(2030, 1, 2))) == []


def test_a_profile_is_held_until_the_day_is_over_at_the_property() -> None:
    last = date(2026, 5, 1)
    stay = Held("stay", "law", ("reference",), "s", last, property_id="P1")
    profile = Held("profile", "law", ("last_name",), until=last)
    tomorrow = last + timedelta(days=1)

    def still(at_the_property: date) -> list[Held]:
        dates = {"P1": at_the_property, None: tomorrow}
        return still_held([stay, profile], [], frozenset(), lambda id: dates[id])

    assert still(last) == [stay, profile]
    assert still(tomorrow) == []


def test_a_document_whose_time_is_over_is_to_go_whole_unless_something_holds_it() -> None:
    rule = RetentionRule("book", minimum="P1Y", fields=("stay.unit",), on_expiry=OnExpiry.DELETE)
    stays = tuple(
        Stay(id=f"s{year}", property_id="P1", departure=date(year, 1, 1)) for year in (2024, 2026)
    )
    record = Record(Profile(), stays)
    asked = retention([rule])
    held = asked.held(record, on(date(2026, 2, 1)))
    assert asked.over(record, held) == {("stay", "s2024")}
    anonymising = retention([evolve(rule, on_expiry=OnExpiry.ANONYMISE)])
    assert anonymising.over(record, held) == set()


# ---- single days


@pytest.mark.parametrize(
    ("property_id", "year_end", "departure", "until"),
    [
        ("P1", "03-31", "2026-03-31", "2027-03-31"),
        ("P1", "03-31", "2026-04-01", "2028-03-31"),
        ("P1", "02-29", "2023-02-28", "2024-02-28"),
        ("P1", "02-29", "2024-02-28", "2025-02-28"),
        ("P1", "02-29", "2024-02-29", "2025-02-28"),
        ("P1", "02-29", "2024-03-01", "2026-02-28"),
        ("P1", "12-31", "2026-12-31", "2027-12-31"),
        ("P1", "12-31", "2027-01-01", "2028-12-31"),
        ("P1", "12-31", "9999-12-31", "9999-12-31"),
        ("P1", "03-31", "9999-12-31", "9999-12-31"),
    ],
)
def test_a_business_year_ends_at_the_property_s_own_date(
    property_id: str, year_end: str, departure: str, until: str
) -> None:
    rule = RetentionRule(
        "books", clock=Clock.FISCAL_YEAR_END, minimum="P1Y", fields=("stay.reference",)
    )
    stay = Stay(id="s", property_id=property_id, departure=date.fromisoformat(departure))
    asked = Retention((rule,), {property_id: Place("ES", fiscal_year_end=year_end)})
    (held,) = asked.held(Record(Profile(), (stay,)), on(date(2020, 1, 1)))
    assert held.until == date.fromisoformat(until)


@pytest.mark.parametrize(("day", "rule"), [("2026-01-31", "old"), ("2026-02-01", "new")])
def test_the_law_of_the_day_counts(day: str, rule: str) -> None:
    change = date(2026, 2, 1)
    old = RetentionRule("old", minimum="P1Y", fields=("stay",), valid_to=change - timedelta(days=1))
    new = evolve(old, name="new", minimum="P2Y", valid_from=change, valid_to=None)
    stay = Stay(id="s", property_id="P1", departure=date.fromisoformat(day))
    held = retention([old, new]).held(Record(Profile(), (stay,)), on(change))
    assert [h.rule for h in held] == [rule]


def test_a_document_is_held_by_the_law_of_its_own_place_and_day() -> None:
    rule = RetentionRule("es", "ES", minimum="P3Y", fields=("file",), valid_from=date(2026, 1, 1))
    stay = Stay(id="s", property_id="P1", departure=date(2026, 2, 1))
    documents = (
        Dated("file", "here", "P1", date(2026, 2, 1)),
        Dated("file", "abroad", "P2", date(2026, 2, 1)),
        Dated("file", "abroad, undated", "P2", None),
        Dated("file", "of the old law", "P1", date(2025, 2, 1)),
        Dated("file", "of the chain", None, date(2026, 2, 1)),
        Dated("file", "undated", "P1", None),
    )
    held = retention([rule]).held(Record(Profile(), (stay,), documents), on(date(2026, 3, 1)))
    assert {h.id for h in held} == {"here", "of the chain", "undated"}


@pytest.mark.parametrize(("home", "gone"), [("FR", ["f"]), ("ES", [])])
def test_where_the_guest_lives_and_last_was_active_decides_on_documents_too(
    home: str, gone: list[str]
) -> None:
    rule = RetentionRule(
        "scans", "FR", record_kind="file", clock=Clock.LAST_ACTIVITY, maximum="P1Y"
    )
    file = Dated("file", "f", "P1", date(2020, 1, 1))
    record = Record(Profile(country_of_residence=home), (), (file,), LastSign(date(2026, 1, 1)))
    asked = retention([rule])
    assert asked.expired(record, on(date(2027, 1, 1))) == []
    assert [d.id for d, _ in asked.expired(record, on(date(2027, 1, 2)))] == gone


def test_consent_that_ended_starts_the_clock_and_one_that_holds_stops_it() -> None:
    rule = RetentionRule(
        "proof", clock=Clock.CONSENT_END, minimum="P1Y", fields=("profile.consents",)
    )

    def until(*consents: Consent) -> list[date | None]:
        record = Record(Profile(consents=consents))
        return [h.until for h in retention([rule]).held(record, on(date(2026, 6, 1)))]

    def consent(purpose: str, status: ConsentStatus, day: int, **more: Any) -> Consent:
        return Consent(purpose, status, at=datetime(2026, 1, day, tzinfo=UTC), **more)

    granted, revoked = ConsentStatus.GRANTED, ConsentStatus.REVOKED
    news = consent("news", granted, 1)
    assert until() == until(news) == []
    assert until(news, consent("news", revoked, 9)) == [date(2027, 1, 9)]
    assert until(consent("news", revoked, 9), consent("photo", revoked, 7)) == [date(2027, 1, 9)]
    assert until(consent("news", revoked, 9), consent("photo", granted, 7)) == []
    over = datetime(2026, 3, 5, tzinfo=UTC)
    assert until(consent("news", granted, 1, expires_at=over)) == [date(2027, 3, 5)]
    again = consent("news", granted, 20)
    assert until(news, consent("news", revoked, 9), again) == []


@examples(100)
@given(record=records, maximum=periods)
def test_the_whole_person_goes_after_the_last_of_the_days(record: Record, maximum: str) -> None:
    rule = RetentionRule("all", record_kind="profile", maximum=maximum)
    days = [
        s.departure or s.arrival
        for s in record.stays
        if s.status not in (StayStatus.ENQUIRED, StayStatus.CANCELLED, StayStatus.NO_SHOW)
    ]
    expected = [last_day(day, maximum) for day in days if day is not None]
    must = retention([rule]).must_go(record)
    assert (must and must[0]) == (max(expected) if expected else None)
