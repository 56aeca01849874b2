"""Reading what hosts give: every fault at once, at its place, without its value."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit import BORDER, examples, given_profiles, json_values, texts

from profilecore import Email, InvalidProfile, Profile, Stay
from profilecore.engine.owning import STAY_FIELDS
from profilecore.model import Sex, Title
from profilecore.model.reading import MAX_DEPTH, MAX_ITEMS, Reading
from profilecore.rules.changing import SETTABLE

M = "zqsecret"


def faults(given: Any, cls: type = Profile) -> list[tuple[str, str]]:
    reading = Reading()
    reading.fields(cls, given)
    return [(p.path, p.code) for p in reading.problems]


def read(cls: type = Profile, **given: Any) -> dict[str, Any]:
    reading = Reading()
    good = reading.fields(cls, given)
    assert reading.problems == []
    return good


def deep(levels: int) -> Any:
    value: Any = M
    for _ in range(levels):
        value = {"x": value}
    return value


BAD: list[tuple[Any, str, str]] = [
    ({"nonsense": M}, "/nonsense", "unknown-field"),
    ({"first_name": 7}, "/first_name", "wrong-type"),
    ({"first_name": ["x"]}, "/first_name", "wrong-type"),
    ({"first_name": b"x"}, "/first_name", "wrong-type"),
    ({"first_name": "x" * 256}, "/first_name", "too-long"),
    ({"first_name": f"{M}\x00"}, "/first_name", "invalid-value"),
    ({"first_name": f"{M}\x1b[31m"}, "/first_name", "invalid-value"),
    ({"first_name": "\ud800"}, "/first_name", "invalid-value"),
    ({"occupation": "\ue000"}, "/occupation", "invalid-value"),
    ({"dietary_requirements": f"{M}\x07"}, "/dietary_requirements", "invalid-value"),
    ({"birth_date": "1984-02-30"}, "/birth_date", "invalid-value"),
    ({"birth_date": "1984-13"}, "/birth_date", "invalid-value"),
    ({"birth_date": "84"}, "/birth_date", "invalid-value"),
    ({"birth_date": "17/05/1984"}, "/birth_date", "invalid-value"),
    ({"birth_date": "1984-05-17T"}, "/birth_date", "too-long"),
    ({"birth_date": "1799-12-31"}, "/birth_date", "invalid-value"),
    ({"birth_country": f"{M}-land"}, "/birth_country", "invalid-value"),
    ({"birth_country": "ZZ"}, "/birth_country", "invalid-value"),
    ({"birth_subdivision": "ES-ZZ"}, "/birth_subdivision", "invalid-value"),
    ({"languages": ["qq-QQ"]}, "/languages/0", "invalid-value"),
    ({"nationalities": ["ES", "ZZ", "QQ"]}, "/nationalities/1", "invalid-value"),
    ({"nationalities": "ES"}, "/nationalities", "wrong-type"),
    ({"nationalities": {"a": "ES"}}, "/nationalities", "wrong-type"),
    ({"nationalities": 7}, "/nationalities", "wrong-type"),
    ({"sex": M}, "/sex", "unknown-value"),
    ({"sex": 1}, "/sex", "unknown-value"),
    ({"title": ["miss"]}, "/title", "unknown-value"),
    ({"tags": ["x"] * (MAX_ITEMS + 1)}, "/tags", "too-many"),
    ({"tags": ["x" * 51]}, "/tags/0", "too-long"),
    ({"emails": [M]}, "/emails/0/value", "invalid-value"),
    ({"emails": ["a@example.org", {"value": f"{M}@"}]}, "/emails/1/value", "invalid-value"),
    ({"emails": [{}]}, "/emails/0/value", "missing"),
    ({"emails": [{"value": None}]}, "/emails/0/value", "missing"),
    ({"emails": [7]}, "/emails/0", "wrong-type"),
    ({"emails": [{"value": "a@example.org", "primary": M}]}, "/emails/0/primary", "wrong-type"),
    ({"emails": [{"value": "a@example.org", M[:2]: 1}]}, "/emails/0/zq", "unknown-field"),
    ({"phones": ["12"]}, "/phones/0/value", "invalid-value"),
    ({"phones": ["+34600111222", M]}, "/phones/1/value", "invalid-value"),
    ({"documents": [{"number": M}]}, "/documents/0/type", "missing"),
    ({"documents": [{"type": M}]}, "/documents/0/type", "unknown-value"),
    (
        {"documents": [{"type": "passport", "expires_on": "2026-02-30"}]},
        "/documents/0/expires_on",
        "invalid-value",
    ),
    ({"addresses": [{"latitude": "north"}]}, "/addresses/0/latitude", "wrong-type"),
    ({"addresses": [{"latitude": float("nan")}]}, "/addresses/0/latitude", "wrong-type"),
    ({"addresses": [{"latitude": True}]}, "/addresses/0/latitude", "wrong-type"),
    ({"notes": [{"text": M, "at": "yesterday"}]}, "/notes/0/at", "invalid-value"),
    ({"notes": [{"text": M * 200}]}, "/notes/0/text", "too-long"),
    ({"custom": [M]}, "/custom", "wrong-type"),
    ({"custom": {"a": {"b": {M}}}}, "/custom/a/b", "wrong-type"),
    ({"custom": {"a": [1, {"b": object()}]}}, "/custom/a/1/b", "wrong-type"),
    ({"custom": {"a": float("inf")}}, "/custom/a", "wrong-type"),
    ({"custom": {"a": "x" * 65_537}}, "/custom/a", "too-long"),
    ({"custom": deep(MAX_DEPTH + 1)}, "/custom" + "/x" * (MAX_DEPTH + 1), "too-deep"),
]


@pytest.mark.parametrize(("given", "path", "code"), BAD)
def test_a_fault_is_named_with_its_place(given: Any, path: str, code: str) -> None:
    found = faults(given)
    assert (path, code) in found
    assert all(p.startswith("/" + next(iter(given))) for p, _ in found)


@pytest.mark.parametrize(("given", "path", "code"), BAD)
def test_no_message_repeats_what_was_given(given: Any, path: str, code: str) -> None:
    reading = Reading()
    reading.fields(Profile, given)
    error = InvalidProfile(reading.problems)
    assert M not in str(error) + repr(error) + repr(error.details())
    assert all(p.message.startswith(("must ", "is ", "has ", "needs ")) for p in error.problems)


def test_all_faults_come_at_once() -> None:
    every = {
        "first_name": 7,
        "birth_date": "1984-02-30",
        "emails": ["no", "a@example.org", {"value": "x@example.org", "primary": "?"}],
        "documents": [{"type": "x", "country": "ZZ", "expires_on": "?"}],
        "nonsense": 1,
    }
    assert sorted(p for p, _ in faults(every)) == [
        "/birth_date",
        "/documents/0/country",
        "/documents/0/expires_on",
        "/documents/0/type",
        "/emails/0/value",
        "/emails/2/primary",
        "/first_name",
        "/nonsense",
    ]


def test_an_error_shows_five_problems_and_counts_the_rest() -> None:
    reading = Reading()
    reading.fields(Profile, {f"x{n}": 1 for n in range(8)})
    error = InvalidProfile(reading.problems)
    assert str(error).count("is no field") == 5
    assert "(and 3 more)" in str(error)
    assert len(error.problems) == 8


def test_an_iterator_is_refused_for_it_could_be_read_only_once() -> None:
    assert faults({"emails": (v for v in ["a@example.org"])}) == [("/emails", "wrong-type")]


@pytest.mark.parametrize("blank", ["  ", "\t", "\u3000"])
def test_a_required_text_of_blanks_is_missing(blank: str) -> None:
    assert faults({"notes": [{"text": blank}]}) == [("/notes/0/text", "missing")]
    assert faults({"emails": [blank]}) == [("/emails/0/value", "missing")]


@pytest.mark.parametrize("given", ["9" * 30, " " * 30, "1" * 5000, -1, 1.5, True, None.__class__])
def test_a_number_that_is_none_is_refused(given: Any) -> None:
    assert [p for p, _ in faults({"adults": given}, Stay)] == ["/adults"]


def test_a_whole_number_may_come_as_text() -> None:
    assert read(Stay, adults=" 2 ")["adults"] == 2


@pytest.mark.parametrize("filling", ["0", " "])
def test_a_long_number_is_read_whole(filling: str) -> None:
    assert read(Stay, adults=filling * 20 + "2")["adults"] == 2


@pytest.mark.parametrize(
    "edge",
    [
        datetime.min.replace(tzinfo=timezone(timedelta(hours=5))),
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-5))),
        "0001-01-01T00:00:00+05:00",
    ],
)
def test_a_time_beyond_the_calendar_is_refused(edge: Any) -> None:
    assert faults({"notes": [{"text": "x", "at": edge}]}) == [("/notes/0/at", "invalid-value")]


def test_a_number_too_large_for_json_is_refused() -> None:
    assert [p for p, _ in faults({"custom": {"a": 10**30}})] == ["/custom/a"]


def test_text_in_a_custom_field_is_cleaned_of_what_cannot_be_stored() -> None:
    for bad in ("\ud800", {"\ud800": 1}):
        assert faults({"custom": {"a": bad}}) != []


# ---- what is read


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("first_name", "  Ana \t Maria ", "Ana Maria"),
        ("first_name", "   ", None),
        ("first_name", "Jose\u0301", "José"),
        ("sex", "FEMALE", Sex.FEMALE),
        ("sex", "not stated", Sex.NOT_STATED),
        ("sex", "Not-Stated", Sex.NOT_STATED),
        ("title", Title.MISS, Title.MISS),
        ("birth_country", "spain", "ES"),
        ("birth_country", "ESP", "ES"),
        ("birth_country", " es ", "ES"),
        ("birth_country", "UK", "GB"),
        ("birth_subdivision", "es-md", "ES-MD"),
        ("languages", ["PT_br", "Spanish", "spa"], ("pt-BR", "es")),
        ("nationalities", ["ES", "Spain", "PT"], ("ES", "PT")),
        ("car_registration", "1234-bcd", "1234BCD"),
        ("dietary_requirements", " no nuts \r\n no  milk ", "no nuts\nno milk"),
        ("birth_date", date(1984, 5, 17), "1984-05-17"),
        ("emails", ["A@Example.ORG"], (Email("a@example.org", raw="A@Example.ORG"),)),
        ("emails", ["a@example.org", "A@example.org"], (Email("a@example.org"),)),
        ("emails", [Email("a@example.org")], (Email("a@example.org"),)),
    ],
)
def test_values_are_brought_to_their_canonical_form(name: str, given: Any, value: Any) -> None:
    assert read(**{name: given}) == {name: value}


@pytest.mark.parametrize("text", ["1984", "1984-05", "1984-05-17", "2000-02-29", " 1984 "])
def test_a_date_may_be_known_in_part(text: str) -> None:
    assert read(birth_date=text)["birth_date"] == text.strip()


@pytest.mark.parametrize("text", ["1900-02-29", "2001-02-29", "1984-00", "1984-5", "1984-05-17T"])
def test_a_day_that_the_calendar_lacks_is_refused(text: str) -> None:
    assert faults({"birth_date": text}) != []


def test_a_time_is_kept_in_utc() -> None:
    zone = timezone(timedelta(hours=2))
    for moment in (
        datetime(2026, 3, 1, 14, tzinfo=zone),
        "2026-03-01T14:00:00+02:00",
        datetime(2026, 3, 1, 12),  # noqa: DTZ001  # hosts give these
    ):
        note = read(notes=[{"text": "x", "at": moment}])["notes"][0]
        assert note.at == datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_the_engines_own_fields_cannot_be_set() -> None:
    reading = Reading()
    reading.fields(Profile, {"id": "x", "version": 2, "state": "cleared"}, only=SETTABLE)
    assert {p.code for p in reading.problems} == {"not-settable"}


@given(given_profiles)
@examples(60)
def test_reading_what_was_read_gives_the_same(given: Any) -> None:
    once = read(**given)
    profile = Profile(**{name: value for name, value in once.items() if value is not None})
    again = read(**{name: getattr(profile, name) for name in given})
    assert again == {name: getattr(profile, name) for name in given}
    assert BORDER.custom_fields


anything = st.recursive(
    json_values | st.floats() | st.binary(max_size=5) | st.dates() | st.sampled_from(list(Sex)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)


SETTABLE_OF: dict[type, frozenset[str]] = {Profile: SETTABLE, Stay: STAY_FIELDS}


@given(
    st.dictionaries(st.sampled_from(sorted(SETTABLE | STAY_FIELDS)) | texts, anything, max_size=4),
    st.sampled_from([Profile, Stay]),
)
@examples(150)
def test_nothing_makes_reading_stumble(given_values: Any, cls: type) -> None:
    reading = Reading()
    good = reading.fields(cls, given_values, only=SETTABLE_OF[cls])
    assert good.keys() <= given_values.keys()
    refused = given_values.keys() - good.keys()
    assert refused <= {p.path[1:].split("/")[0] for p in reading.problems} | {
        name for name in refused if "/" in name
    }
