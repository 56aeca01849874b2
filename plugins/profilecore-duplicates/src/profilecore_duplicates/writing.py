"""The files that a run writes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from profilecore_duplicates.doubts import Bridge
from profilecore_duplicates.finding import Found
from profilecore_duplicates.learning import Asked
from profilecore_duplicates.reading import Records


def pairs_frame(found: Found, records: Records, other: Records | None = None) -> pl.DataFrame:
    """Give the listed pairs, heaviest first; of two linked files the first is on the left."""
    ids = _ids(records, other)
    weights = found.pairs.weights
    return pl.DataFrame(
        {
            "left": ids.gather(found.pairs.left),
            "right": ids.gather(found.pairs.right),
            "weight": np.round(weights, 4),
            "probability": np.round(found.pairs.probabilities, 6),
            "decision": pl.Series(np.where(found.decided, "match", "review"), dtype=pl.String),
        }
    )


def clusters_frame(found: Found, records: Records, other: Records | None = None) -> pl.DataFrame:
    """Give every row's cluster, named by the id of its first row."""
    ids = _ids(records, other)
    return pl.DataFrame({"id": ids, "cluster": ids.gather(found.clusters.labels)})


def bridges_frame(
    bridges: Sequence[Bridge], records: Records, other: Records | None = None
) -> pl.DataFrame:
    """Give the weak bridges, heaviest first, each with the reason why it was not followed."""
    ids = _ids(records, other)
    return pl.DataFrame(
        {
            "left": ids.gather([b.left for b in bridges]),
            "right": ids.gather([b.right for b in bridges]),
            "weight": pl.Series([round(b.weight, 4) for b in bridges], dtype=pl.Float64),
            "why": pl.Series([b.why for b in bridges], dtype=pl.String),
        }
    )


def _ids(records: Records, other: Records | None) -> pl.Series:
    return records.ids if other is None else pl.concat([records.ids, other.ids])


def asked_frame(asked: Asked, records: Records, other: Records | None = None) -> pl.DataFrame:
    """Give the pairs that wait for a decision, the column of it empty."""
    ids = _ids(records, other)
    return pl.DataFrame(
        {
            "left": ids.gather(asked.left),
            "right": ids.gather(asked.right),
            "weight": np.round(asked.weights, 4),
            "chance": np.round(asked.chances, 6),
            "decision": pl.Series([""] * len(asked.left), dtype=pl.String),
        }
    )
