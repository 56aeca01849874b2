"""Which value survives: each rung of the ladder, and how collections are united."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial

import pytest
from attrs import evolve
from kit import START

from profilecore import Consent, Email, ExternalId, IdentityDocument, Note, Phone
from profilecore.model import (
    Channel,
    ConsentStatus,
    DocumentType,
    Restriction,
    RestrictionKind,
    Stamp,
)
from profilecore.rules.survivorship import (
    Candidate,
    Preference,
    append,
    best,
    by_key,
    current_consents,
    earliest,
    is_empty,
    primary_of,
    survivor,
    union,
)

NOBODY = Preference()


def stamp(days: int = 0, source: str | None = None, verified: bool = False) -> Stamp:
    return Stamp(START + timedelta(days=days), source, verified=verified)


def test_an_explicit_choice_beats_everything_even_where_it_is_empty() -> None:
    candidates = [Candidate("A", "old", stamp(9, "pms", True)), Candidate("B", None, stamp())]
    choice = best(candidates, Preference(("pms",), "B"))
    assert (choice.value, choice.reason, choice.profile_id) == (None, "choice", "B")


def test_the_only_value_survives() -> None:
    choice = best([Candidate("A", None, stamp(9)), Candidate("B", "Ana", stamp())], NOBODY)
    assert (choice.value, choice.reason, choice.profile_id) == ("Ana", "only-value", "B")


def test_equal_values_stay_with_the_survivor() -> None:
    choice = best([Candidate("A", "Ana", stamp()), Candidate("B", "Ana", stamp(9))], NOBODY)
    assert (choice.value, choice.reason, choice.profile_id) == ("Ana", "same", "A")


def test_a_verified_value_beats_a_trusted_and_newer_one() -> None:
    candidates = [
        Candidate("A", "typed", stamp(9, "pms")),
        Candidate("B", "seen", stamp(0, "web", verified=True)),
    ]
    choice = best(candidates, Preference(("pms",)))
    assert (choice.value, choice.reason, choice.stamp) == ("seen", "verified", candidates[1].stamp)


@pytest.mark.parametrize("trusted", [("crm", "web"), ("crm",), ("pms", "crm")])
def test_a_trusted_source_beats_a_newer_value(trusted: tuple[str, ...]) -> None:
    candidates = [Candidate("A", "web", stamp(9, "web")), Candidate("B", "crm", stamp(0, "crm"))]
    choice = best(candidates, Preference(trusted))
    assert (choice.value, choice.reason) == ("crm", "trusted-source")


def test_the_most_recent_change_of_the_field_wins() -> None:
    candidates = [Candidate("A", "old", stamp(1)), Candidate("B", "new", stamp(2))]
    assert best(candidates, NOBODY).value == "new"
    assert best(candidates[::-1], NOBODY).reason == "most-recent"


def test_a_value_without_provenance_is_older_than_any_other() -> None:
    assert best([Candidate("A", "old"), Candidate("B", "new", stamp(-9))], NOBODY).value == "new"


def test_where_nothing_decides_the_survivor_keeps_its_value() -> None:
    choice = best([Candidate("A", "a", stamp()), Candidate("B", "b", stamp())], NOBODY)
    assert (choice.value, choice.reason, choice.profile_id) == ("a", "survivor", "A")


def test_a_rung_is_asked_only_among_those_that_the_rung_above_left() -> None:
    candidates = [
        Candidate("A", "newest", stamp(9, "web")),
        Candidate("B", "older", stamp(1, "pms")),
        Candidate("C", "newer", stamp(2, "pms")),
    ]
    choice = best(candidates, Preference(("pms",)))
    assert (choice.value, choice.reason) == ("newer", "most-recent")


def test_nothing_anywhere_is_empty() -> None:
    assert best([Candidate("A", None), Candidate("B", "")], NOBODY).reason == "empty"


def test_survivor_keeps_even_an_empty_value() -> None:
    assert survivor([Candidate("A", None), Candidate("B", "x")], NOBODY).value is None


def test_the_earliest_date_survives() -> None:
    candidates = [Candidate("A", START), Candidate("B", None), Candidate("C", START.min)]
    assert earliest(candidates[:2], NOBODY).value == START
    assert earliest([Candidate("A", None), Candidate("B", START)], NOBODY).profile_id == "B"
    assert earliest([Candidate("A", None)], NOBODY).value is None


# ---- collections


def test_a_union_knows_items_by_their_canonical_key() -> None:
    mine = (Email("a@example.org", primary=True), Email("b@example.org"))
    other = (Email("b@example.org"), Email("c@example.org"))
    united = union([Candidate("A", mine), Candidate("B", other)], NOBODY)
    assert [e.value for e in united.value] == ["a@example.org", "b@example.org", "c@example.org"]
    assert united.profile_id is None


def test_document_numbers_are_one_however_they_are_written() -> None:
    one = IdentityDocument(DocumentType.PASSPORT, number="AB123", country="ES")
    same = IdentityDocument(DocumentType.PASSPORT, number="ab123", country="ES")
    other = IdentityDocument(DocumentType.PASSPORT, number="AB123", country="PT")
    united = union([Candidate("A", (one,)), Candidate("B", (same, other))], NOBODY)
    assert united.value == (one, other)


def test_a_united_item_is_filled_from_its_double() -> None:
    bare = IdentityDocument(DocumentType.PASSPORT, number="AB123", country="ES")
    full = IdentityDocument(
        DocumentType.PASSPORT, number="AB123", country="ES", issuing_place="Vigo"
    )
    assert union([Candidate("A", (bare,)), Candidate("B", (full,))], NOBODY).value == (full,)


def test_the_survivors_primary_stays_the_only_one() -> None:
    mine = (Phone("+34600000001"), Phone("+34600000002", primary=True))
    other = (Phone("+34600000003", primary=True),)
    united = union([Candidate("A", mine), Candidate("B", other)], NOBODY).value
    assert [p.value for p in united if p.primary] == ["+34600000002"]


def test_a_choice_puts_that_profiles_items_and_primary_first() -> None:
    mine, other = (Email("a@example.org", primary=True),), (Email("b@example.org", primary=True),)
    candidates = [Candidate("A", mine), Candidate("B", other)]
    united = union(candidates, Preference(chosen="B"))
    assert [(e.value, e.primary) for e in united.value] == [
        ("b@example.org", True),
        ("a@example.org", False),
    ]
    assert united.reason == "choice"


def test_a_chosen_item_without_a_mark_takes_the_survivors() -> None:
    candidates = [
        Candidate("A", (Email("a@example.org", primary=True),)),
        Candidate("B", (Email("b@example.org"),)),
    ]
    chosen = union(candidates, Preference(chosen="B")).value
    assert [(e.value, e.primary) for e in chosen] == [
        ("b@example.org", True),
        ("a@example.org", False),
    ]


def test_what_was_verified_leads_and_says_so_of_itself_alone() -> None:
    passport = partial(IdentityDocument, DocumentType.PASSPORT, "X1", "ES")
    typed = passport(expires_on=date(2035, 1, 1), issuing_place="Typo", support_number="S1")
    seen = passport(expires_on=date(2028, 1, 1), issuing_place="Madrid", verified=True)
    both = [Candidate("A", (typed,)), Candidate("B", (seen,))]
    (kept,) = union(both, NOBODY).value
    assert kept == evolve(seen, support_number="S1")
    (kept,) = union(both, Preference(chosen="A")).value
    assert kept == typed


@pytest.mark.parametrize("turned", [False, True])
def test_of_two_restrictions_the_longer_one_holds(turned: bool) -> None:
    def of(*days: date | None) -> list[Candidate]:
        kind = RestrictionKind.BLOCKLIST
        made = [Candidate(str(d), (Restriction(kind, until=d),)) for d in days]
        return made[::-1] if turned else made

    first, second = date(2020, 1, 1), date(2030, 1, 1)
    assert union(of(first, None), NOBODY).value[0].until is None
    assert union(of(first, second), NOBODY).value[0].until == second


def test_a_note_for_everybody_is_not_one_for_a_property() -> None:
    notes = [Note("Nut allergy", id="1"), Note("Nut allergy", id="1", property_id="P1")]
    both = [Candidate("A", (notes[0],)), Candidate("B", (notes[1],))]
    assert union(both, NOBODY).value == tuple(notes)


def test_histories_are_joined_in_order_of_time_and_nothing_is_dropped() -> None:
    late, early = (
        Note("late", at=START, id="1"),
        Note("early", at=START - timedelta(days=1), id="2"),
    )
    undated = Note("undated", id="3")
    joined = append([Candidate("A", (late, undated)), Candidate("B", (early,))], NOBODY).value
    assert set(joined) == {late, early, undated}
    assert joined.index(early) < joined.index(late)


def test_a_mapping_is_decided_key_by_key() -> None:
    candidates = [
        Candidate("A", {"pet": "cat"}, stamp()),
        Candidate("B", {"pet": "dog", "car": "red"}, stamp(1)),
    ]
    assert by_key(candidates, NOBODY).value == {"pet": "dog", "car": "red"}


def test_choosing_a_mapping_leaves_no_empty_entries() -> None:
    candidates = [Candidate("A", {"pet": "cat"}), Candidate("B", {"car": "red"})]
    assert by_key(candidates, Preference(chosen="B")).value == {"car": "red"}


@pytest.mark.parametrize("nothing", [None, (), {}, ""])
def test_empty_says_nothing(nothing: object) -> None:
    assert is_empty(nothing)


@pytest.mark.parametrize("something", [0, False, "x", (None,)])
def test_zero_and_false_say_something(something: object) -> None:
    assert not is_empty(something)


def test_the_primary_is_the_marked_one_or_else_the_first() -> None:
    first, marked = Email("a@example.org"), Email("b@example.org", primary=True)
    assert primary_of((first, marked)) == marked
    assert primary_of((first,)) == first
    assert primary_of(()) is None


def test_the_same_external_id_is_one() -> None:
    one, other = ExternalId("pms", "1"), ExternalId("crm", "1")
    united = union([Candidate("A", (one,)), Candidate("B", (one, other))], NOBODY)
    assert united.value == (one, other)


# ---- consents

GRANTED, DENIED, REVOKED = ConsentStatus.GRANTED, ConsentStatus.DENIED, ConsentStatus.REVOKED


def consent(status: ConsentStatus, days: int | None = 0, **more: object) -> Consent:
    at = None if days is None else START + timedelta(days=days)
    return Consent("news", status, channel=Channel.EMAIL, at=at, **more)  # type: ignore[arg-type]


def holding(*history: Consent) -> list[ConsentStatus]:
    return [c.status for c in current_consents(history, START + timedelta(days=30)).values()]


@pytest.mark.parametrize("denial", [DENIED, REVOKED])
def test_a_newer_denial_wins_over_a_grant_in_any_order(denial: ConsentStatus) -> None:
    granted, denied = consent(GRANTED, 0), consent(denial, 1)
    assert holding(granted, denied) == holding(denied, granted) == [denial]


def test_a_newer_grant_wins_over_an_older_denial() -> None:
    granted, denied = consent(GRANTED, 1), consent(DENIED, 0)
    assert holding(granted, denied) == holding(denied, granted) == [GRANTED]


def test_of_entries_equally_old_the_most_restrictive_wins() -> None:
    granted, denied = consent(GRANTED, 0), consent(DENIED, 0)
    assert holding(granted, denied) == holding(denied, granted) == [DENIED]


@pytest.mark.parametrize("undated", [GRANTED, DENIED])
def test_without_a_date_the_most_restrictive_wins(undated: ConsentStatus) -> None:
    dated = DENIED if undated is GRANTED else GRANTED
    pair = consent(undated, None), consent(dated, 1)
    assert holding(*pair) == holding(*pair[::-1]) == [DENIED]


def test_another_channel_is_another_consent() -> None:
    mail = consent(DENIED)
    post = Consent("news", GRANTED, channel=Channel.POST, at=START + timedelta(days=1))
    assert sorted(s.value for s in holding(mail, post)) == ["denied", "granted"]


def test_a_grant_past_its_date_holds_no_more() -> None:
    assert holding(consent(GRANTED, 0, expires_at=START + timedelta(days=30))) == []
    assert holding(consent(GRANTED, 0, expires_at=START + timedelta(days=31))) == [GRANTED]


def test_a_grant_that_ran_out_does_not_bring_an_older_grant_back() -> None:
    for_ever = consent(GRANTED, 0)
    ran_out = consent(GRANTED, 1, expires_at=START + timedelta(days=2))
    assert holding(for_ever, ran_out) == holding(ran_out, for_ever) == []
