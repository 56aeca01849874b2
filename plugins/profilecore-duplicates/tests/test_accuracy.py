"""How right the runs are on sets with a known truth, by default and without labels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from profilecore_duplicates.finding import find
from profilecore_duplicates.reading import read_records, table_of
from profilecore_duplicates.writing import clusters_frame, pairs_frame


def keys(frame: pl.DataFrame, one: str, other: str) -> set[tuple[str, str]]:
    return {(min(a, b), max(a, b)) for a, b in frame.select(one, other).iter_rows()}


def f1(found: set[tuple[str, str]], true: set[tuple[str, str]]) -> float:
    return 2 * len(found & true) / (len(found) + len(true))


# What was reached when the test was written, rounded down.
@pytest.mark.parametrize(
    ("name", "pairs_f1", "clusters_f1"),
    [
        ("febrl3", 0.9996, 0.9996), ("fake_1000", 0.96, 0.975), ("guests_10000", 0.978, 0.98),
        ("guests_100000", 0.968, 0.972),
    ],
)  # fmt: skip
def test_a_set_is_solved_as_well_as_it_was(
    shared: Callable[[str], Path], name: str, pairs_f1: float, clusters_f1: float
) -> None:
    folder = shared(name)
    records = read_records(folder / "records.csv")
    found = find(table_of(records))
    true = keys(pl.read_csv(folder / "truth.csv", infer_schema=False), "id_l", "id_r")
    pairs = pairs_frame(found, records)
    assert f1(keys(pairs, "left", "right"), true) >= pairs_f1
    matched = keys(pairs.filter(pl.col("decision") == "match"), "left", "right")
    assert matched
    assert len(matched & true) / len(matched) >= 0.99
    groups = clusters_frame(found, records)
    linked = groups.join(groups, on="cluster").filter(pl.col("id") < pl.col("id_right"))
    assert f1(keys(linked, "id", "id_right"), true) >= clusters_f1
