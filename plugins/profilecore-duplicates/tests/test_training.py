"""Fitting: what holds of chances whatever the data, and bases that are easy to get wrong."""

from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profilecore_duplicates.columns import standard_of
from profilecore_duplicates.comparison import FIELDS, LEVELS, RARITY
from profilecore_duplicates.finding import find
from profilecore_duplicates.model import KINDS
from profilecore_duplicates.patterns import GROUPS, names_apart, names_cube, normalised
from profilecore_duplicates.reading import Records, read_records, table_of
from profilecore_duplicates.strangers import draw, pairs_in_all
from profilecore_duplicates.table import Table

SYLLABLES = ["ba", "do", "ka", "li", "mo", "ne", "pu", "ra", "si", "to", "va", "we", "gro", "fin"]


def register(path: Path, rows: int, copies: int, seed: int) -> set[frozenset[str]]:
    """Write a register of names and birth dates; a copy has a slip or two. Gives the true pairs."""
    random = Random(seed)
    firsts = ["".join(random.choices(SYLLABLES, k=2)) for _ in range(150)]
    lasts = ["".join(random.choices(SYLLABLES, k=3)) for _ in range(600)]

    def slip(word: str) -> str:
        at = random.randrange(len(word) - 1)
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]

    people = [
        [random.choice(firsts), random.choice(lasts), random.randint(1800, 1900),
         random.randint(1, 12), random.randint(1, 28)]
        for _ in range(rows)
    ]  # fmt: skip
    made = [*people]
    for person in people[:copies]:
        copy = [*person]
        for at in random.sample(range(5), k=random.choice((1, 1, 2))):
            value = copy[at]
            copy[at] = slip(value) if isinstance(value, str) else random.randint(1, 12)
            if at == 2:
                copy[at] = person[2] + random.choice((-10, -1, 1, 10))  # type: ignore[operator]  # a year
        made.append(copy)
    lines = [
        f"r{n},{first},{last},{year}-{month:02}-{day:02}"
        for n, (first, last, year, month, day) in enumerate(made)
    ]
    path.write_text("\n".join(["id,first_name,last_name,birth_date", *lines]) + "\n")
    return {frozenset((f"r{n}", f"r{rows + n}")) for n in range(copies)}


@pytest.mark.parametrize("seed", [1, 2])
def test_names_and_birth_dates_alone_are_enough(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "register.csv"
    true = register(path, 2500, 300, seed)
    records = read_records(path)
    found = find(table_of(records))
    assert found.model is not None
    assert found.model.converged
    ids = records.ids.to_list()
    ends = list(zip(found.pairs.left.tolist(), found.pairs.right.tolist(), strict=True))
    listed = {frozenset((ids[a], ids[b])) for a, b in ends}
    assert 2 * len(listed & true) / (len(listed) + len(true)) > 0.85
    matched = {
        frozenset((ids[a], ids[b]))
        for (a, b), sure in zip(ends, found.decided, strict=True)
        if sure
    }
    assert len(matched) > 100
    assert len(matched & true) / len(matched) >= 0.99


def test_a_base_without_copies_gives_no_match(tmp_path: Path) -> None:
    path = tmp_path / "register.csv"
    register(path, 2500, 0, 3)
    found = find(table_of(read_records(path)))
    assert not found.decided.any()
    assert len(found.decided) < 25


def test_two_files_are_fitted_by_the_pairs_across(tmp_path: Path) -> None:
    path = tmp_path / "register.csv"
    true = register(path, 1500, 300, 4)
    records = read_records(path)
    rows = records.standard.frame()
    one = Records(records.ids[:1500], standard_of(rows[:1500]), records.mapped)
    other = Records(records.ids[1500:], standard_of(rows[1500:]), records.mapped)
    table = table_of(one, other)
    assert pairs_in_all(table) == 1500 * 300
    found = find(table)
    ids = pl.concat([one.ids, other.ids]).to_list()
    listed = {
        frozenset((ids[a], ids[b]))
        for a, b in zip(found.pairs.left.tolist(), found.pairs.right.tolist(), strict=True)
    }
    assert 2 * len(listed & true) / (len(listed) + len(true)) > 0.85


def test_pairs_are_drawn_the_same_again(table: Table) -> None:
    one, other = draw(table), draw(table)
    assert (one.strangers == other.strangers).all()
    assert (one.surname == other.surname).all()
    assert one.same == other.same


def test_pairs_of_one_value_are_counted_exactly(table: Table) -> None:
    same = draw(table).same
    # Of seven people two have one e-mail address each, twice; nobody else shares anything.
    assert same["email"] == (2.0, 10.0)
    assert same["phone"] == (1.0, 6.0)
    assert same["birth_date"] == (1.0, 21.0)


@pytest.mark.parametrize("field", FIELDS)
@given(st.data())
@settings(deadline=None, max_examples=20)
def test_chances_of_each_group_of_levels_sum_to_one(field: str, data: st.DataObject) -> None:
    size = len(LEVELS[field])
    counts = data.draw(st.lists(st.floats(0.01, 1e6), min_size=size, max_size=size))
    made = normalised(field, np.stack([np.array(counts)] * len(KINDS)))
    for group in range(1, GROUPS[field].max() + 1):
        assert made[:, GROUPS[field] == group].sum(axis=1) == pytest.approx(1.0)
    assert (made[:, GROUPS[field] == 0] == 1.0).all()


@given(st.data())
@settings(deadline=None, max_examples=20)
def test_names_taken_apart_keep_their_shares(data: st.DataObject) -> None:
    size = len(LEVELS["name"])
    counts = np.array(data.draw(st.lists(st.floats(0, 1e4), min_size=size, max_size=size)))
    counts[-len(RARITY) :] = 0.0
    was, made = names_cube(counts)[1:, 1:], names_cube(names_apart(counts))[1:, 1:]
    assert made.sum(axis=(1, 2)) == pytest.approx(was.sum(axis=(1, 2)), abs=1e-6)
    assert made.sum(axis=(0, 2)) == pytest.approx(was.sum(axis=(0, 2)), abs=1e-6)


def test_a_pair_that_a_third_row_speaks_for_is_listed_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    register(path, 1500, 200, 5)
    with path.open("a") as file:
        file.write("x1,ana,kowal,1871-03-04\nx2,ana,kowal,\nx3,,kowal,1871-03-04\n")
        file.write("y1,bea,novak,1855-06-07\ny2,bea,novak,1855-06-07\ny3,bea,novak,1855-06-01\n")
    found = find(table_of(read_records(path)))
    through = np.flatnonzero(found.pairs.through >= 0)
    assert not found.decided[through].any()
    for at in through:
        said = found.explain(int(at))
        assert said.reasons[-1].field == "third record"
        assert said.start + sum(r.bits for r in said.reasons) == pytest.approx(said.weight)
        assert said.weight == pytest.approx(found.pairs.weights[at])
        left, right = found.pairs.left[at], found.pairs.right[at]
        labels = found.clusters.labels
        assert labels[left] == labels[right] == labels[found.pairs.through[at]]
