"""One record is brought to the same standard columns as a whole table."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from profilecore_duplicates.columns import STANDARD
from profilecore_duplicates.single import standard_row
from profilecore_duplicates.standardise import standardise

RECORDS: list[dict[str, str | None]] = [
    {"first_name": "Dr. José María", "last_name": "de la Cruz y Ortíz", "middle_name": "J."},
    {"first_name": "Bob", "last_name": "O’Neill jr", "email": "Bob.ONeill+x@GoogleMail.com"},
    {"first_name": "Χρήστος", "last_name": "Παπαδόπουλος", "city": "Αθήνα", "country": "GR"},
    {"first_name": "Jürgen", "last_name": "Müller-Lüdenscheidt", "address": "Hauptstraße 12b"},
    {"first_name": "-", "last_name": "von", "email": "info@hotel.example", "phone": "000000000"},
    {"phone": "+34 600 111 222", "postcode": " SW1A 1AA ", "address": "12, rue de la Paix"},
    {"document": "ab-123456", "document_type": "Passport", "document_country": "ES"},
    {"document": "111111", "birth_date": "1984-05", "house": "No. 7", "address": "Main St 9"},
    {"birth_date": "1984-05-17", "state": "N/A", "email": "a@relay.example", "city": "?"},
    {"birth_date": "1984", "email": "no address", "last_name": "Schmidt Schmidt"},
]
FIELDS = (
    "first_name", "middle_name", "last_name", "second_last_name", "email", "phone", "address",
    "house", "city", "postcode", "state", "country", "birth_date", "document", "document_type",
    "document_country",
)  # fmt: skip


def by_table(records: list[dict[str, str | None]]) -> list[dict[str, object]]:
    frame = pl.DataFrame(
        {field: [record.get(field) for record in records] for field in FIELDS},
        schema=dict.fromkeys(FIELDS, pl.String),
    )
    rows = standardise(frame, {field: field for field in FIELDS}).to_dicts()
    return [{k: v for k, v in row.items() if v is not None} for row in rows]


def by_itself(record: dict[str, str | None]) -> dict[str, object]:
    return dict(standard_row({field: record.get(field) for field in FIELDS}))


@pytest.mark.parametrize("record", RECORDS)
def test_a_record_is_read_as_in_a_table(record: dict[str, str | None]) -> None:
    assert by_itself(record) == by_table([record])[0]
    assert by_itself(record).keys() <= set(STANDARD)


# A profile holds no control characters.
plain = st.text(st.characters(exclude_categories=["C"]), max_size=20)
texts = st.none() | plain | st.from_regex(r"\A[A-Za-zÀ-žα-я .,'0-9@+-]{0,20}\Z")
dates = st.none() | st.from_regex(r"\A[0-9]{4}(-[01][0-9](-[0-3][0-9])?)?\Z")


@settings(deadline=None, derandomize=True, max_examples=60, suppress_health_check=[*HealthCheck])
@given(
    st.lists(
        st.fixed_dictionaries({f: dates if f == "birth_date" else texts for f in FIELDS}),
        min_size=1,
        max_size=12,
    )
)
def test_whatever_people_write_is_read_as_in_a_table(
    records: list[dict[str, str | None]],
) -> None:
    assert [by_itself(record) for record in records] == by_table(records)
