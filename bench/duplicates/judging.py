"""How right a run was: F1 of its pairs and clusters against a truth."""

from __future__ import annotations

from pathlib import Path

import attrs
import numpy as np
import polars as pl

from profilecore_duplicates.table import Ints
from profilecore_duplicates.truth import Score, best, clustered, read_truth, score


@attrs.frozen
class Verdict:
    """Pairwise scores: the best over all thresholds, by default, and of the clusters."""

    best: Score
    default: Score
    clusters: Score


def judge(
    pairs: pl.DataFrame, clusters: pl.DataFrame, ids: pl.Series, truth: Path, default: float
) -> Verdict:
    """Judge ``left,right,weight`` and ``id,cluster``; ``default`` is the tool's own threshold.

    ``ids`` names all records; one that is in no cluster is alone.
    """
    ids = ids.cast(pl.String)
    true = read_truth(truth, ids)
    left, right = _rows(pairs["left"], ids), _rows(pairs["right"], ids)
    weights = pairs["weight"].to_numpy()
    order = np.argsort(-weights, kind="stable")
    left, right, weights = left[order], right[order], weights[order]
    # A pair that is given twice counts once, with its greater weight.
    first = np.sort(np.unique(true.key(left, right), return_index=True)[1])
    hits, weights = true.holds(left[first], right[first]), weights[first]
    listed = int((weights >= default).sum())
    return Verdict(
        best(weights, hits, len(true))[0],
        score(int(hits[:listed].sum()), listed, len(true)),
        clustered(_labels(clusters, ids), true),
    )


def _rows(values: pl.Series, ids: pl.Series) -> Ints:
    known = pl.DataFrame({"id": ids, "row": pl.int_range(len(ids), dtype=pl.Int64, eager=True)})
    wanted = values.cast(pl.String).to_frame("id")
    return wanted.join(known, on="id", how="left", maintain_order="left")["row"].to_numpy()


def _labels(clusters: pl.DataFrame, ids: pl.Series) -> Ints:
    labels = np.arange(len(ids))
    named = clusters["cluster"].cast(pl.String).rank("dense").to_numpy().astype(np.int64)
    labels[_rows(clusters["id"], ids)] = named + len(ids)
    return np.unique(labels, return_inverse=True)[1]
