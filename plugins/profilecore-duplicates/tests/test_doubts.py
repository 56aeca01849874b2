"""Weak bridges, and why they were not followed."""

from __future__ import annotations

from pathlib import Path

import attrs
import numpy as np
import pytest

from profilecore_duplicates.clusters import WHOLE, Clusters
from profilecore_duplicates.doubts import Bridge, bridges
from profilecore_duplicates.finding import Found, find
from profilecore_duplicates.reading import read_records, table_of
from profilecore_duplicates.table import Table


def parted(found: Found, labels: list[int]) -> Found:
    """Give a run as if its clusters had been these."""
    of = np.array(labels)
    apart = np.flatnonzero(of[found.pairs.left] != of[found.pairs.right])
    return attrs.evolve(found, clusters=Clusters(of, apart))


def between(found: Found, one: int, other: int) -> Bridge:
    return next(b for b in bridges(found) if {b.left, b.right} == {one, other})


def test_no_bridge_is_told_where_clusters_are_whole(table: Table) -> None:
    assert bridges(find(table)) == []


def test_the_pairs_between_two_clusters_are_the_reason(crowd: Path) -> None:
    labels = list(range(440))
    labels[1] = labels[2] = labels[3] = 400
    found = parted(find(table_of(read_records(crowd))), labels)
    said = between(found, 0, 400)
    assert said.weight == pytest.approx(found.pairs.weights[said.position])
    assert "the 4 pairs between the clusters weigh -" in said.why


def test_bridges_come_heaviest_first(table: Table) -> None:
    found = parted(find(table, threshold=-99.0), list(range(7)))
    weights = [b.weight for b in bridges(found)]
    assert len(weights) == len(found.pairs.weights)
    assert weights == sorted(weights, reverse=True)


def test_a_bridge_that_nothing_speaks_against_was_drawn_by_others(table: Table) -> None:
    found = parted(find(table), [0, 1, 2, 2, 4, 5, 6])
    assert "belongs more to others" in between(found, 0, 1).why


def test_a_cluster_too_large_to_check_is_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "equal.csv"
    path.write_text("id,name\n" + "".join(f"{n},Ana Lopez\n" for n in range(WHOLE + 1)))
    found = find(table_of(read_records(path)), threshold=-99.0)
    said = bridges(parted(found, [0] * WHOLE + [WHOLE]))
    assert said
    assert all(f"more than {WHOLE} rows" in bridge.why for bridge in said)


def test_reasons_are_the_same_in_small_portions(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = parted(find(table, threshold=-99.0), [0, 0, 2, 3, 3, 5, 6])
    whole = bridges(found)
    monkeypatch.setattr("profilecore_duplicates.doubts.CHUNK", 1)
    assert bridges(found) == whole
