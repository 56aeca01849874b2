"""In what levels pairs agree."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profilecore_duplicates import comparison
from profilecore_duplicates.comparison import (
    FIELDS,
    LEVELS,
    SIZES,
    Levels,
    compare,
    patterns_of,
    unpacked,
)
from profilecore_duplicates.standardise import standardise
from profilecore_duplicates.table import Table, make_table


def level(field: str, one: dict[str, str], other: dict[str, str]) -> str:
    columns = {*one, *other}
    frame = pl.DataFrame(
        {c: pl.Series([one.get(c), other.get(c)], dtype=pl.String) for c in columns}
    )
    table = make_table(standardise(frame, {c: c for c in columns}))
    both = [compare(table, np.array([a]), np.array([b])).values[0] for a, b in ((0, 1), (1, 0))]
    assert both[0].tolist() == both[1].tolist(), "a comparison has no direction"
    return LEVELS[field][both[0][FIELDS.index(field)]]


def name(first: str, last: str) -> dict[str, str]:
    return {"first_name": first, "last_name": last}


@pytest.mark.parametrize(
    ("one", "other", "says"),
    [
        (name("Ana", "López"), name("ANA", "Lopez"), "first name same; last name same"),
        (name("Bob", "Brown"), name("Robert", "Brown"), "first name a form of it"),
        (name("Ana Maria", "Lopez"), name("Ana", "Lopez"), "first name a form of it"),
        (name("A.", "Lopez"), name("Ana", "Lopez"), "first name initial"),
        (name("Roberta", "Brown"), name("Robetra", "Brown"), "first name close"),
        (name("Ana", "Lopez"), name("Kurt", "Lopez"), "first name different; last name same"),
        (name("Ana", "Lopez Marin"), name("Ana", "Lopez"), "first name same; last name a part"),
        (name("Ana", "Lopez"), name("Lopez", "Ana"), "names swapped"),
    ],
)  # fmt: skip
def test_names_are_compared_as_a_whole(
    one: dict[str, str], other: dict[str, str], says: str
) -> None:
    assert level("name", one, other).startswith(says)


@pytest.mark.parametrize(
    ("one", "other", "says"),
    [
        ("1984-05-17", "17.05.1984", "same"), ("1984-05-06", "1984-06-05", "day and month swapped"),
        ("1984-05-17", "1984-05-18", "one digit differs"),
        ("1984-05-17", "1984-11-17", "two parts of three same"),
        ("1984-05-17", "1984", "two parts of three same"),
        ("1984-05-17", "1981-02-03", "different"),
        ("1984-05-17", "1954-02-03", "far apart"),
    ],
)  # fmt: skip
def test_birth_dates_are_compared_by_their_parts(one: str, other: str, says: str) -> None:
    assert level("birth_date", {"birth_date": one}, {"birth_date": other}) == says


@pytest.mark.parametrize(
    ("field", "one", "other", "says"),
    [
        ("phone", "030 1234567", "+49 30 1234567", "same"),
        ("phone", "0301234567", "0301234568", "one digit differs"),
        ("phone", "0301234567", "0309999999", "different"),
        ("document", "AB 123456", "ab123456", "same"),
        ("document", "AB123456", "AB123457", "one letter differs"),
        ("document", "AB123456", "XX999999", "different"),
        ("email", "ana.lopez@a.example", "ana.lopez@b.example", "same box elsewhere"),
        ("email", "ana.lopez@a.example", "ana.lopes@a.example", "close"),
        ("email", "ana.lopez@a.example", "kurt@a.example", "different"),
    ],
)  # fmt: skip
def test_contacts_and_documents_are_compared(field: str, one: str, other: str, says: str) -> None:
    assert level(field, {field: one}, {field: other}) == says


def test_documents_of_two_types_are_not_compared() -> None:
    one = {"document": "AB123456", "document_type": "passport"}
    other = {"document": "XX999999", "document_type": "licence"}
    assert level("document", one, other) == "missing"


def test_what_is_missing_says_nothing() -> None:
    one, other = {"email": "a@b.example"}, {"phone": "0301234567"}
    assert {level(field, one, other) for field in ("email", "phone", "document")} == {"missing"}


@settings(deadline=None)
@given(st.data())
def test_a_pattern_unpacks_to_its_levels(data: st.DataObject) -> None:
    drawn = [data.draw(st.integers(0, int(size) - 1)) for size in SIZES]
    values = np.array([drawn], dtype=np.int32)
    assert unpacked(Levels(values).packed()).tolist() == [drawn]


def test_patterns_are_those_of_the_pairs_one_by_one(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    left, right = np.triu_indices(len(table), 1)
    packed = compare(table, left, right).packed()
    monkeypatch.setattr(comparison, "CHUNK", 4)
    patterns, at, counts = patterns_of(table, left, right)
    assert patterns[at].tolist() == packed.tolist()
    assert patterns.tolist() == sorted(set(packed.tolist()))
    assert counts.tolist() == [packed.tolist().count(pattern) for pattern in patterns]
    assert compare(table, left, right).packed().tolist() == packed.tolist()


def test_no_pairs_have_no_patterns(table: Table) -> None:
    none = np.empty(0, dtype=np.int64)
    assert [len(made) for made in patterns_of(table, none, none)] == [0, 0, 0]


def test_numbers_of_one_figure_that_differ_are_not_one_letter_apart() -> None:
    frame = standardise(pl.DataFrame({"d": ["AB12", "AB12"]}), {"document": "d"})
    table = make_table(frame.with_columns(document=pl.Series(["a", "b"])))
    level = compare(table, np.array([0]), np.array([1])).values[0]
    assert LEVELS["document"][level[FIELDS.index("document")]] == "different"
