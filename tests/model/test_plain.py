"""Plain rows: compiled reading gives what the readers give, or leaves the row to them."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from profilecore.codec import Codec
from profilecore.errors import InvalidProfile
from profilecore.ids import new_id
from profilecore.model.plain import body, plain_profile
from profilecore.model.profile import Profile
from profilecore.rules.changing import Border, blank_profile, new_profile, region_of
from profilecore.rules.occasion import Occasion
from profilecore.rules.terms import TermMaker
from profilecore.rules.visibility import Actor
from profilecore.testing.guests import profile_rows

CODEC = Codec()
OCCASION = Occasion(
    datetime(2026, 1, 2, tzinfo=UTC), Actor("desk", property_id="P1"), new_id, "pms"
)
BORDER = Border("ES")
TERMS = TermMaker(b"x" * 16)
GUESTS = list(profile_rows(200, seed=3))

TEXTS = st.one_of(
    st.sampled_from(
        [
            "", " ", "Ana", " Ana", "Ana ", "Ana  Bo", "A\tB", "A\u00a0B", "A\x7fB", "A\x00B",
            "\ud800", 'A"B', "A\\B", "Ре́мизов", "García", "Garci\u0301a", "\u0301a", "A\u200bB",
            "-", "x" * 300,
        ]
    ),
    st.text(max_size=6),
)  # fmt: skip
CODES = st.sampled_from(["ES", "es", "Spain", "XK", "ZZ", "", "ES-MD", "pt_br", "pt-BR", "ESP"])
DAYS = st.sampled_from(
    ["2028-03-19", "1987", "1987-13", "0000-01-01", "1700-01-01", " 1987-11-01", "20280319", 1987]
)
ODD = st.sampled_from([None, 1, 1.5, True, b"x", [], {}, ["x"], "x", float("nan")])
FLAGS = st.sampled_from([True, False, "yes", 1, None])
ADDRESS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["home", "Business", "x", None]),
        "line1": TEXTS, "city": TEXTS, "postal_code": TEXTS, "country": CODES,
        "subdivision": CODES, "text": TEXTS, "primary": FLAGS, "latitude": ODD, "odd": ODD,
    },
)  # fmt: skip
EMAILS = st.sampled_from(
    ["a@example.org", "A@Example.org", "a@x", "x", "", "b@guest.booking.com", "é@example.org"]
)
EMAIL = st.one_of(
    EMAILS,
    st.fixed_dictionaries(
        {"value": EMAILS},
        optional={"raw": TEXTS, "primary": FLAGS, "relay": FLAGS, "type": st.just("home")},
    ),
)
PHONES = st.sampled_from(["+34600111222", "600 111 222", "0034600111222", "+1", "x", "+34 600-11"])
PHONE = st.fixed_dictionaries(
    {"value": PHONES}, optional={"raw": TEXTS, "tech": st.just("mobile"), "primary": FLAGS}
)
DOCUMENT = st.fixed_dictionaries(
    {"type": st.sampled_from(["passport", "PASSPORT", None])},
    optional={
        "number": st.sampled_from(["AX1", "ax 1", "-", ""]), "country": CODES,
        "expires_on": DAYS, "verified": FLAGS, "primary": FLAGS,
    },
)  # fmt: skip
TAX_ID = st.fixed_dictionaries(
    {"value": st.sampled_from(["12345678Z", "1234 5678-z", "x"])},
    optional={"country": CODES, "valid": FLAGS},
)
EXTERNAL = st.fixed_dictionaries({"system": TEXTS, "value": TEXTS}, optional={"type": TEXTS})
FIELDS: dict[str, Any] = {
    "last_name": TEXTS,
    "first_name": TEXTS,
    "company_name": TEXTS,
    "birth_date": DAYS,
    "birth_country": CODES,
    "sex": st.sampled_from(["female", "Female", "x"]),
    "nationalities": st.lists(CODES, max_size=3),
    "languages": st.lists(CODES, max_size=3),
    "tags": st.lists(TEXTS, max_size=3),
    "classifications": st.lists(st.sampled_from(["vip", "x"]), max_size=2),
    "emails": st.lists(EMAIL, max_size=3),
    "phones": st.lists(PHONE, max_size=3),
    "addresses": st.lists(ADDRESS, max_size=3),
    "documents": st.lists(DOCUMENT, max_size=3),
    "tax_ids": st.lists(TAX_ID, max_size=2),
    "alternate_names": st.lists(st.fixed_dictionaries({"last_name": TEXTS}), max_size=2),
    "external_ids": st.lists(EXTERNAL, max_size=2),
    "dietary_requirements": TEXTS,
    "category": TEXTS,
    "property_id": TEXTS,
    "shared_level": st.sampled_from(["chain", "property"]),
    "notes": st.lists(st.fixed_dictionaries({"text": TEXTS}), max_size=1),
    "custom": st.just({"x": 1}),
    "id": TEXTS,
    "nothing": ODD,
}
ROWS = st.one_of(
    st.fixed_dictionaries({}, optional=FIELDS),
    st.builds(
        lambda row, name, odd: row | {name: odd},
        st.sampled_from(GUESTS), st.sampled_from(sorted(FIELDS)), ODD,
    ),
    st.builds(
        lambda row, more: row | more,
        st.sampled_from(GUESTS), st.fixed_dictionaries({}, optional=FIELDS),
    ),
)  # fmt: skip


def read_plain(row: dict[str, Any]) -> Any:
    return plain_profile(row, partial(region_of, row, BORDER, None))


@given(ROWS)
@example({"last_name": "A", "emails": [{"value": "A@Example.org", "relay": True}]})
@example({"last_name": "A", "phones": [{"value": "600 111 222"}], "nationalities": ["ES"]})
@example({"last_name": "A", "tags": ["a", "a"]})
@example({"last_name": "A", "tax_ids": [{"value": "1234 5678-z", "country": "ES"}]})
@example({"last_name": "A", "tax_ids": [{"value": "1234", "country": "XK", "valid": True}]})
@example({"last_name": "A", "documents": [{"type": "passport", "primary": True}] * 2})
@settings(max_examples=400, deadline=None)
def test_a_plain_row_becomes_the_profile_that_the_readers_make(row: dict[str, Any]) -> None:
    made = read_plain(row)
    if made is None:
        return
    profile = new_profile(row, "an id", OCCASION, BORDER)
    stored = body("an id", CODEC.dump(blank_profile("", OCCASION)), made)
    assert CODEC.load(Profile, stored) == profile
    assert msgspec.json.decode(stored) == msgspec.json.decode(CODEC.dump(profile))
    assert TERMS.of(made) == TERMS.of(profile)


@given(ROWS)
@settings(max_examples=200, deadline=None)
def test_a_faulty_row_is_never_plain(row: dict[str, Any]) -> None:
    try:
        new_profile(row, "an id", OCCASION, BORDER)
    except InvalidProfile:
        assert read_plain(row) is None


def test_the_rows_of_most_files_are_plain() -> None:
    assert all(read_plain(dict(row)) is not None for row in GUESTS)


@pytest.mark.parametrize("value", ["A@Example.org", "b@guest.booking.com"])
def test_an_address_is_completed_on_the_way(value: str) -> None:
    made = read_plain({"last_name": "A", "emails": [{"value": value}]})
    (email,) = new_profile(
        {"last_name": "A", "emails": [{"value": value}]}, "an id", OCCASION, BORDER
    ).emails
    (found,) = made.emails
    assert (found.value, found.raw, found.relay) == (email.value, email.raw, email.relay)


def test_a_row_is_left_as_it_was() -> None:
    row = {"last_name": "A", "emails": [{"value": "A@Example.org"}], "tags": ["b"]}
    before = msgspec.json.encode(row)
    assert read_plain(row) is not None
    assert msgspec.json.encode(row) == before
