"""One pair is compared as it is in a table."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from profilecore_duplicates.comparison import LEVELS, compare
from profilecore_duplicates.frequencies import COUNTED, Counts, Frequencies, stable_hash
from profilecore_duplicates.single import standard_row
from profilecore_duplicates.single_pair import levels_of
from profilecore_duplicates.standardise import standardise
from profilecore_duplicates.table import make_table
from profilecore_duplicates.untrained import untrained
from profilecore_duplicates.weighing import without_crowds

FIELDS = (
    "first_name", "last_name", "email", "phone", "address", "house", "city", "postcode", "state",
    "country", "birth_date", "document", "document_type", "document_country",
)  # fmt: skip
FIRST = ("Ana", "Anna", "A", "Ana María", "Robert", "Bob", "Robetr", "Lopez", "Zoé", "Hh", "Kurt")
LAST = ("Lopez", "López Marín", "Marin", "Lopes", "Müller", "Mueller", "Ana", "Robert", "Brownley")
# Few values, and values one slip apart, so that every level comes up.
SOME: dict[str, tuple[str, ...]] = {
    "first_name": FIRST,
    "last_name": LAST,
    "email": ("ana@x.example", "ana@y.example", "anna.lopez@x.example", "ana.lopez@x.example"),
    "phone": ("600111222", "600111223", "0600111222", "611222333", "٦٠٠١١١٢٢٢"),
    "address": ("12 Main Street", "12 Main St", "Mein Street", "4 High Road", "Mann Street 12"),
    "house": ("12", "12b", "4"),
    "city": ("Sevilla", "Sevila", "Wien", "Graz"),
    "postcode": ("41001", "41002", "1010", "99999"),
    "state": ("W", "NÖ"),
    "country": ("ES", "AT"),
    "birth_date": (
        "1984-05-17", "1984-17-05", "1984-05-16", "1984-05", "1984", "1985-03-01", "1948-05-17",
        "1984-03-05", "1984-05-03", "2010-01-01", "1990-12-31",
    ),
    "document": ("AB123456", "AB123457", "AB213456", "XY999999"),
    "document_type": ("passport", "id"),
    "document_country": ("ES", "AT"),
}  # fmt: skip
RECORDS = st.fixed_dictionaries({f: st.none() | st.sampled_from(SOME[f]) for f in FIELDS})
TOLD = Frequencies(
    1_000,
    {
        "first1": Counts(900, {stable_hash("ana"): 400, stable_hash("robert"): 3}),
        "last": Counts(900, {stable_hash("lopez"): 200, stable_hash("mueller"): 2}),
        "city": Counts(900, {stable_hash("sevilla"): 500}),
    },
    {"email": frozenset([stable_hash("ana@x.example")]), "phone": frozenset([1])},
)


@settings(deadline=None, derandomize=True, max_examples=60, suppress_health_check=[*HealthCheck])
@given(st.lists(RECORDS, min_size=2, max_size=20))
def test_a_pair_has_the_levels_that_it_has_in_a_table(
    records: list[dict[str, str | None]],
) -> None:
    frame = pl.DataFrame(
        {field: [record[field] for record in records] for field in FIELDS},
        schema=dict.fromkeys(FIELDS, pl.String),
    )
    table = make_table(standardise(frame, {f: f for f in FIELDS}), frequencies=TOLD)
    left, right = (side.ravel() for side in np.indices((len(records), len(records))))
    wanted = compare(table, left, right).values.tolist()
    rows = [without_crowds(standard_row(record), TOLD) for record in records]
    made = [levels_of(rows[a], rows[b], TOLD) for a, b in zip(left, right, strict=True)]
    assert [list(levels) for levels in made] == wanted


def test_the_frequencies_here_are_of_the_columns_that_are_counted() -> None:
    assert tuple(TOLD.counts) == COUNTED


def test_a_contact_that_a_crowd_shares_is_nobodys() -> None:
    record = standard_row({"email": "ana@x.example", "phone": "600111222"})
    assert without_crowds(record, TOLD) == {"phone": "600111222"}
    assert without_crowds({"phone": "600111222"}, TOLD) == {"phone": "600111222"}


@given(st.tuples(*(st.integers(0, len(levels) - 1) for levels in LEVELS.values())))
def test_one_pattern_weighs_what_it_weighs_among_many(levels: tuple[int, ...]) -> None:
    model, many = untrained(), np.array([levels], dtype=np.int32)
    weight, others, bits = model.of_one(levels)
    assert weight == pytest.approx(float(model.weights(many)[0]))
    assert others == pytest.approx(model.kinds(many)[0, 1:].tolist())
    assert bits == pytest.approx(model.bits(many)[0].tolist())
