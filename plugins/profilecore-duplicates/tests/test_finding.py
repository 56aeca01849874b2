"""Whole runs: what is found, why, and what is not merged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from profilecore_duplicates.clusters import cluster, components
from profilecore_duplicates.comparison import FIELDS, compare
from profilecore_duplicates.faults import InputRefused
from profilecore_duplicates.finding import Found, find
from profilecore_duplicates.model import Model, read_model
from profilecore_duplicates.reading import read_records, table_of
from profilecore_duplicates.table import Floats, Ints, Table


def fitted(found: Found) -> Model:
    assert found.model is not None
    return found.model


def test_copies_are_found_and_others_are_not(table: Table) -> None:
    found = find(table)
    pairs = set(zip(found.pairs.left.tolist(), found.pairs.right.tolist(), strict=True))
    assert (0, 1) in pairs
    assert (2, 3) in pairs
    assert found.clusters.labels.tolist() == [0, 0, 2, 2, 4, 5, 6]


def test_a_run_gives_the_same_again(table: Table) -> None:
    one, other = find(table), find(table)
    assert one.pairs.weights.tolist() == other.pairs.weights.tolist()
    assert one.summary() == other.summary()


def test_an_explanation_sums_to_the_weight(table: Table) -> None:
    found = find(table)
    for at, weight in enumerate(found.pairs.weights):
        said = found.explain(at)
        assert said.weight == pytest.approx(weight)
        assert said.start + sum(r.bits for r in said.reasons) == pytest.approx(weight)
        assert "birth date" in said.words


def test_a_saved_model_gives_the_weights_that_it_gave(table: Table) -> None:
    found = find(table)
    again = find(table, model=read_model(fitted(found).as_json()))
    assert again.pairs.weights == pytest.approx(found.pairs.weights, abs=1e-3)


def test_a_pair_alone_weighs_what_it_weighs_in_the_table(table: Table) -> None:
    found = find(table)
    for at in range(len(found.decided)):
        left, right = found.pairs.left[at : at + 1], found.pairs.right[at : at + 1]
        alone = fitted(found).weights(compare(table, left, right).values)
        assert alone[0] == pytest.approx(found.pairs.weights[at])


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": 99, "kinds": []}', "null"])
def test_what_is_no_model_is_refused(text: str) -> None:
    with pytest.raises(InputRefused):
        read_model(text)


def test_a_missing_level_weighs_nothing(table: Table) -> None:
    model = fitted(find(table))
    assert all((chances[:, 0] == chances[0, 0]).all() for chances in model.chances.values())
    assert set(model.chances) == set(FIELDS)


@pytest.mark.parametrize("column", ["first_name", "last_name", "dob", "email", "phone", "city"])
def test_any_column_may_be_missing(tmp_path: Path, people: pl.DataFrame, column: str) -> None:
    path = tmp_path / "less.csv"
    people.drop(column).write_csv(path)
    found = find(table_of(read_records(path)))
    assert np.isfinite(found.pairs.weights).all()


@pytest.mark.parametrize("rows", [0, 1, 2, 3, 200])
def test_few_rows_and_rows_all_equal_give_a_result(tmp_path: Path, rows: int) -> None:
    path = tmp_path / "equal.csv"
    path.write_text("id,name,dob\n" + "".join(f"{n},Ana Lopez,1984-05-17\n" for n in range(rows)))
    found = find(table_of(read_records(path)))
    assert len(found.clusters.labels) == rows
    assert np.isfinite(found.pairs.weights).all()


def weigher(weights: dict[tuple[int, int], float]) -> object:
    def weigh(left: Ints, right: Ints) -> Floats:
        return np.array([weights[(int(a), int(b))] for a, b in zip(left, right, strict=True)])

    return weigh


def clustered(n: int, weights: dict[tuple[int, int], float]) -> tuple[list[int], int]:
    listed = {pair: w for pair, w in weights.items() if w >= 0}
    left, right = np.array([a for a, _ in listed]), np.array([b for _, b in listed])
    made = cluster(n, left, right, np.array(list(listed.values())), weigher(weights))  # type: ignore[arg-type]  # a plain function
    return made.labels.tolist(), len(made.bridges)


def test_a_weak_bridge_between_two_persons_is_told_and_not_followed() -> None:
    weights = {(0, 1): 9.0, (2, 3): 9.0, (1, 2): 1.0, (0, 2): -9.0, (0, 3): -9.0, (1, 3): -9.0}
    assert clustered(4, weights) == ([0, 0, 2, 2], 1)


def test_a_person_stays_whole_though_two_copies_have_little_in_common() -> None:
    assert clustered(3, {(0, 1): 9.0, (1, 2): 9.0, (0, 2): -2.0}) == ([0, 0, 0], 0)


def test_components_reach_through_others() -> None:
    label = components(6, np.array([4, 0, 1]), np.array([5, 1, 4]))
    assert label.tolist() == [0, 0, 2, 3, 0, 0]
