"""Columns as codes are the columns that they were made of."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from profilecore_duplicates.columns import (
    STANDARD,
    code,
    in_groups,
    nothing,
    stacked,
    standard_of,
    together,
)
from profilecore_duplicates.standardise import standardise

TEXTS = st.lists(st.one_of(st.none(), st.text(max_size=3)), max_size=30)


def series(values: list[str | None], times: int = 1) -> pl.Series:
    return pl.Series(values * times, dtype=pl.String)


@pytest.mark.parametrize("times", [1, 500])
@given(values=TEXTS)
def test_codes_stand_for_their_texts(times: int, values: list[str | None]) -> None:
    column = series(values, times)
    made = code(column)
    assert made.text().to_list() == column.to_list()
    assert made.words.to_list() == [word for word in dict.fromkeys(values) if word is not None]
    assert made.present() == any(value is not None for value in values)
    assert made.times().tolist() == [column.to_list().count(word) for word in made.words]


@given(st.lists(st.integers(0, 9), min_size=1, max_size=40))
def test_hashes_that_differ_in_their_last_bits_only_are_told_apart(hashes: list[int]) -> None:
    order, begins = in_groups(np.array(hashes, dtype=np.uint64))
    groups = [part.tolist() for part in np.split(order, np.flatnonzero(begins)[1:])]
    assert sorted(groups) == sorted(
        [row for row, hash_ in enumerate(hashes) if hash_ == each] for each in set(hashes)
    )


@pytest.mark.parametrize("times", [1, 500])
@given(values=TEXTS, some=st.lists(st.text(max_size=3), max_size=5))
def test_rows_among_some_texts_are_those_that_have_one(
    times: int, values: list[str | None], some: list[str]
) -> None:
    found = code(series(values, times)).among(series([*some]))
    assert found.tolist() == [value in some for value in values * times]


@given(TEXTS, TEXTS)
def test_one_vocabulary_gives_equal_texts_equal_codes(
    one: list[str | None], other: list[str | None]
) -> None:
    a, b = together([code(series(one)), code(series(other))])
    assert [a.text().to_list(), b.text().to_list()] == [one, other]
    assert np.isin(a.codes, b.codes).tolist() == [
        value in other if value is not None else None in other for value in one
    ]
    assert stacked([a, b]).text().to_list() == one + other


def test_a_column_of_nothing_has_a_null_for_each_row() -> None:
    assert nothing(2).text().to_list() == [None, None]
    assert not nothing(2).present()


def test_standard_columns_come_back_as_text() -> None:
    raw = {"first_name": ["Ana", None], "birth_date": ["1984-05-17", None], "city": [None, "Rom"]}
    frame = standardise(pl.DataFrame(raw), {name: name for name in raw})
    made = standard_of(frame)
    assert frame.columns == list(STANDARD)
    assert made.frame().equals(frame)
    assert made.above(made).frame().equals(pl.concat([frame, frame]))
