"""A few rows with the frequencies of their base are compared as within the base."""

from __future__ import annotations

import json
from typing import cast

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from profilecore_duplicates.blocking import candidates
from profilecore_duplicates.comparison import compare
from profilecore_duplicates.faults import InputRefused
from profilecore_duplicates.frequencies import (
    CONTACTS,
    COUNTED,
    CROWD,
    Counts,
    Frequencies,
    frequencies,
    read_frequencies,
    stable_hash,
)
from profilecore_duplicates.single import Standard
from profilecore_duplicates.single_pair import levels_of
from profilecore_duplicates.standardise import standardise
from profilecore_duplicates.table import make_table
from profilecore_duplicates.weighing import without_crowds

FIRST = ("Ana", "Bruno", "Chiara", "Dmitri", "Robert", "Bob", "Bobby", "A.", "Kurt", None)
LAST = ("García", "Garcia Lopez", "Müller", "Mueller", "Petrova", "Petrov", "Brown", "Browne", None)
CITIES = ("Sevilla", "Sevila", "Berlin", "Omsk", "Rom", "Wien", "Graz", "Bern", None)


@pytest.fixture(scope="module")
def base() -> pl.DataFrame:
    """Give a base with common names, a large city, and contacts that crowds share."""
    rng = np.random.default_rng(3)
    rows = 1_500
    dates = [f"19{50 + n % 40}-{1 + n % 12:02d}-{1 + n % 28:02d}" for n in range(rows)]
    emails = [None if n % 3 else f"guest{n // 6}@x.example" for n in range(rows)]
    raw = {
        "first_name": rng.choice(FIRST, rows).tolist(),
        "last_name": [f"{name}{'x' * (n % 5)}" for n, name in enumerate(rng.choice(LAST, rows))],
        "birth_date": rng.permutation(dates).tolist(),
        "city": rng.choice(CITIES, rows, p=[0.5, *[0.0625] * 8]).tolist(),
        "email": ["agency@x.example" if n % 7 == 0 else e for n, e in enumerate(emails)],
        "phone": ["0301234567" if n % 5 == 0 else f"03098{n // 2:05d}" for n in range(rows)],
        "document": [f"X{n // 3:06d}" if n % 2 else None for n in range(rows)],
    }
    frame = pl.DataFrame(raw, schema=dict.fromkeys(raw, pl.String))
    return standardise(frame, {name: name for name in raw})


def test_each_pair_has_the_levels_that_it_has_in_the_base(base: pl.DataFrame) -> None:
    whole = make_table(base)
    assert whole.crowded == {"email": 1, "phone": 1}
    pairs = candidates(whole)
    levels = compare(whole, pairs.left, pairs.right).values
    told = frequencies(base)
    rows = [{n: v for n, v in row.items() if v is not None} for row in base.to_dicts()]
    plain = [without_crowds(cast("Standard", row), told) for row in rows]
    for one, other, wanted in zip(pairs.left, pairs.right, levels.tolist(), strict=True):
        assert list(levels_of(plain[one], plain[other], told)) == wanted
    step = len(pairs) // 20
    for at in range(0, len(pairs), step):
        two = base[[int(pairs.left[at]), int(pairs.right[at])]]
        alone = compare(make_table(two, frequencies=told), np.array([0]), np.array([1])).values
        assert alone[0].tolist() == levels[at].tolist()


def test_a_table_and_its_columns_have_the_same_frequencies(base: pl.DataFrame) -> None:
    told = frequencies(base)
    assert frequencies(make_table(base)) == told
    assert frequencies(make_table(base.head(2), frequencies=told)) == told
    assert told.rows == base.height
    assert told.crowded == {
        "email": {stable_hash("agency@x.example")}, "phone": {stable_hash("301234567")}
    }  # fmt: skip


def test_frequencies_are_read_as_they_were_written(base: pl.DataFrame) -> None:
    told = frequencies(base)
    assert read_frequencies(told.as_json()) == told


_HASHES = st.integers(0, 2**64 - 1)
_COUNTS = st.builds(
    Counts, st.integers(0, 10**8), st.dictionaries(_HASHES, st.integers(2, 10**6), max_size=5)
)


@given(
    st.builds(
        Frequencies,
        st.integers(0, 10**8),
        st.fixed_dictionaries(dict.fromkeys(COUNTED, _COUNTS)),
        st.dictionaries(st.sampled_from(CONTACTS), st.frozensets(_HASHES, max_size=3)),
    )
)
def test_any_frequencies_are_read_as_they_were_written(told: Frequencies) -> None:
    assert read_frequencies(told.as_json()) == told


def test_frequencies_hold_no_value_of_a_person(base: pl.DataFrame) -> None:
    told = frequencies(base)
    for text in (told.as_json(), repr(told)):
        assert not any(word in text for word in ("ana", "garcia", "agency", "301234567"))


def test_a_word_that_the_base_lacks_stands_there_once() -> None:
    counts = Counts(8, {stable_hash("ana"): 4})
    assert counts.shares(["ana", "kurt"]).tolist() == [0.5, 0.125]


def test_a_hash_is_the_same_in_each_version() -> None:
    assert stable_hash("ana") == 0x25190115385A1A3C


@pytest.mark.parametrize("rows", [0, 1, CROWD - 1])
def test_a_base_of_few_rows_has_frequencies(base: pl.DataFrame, rows: int) -> None:
    told = frequencies(base.head(rows))
    assert (told.rows, told.crowded) == (rows, {})
    assert len(make_table(base.head(rows), frequencies=told)) == rows


@pytest.mark.parametrize(
    "change",
    [
        {"format": 99}, {"rows": None}, {"counts": {}}, {"counts": {"city": 1}}, {"crowded": []},
        {"crowded": {"email": ["no hash"]}}, {"crowded": {"shoe": []}},
    ],
)  # fmt: skip
def test_what_holds_no_frequencies_is_refused(
    base: pl.DataFrame, change: dict[str, object]
) -> None:
    written = json.loads(frequencies(base).as_json())
    with pytest.raises(InputRefused):
        read_frequencies(json.dumps(written | change))


@pytest.mark.parametrize("text", ["", "null", "[]", "{"])
def test_what_is_no_json_of_frequencies_is_refused(text: str) -> None:
    with pytest.raises(InputRefused):
        read_frequencies(text)
