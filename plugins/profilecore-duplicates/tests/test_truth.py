"""Precision, recall and F1 where the truth is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from profilecore_duplicates.faults import InputRefused
from profilecore_duplicates.truth import best, clustered, read_truth, score, truth_of

IDS = pl.Series("id", ["a", "b", "c", "d"])


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "truth.csv"
    path.write_text(text)
    return path


@pytest.mark.parametrize("head", ["id_l,id_r", "left,right"])
def test_a_truth_has_no_direction_and_each_pair_once(tmp_path: Path, head: str) -> None:
    truth = read_truth(written(tmp_path, f"{head}\na,b\nb,a\nd,c\n"), IDS)
    assert len(truth) == 2
    told = truth.holds(np.array([1, 2, 0]), np.array([0, 3, 3]))
    assert told.tolist() == [True, True, False]


def test_pairs_of_rows_that_are_not_here_are_counted(tmp_path: Path) -> None:
    truth = read_truth(written(tmp_path, "id_l,id_r\na,b\na,z\na,a\n"), IDS)
    assert (len(truth), truth.left_out) == (1, 2)


def test_of_linked_files_the_second_column_is_of_the_second(tmp_path: Path) -> None:
    truth = read_truth(written(tmp_path, "id_l,id_r\na,a\n"), IDS, IDS)
    assert truth.holds(np.array([0]), np.array([4])).all()


@pytest.mark.parametrize("text", ["", "x,y\n1,2\n", "id_l\n1\n"])
def test_what_is_no_truth_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputRefused):
        read_truth(written(tmp_path, text), IDS)


def test_shares_of_nothing_are_not_known() -> None:
    assert score(0, 0, 0).f1 is None
    assert score(0, 3, 0).recall is None
    assert score(0, 0, 3).precision is None
    assert score(1, 2, 4).f1 == pytest.approx(1 / 3)


@given(st.lists(st.tuples(st.integers(-3, 3), st.booleans()), max_size=30), st.integers(0, 5))
def test_the_best_threshold_is_the_best_of_all(rows: list[tuple[int, bool]], missed: int) -> None:
    rows.sort(key=lambda row: -row[0])
    weights = np.array([float(w) for w, _ in rows])
    right = np.array([r for _, r in rows], dtype=bool)
    true = int(right.sum()) + missed
    top, weight = best(weights, right, true)
    tried = [
        score(int(right[weights >= w].sum()), int((weights >= w).sum()), true) for w in weights
    ]
    assert (top.f1 or 0) == pytest.approx(max((t.f1 or 0 for t in tried), default=0))
    if weight is not None:
        assert top.pairs == (weights >= weight).sum()


@given(st.lists(st.integers(0, 4), min_size=1, max_size=12), st.integers(0, 2**12 - 1))
def test_clusters_are_scored_by_their_pairs(labels: list[int], mask: int) -> None:
    n = len(labels)
    left, right = np.triu_indices(n, 1)
    true = np.array([bool(mask >> k & 1) for k in range(12)])[np.arange(len(left)) % 12]
    truth = truth_of(n, left[true], right[true])
    together = np.array(labels)[left] == np.array(labels)[right]
    wanted = score(int((together & true).sum()), int(together.sum()), int(true.sum()))
    assert clustered(np.array(labels), truth) == wanted


def test_of_linked_files_pairs_within_one_do_not_count() -> None:
    side = np.array([False, False, True])
    found = clustered(np.array([0, 0, 0]), truth_of(3, np.array([0]), np.array([2])), side)
    assert (found.pairs, found.precision, found.recall) == (2, 0.5, 1.0)
