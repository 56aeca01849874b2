"""What a run knows of itself, held against the truth where there is one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from profilecore_duplicates.blocking import CAP, Candidates, candidates
from profilecore_duplicates.comparison import FIELDS, LEVELS, compare
from profilecore_duplicates.finding import Found, find
from profilecore_duplicates.judging import costs, thin, uniform
from profilecore_duplicates.model import KINDS, MATCH, Model
from profilecore_duplicates.patterns import normalised
from profilecore_duplicates.reading import Records, read_records, table_of
from profilecore_duplicates.table import Table
from profilecore_duplicates.training import FEW

# How far the run's own estimate may be off, from what was seen on all sets when this was written:
# the model knows nothing of evidence that fields give together beyond its kinds of two people.
PRECISION_OFF, RECALL_OFF, MATCH_OFF = 0.03, 0.03, 0.004


def pairs_of(frame: pl.DataFrame, left: str, right: str) -> set[tuple[str, str]]:
    return {(min(a, b), max(a, b)) for a, b in frame.select(left, right).iter_rows()}


def judged(folder: Path) -> tuple[Found, Records, set[tuple[str, str]]]:
    records = read_records(folder / "records.csv")
    true = pairs_of(pl.read_csv(folder / "truth.csv", infer_schema=False), "id_l", "id_r")
    return find(table_of(records)), records, true


@pytest.mark.parametrize("name", ["febrl3", "fake_1000", "guests_10000", "guests_100000"])
def test_the_estimates_are_near_the_truth(shared: Callable[[str], Path], name: str) -> None:
    found, records, true = judged(shared(name))
    ids = records.ids.to_list()
    listed = [
        (min(ids[a], ids[b]), max(ids[a], ids[b])) in true
        for a, b in zip(found.pairs.left.tolist(), found.pairs.right.tolist(), strict=True)
    ]
    hit = np.array(listed)
    compared = candidates(found.table)
    known = {
        (min(ids[a], ids[b]), max(ids[a], ids[b]))
        for a, b in zip(compared.left.tolist(), compared.right.tolist(), strict=True)
    }
    known |= {
        (min(ids[a], ids[b]), max(ids[a], ids[b]))
        for a, b in zip(found.pairs.left.tolist(), found.pairs.right.tolist(), strict=True)
    }
    said = found.estimate
    assert said.precision is not None
    assert said.recall is not None
    assert said.match_precision is not None
    assert abs(said.precision - hit.mean()) < PRECISION_OFF
    assert abs(said.recall - hit.sum() / len(known & true)) < RECALL_OFF
    assert abs(said.match_precision - hit[found.decided].mean()) < MATCH_OFF
    assert said.match_precision >= 0.99


def plain_model() -> Model:
    """Give a model that takes any pair with the same birth date for one person as likely as not."""
    chances = {
        field: normalised(field, np.ones((len(KINDS), len(LEVELS[field])))) for field in FIELDS
    }
    born = np.ones((len(KINDS), len(LEVELS["birth_date"])))
    born[MATCH, 1], born[MATCH + 1 :, 1] = 1e6, 1.0
    chances["birth_date"] = normalised("birth_date", born)
    return Model(np.array([0.1, *[0.18] * 5]), chances)


def crowd(tmp_path: Path, n: int) -> Table:
    path = tmp_path / "crowd.csv"
    rows = "".join(f"{i},Ana{chr(97 + i % 26)}{chr(97 + i // 26)},1984-05-17\n" for i in range(n))
    path.write_text("id,first_name,dob\n" + rows)
    return table_of(read_records(path))


def test_what_capping_cost_is_estimated_by_rule(tmp_path: Path) -> None:
    table = crowd(tmp_path, 3 * CAP)
    pairs = candidates(table)
    assert pairs.capped
    model = plain_model()
    made = costs(table, pairs, model)
    assert [cost.rule for cost in made] == [capped.rule for capped in pairs.capped]
    n = len(table)
    left, right = np.triu_indices(n, 1)
    among = np.isin(left * n + right, pairs.left * n + pairs.right)
    chance = 1 - model.doubt(compare(table, left, right).values)
    for cost in made:
        if cost.rule == "born+initial":
            assert cost.lost == pytest.approx(chance[~among].sum(), rel=0.1)
    assert any(cost.rule == "born+initial" for cost in made)


def test_nothing_capped_costs_nothing(table: Table) -> None:
    assert costs(table, Candidates(*np.empty((2, 0), dtype=np.int64)), plain_model()) == ()


def test_the_recall_with_what_was_capped_is_no_higher(tmp_path: Path) -> None:
    found = find(crowd(tmp_path, 3 * CAP))
    said = found.estimate
    if said.recall is not None and said.recall_with_capped is not None:
        assert said.recall_with_capped <= said.recall
    assert found.summary()["capped"][0]["lost"] >= 0


def test_a_column_of_one_value_is_told(tmp_path: Path) -> None:
    path = tmp_path / "equal.csv"
    path.write_text("id,name,city\n1,Ana Lopez,Rom\n2,Ana Lopes,Rom\n3,Eva Maier,Rom\n")
    (said,) = uniform(table_of(read_records(path)))
    assert "city" in said
    assert "name" not in said


def test_a_weight_that_rests_on_too_few_pairs_is_named_by_field_and_level() -> None:
    levels = np.zeros((2, len(FIELDS)), dtype=np.int32)
    levels[0, FIELDS.index("phone")] = 1
    levels[1, FIELDS.index("phone")] = 2
    (said,) = thin(levels, np.array([100, 3]), np.array([9.0, 9.0]))
    assert "phone (one digit differs)" in said
    assert "email" not in said
    assert thin(levels, np.array([100, 100]), np.array([9.0, 9.0])) == ()


def test_too_few_pairs_of_one_person_give_no_match_and_say_so(table: Table) -> None:
    found = find(table)
    assert not found.decided.any()
    assert any("too few to trust" in note for note in found.notes)
    assert len(found.table) < FEW
