"""How right a run was, where it is known which rows are one person."""

from __future__ import annotations

from pathlib import Path

import attrs
import numpy as np
import polars as pl

from profilecore.values import frozen
from profilecore_duplicates.faults import InputRefused
from profilecore_duplicates.finding import Found
from profilecore_duplicates.table import Flags, Floats, Ints

# The names of the two columns, in the order in which they are looked for.
_COLUMNS = (("id_l", "id_r"), ("left", "right"))


@frozen
class Truth:
    """All true pairs, as row numbers of the run; ``left_out`` counts pairs of ids it has not.

    ``keys`` are ascending, each pair once, made by :meth:`key`.
    """

    rows: int
    keys: Ints = attrs.field(repr=False)
    left_out: int = 0

    def __len__(self) -> int:
        return len(self.keys)

    def key(self, left: Ints, right: Ints) -> Ints:
        """Write pairs of rows as one integer each; a pair has no direction."""
        return np.minimum(left, right) * self.rows + np.maximum(left, right)

    def holds(self, left: Ints, right: Ints) -> Flags:
        """Tell which pairs of rows are one person."""
        if not len(self):
            return np.zeros(len(left), dtype=bool)
        keys = self.key(left, right)
        at = np.minimum(np.searchsorted(self.keys, keys), len(self) - 1)
        return np.asarray(self.keys[at] == keys)


@frozen
class Score:
    """Of ``pairs`` found, how many are right, and of the true ones how many were found.

    Shares from 0 to 1; ``None`` where there is nothing to take a share of.
    """

    pairs: int
    precision: float | None
    recall: float | None
    f1: float | None


@frozen
class Verdict:
    """Scores of what was marked, listed and clustered; ``best`` is over all thresholds.

    ``best_weight`` is the threshold of ``best``.
    """

    true_pairs: int
    left_out: int
    match: Score
    listed: Score
    best: Score
    best_weight: float | None
    clusters: Score


def read_truth(path: Path, ids: pl.Series, other: pl.Series | None = None) -> Truth:
    """Read a CSV of all true pairs: ``id_l,id_r`` or ``left,right``.

    Of two linked files the first column has ids of the first.  A pair with an id that is not in
    the files is left out, and counted.

    :raises InputRefused: it is no such CSV.
    """
    try:
        frame = pl.read_csv(path, infer_schema=False)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError):
        raise InputRefused("no-truth", f"{path} cannot be read as CSV in UTF-8.") from None
    columns = next((c for c in _COLUMNS if set(c) <= set(frame.columns)), None)
    if columns is None:
        raise InputRefused(
            "no-truth", f"{path} has no columns id_l and id_r; name the true pairs under them."
        )
    one = _rows(ids, 0)
    two = one if other is None else _rows(other, len(ids))
    found = (
        frame.select(left=columns[0], right=columns[1])
        .join(one.rename({"id": "left", "row": "a"}), on="left", how="left")
        .join(two.rename({"id": "right", "row": "b"}), on="right", how="left")
    )
    inside = found.filter(
        pl.col("a").is_not_null() & pl.col("b").is_not_null() & (pl.col("a") != pl.col("b"))
    )
    rows = len(ids) + (0 if other is None else len(other))
    return truth_of(
        rows, inside["a"].to_numpy(), inside["b"].to_numpy(), found.height - inside.height
    )


def truth_of(rows: int, left: Ints, right: Ints, left_out: int = 0) -> Truth:
    """Make a truth of pairs of row numbers, in any order and direction."""
    empty = Truth(rows, np.empty(0, dtype=np.int64), left_out)
    keys = empty.key(left.astype(np.int64), right.astype(np.int64))
    return Truth(rows, np.unique(keys), left_out)


def _rows(ids: pl.Series, first: int) -> pl.DataFrame:
    return pl.DataFrame(
        {"id": ids, "row": pl.int_range(first, first + len(ids), dtype=pl.Int64, eager=True)}
    )


def score(right: int, found: int, true: int) -> Score:
    """Score how many of the found pairs are right, of so many true ones."""
    return Score(
        found,
        right / found if found else None,
        right / true if true else None,
        2 * right / (found + true) if found + true else None,
    )


def best(weights: Floats, right: Flags, true: int) -> tuple[Score, float | None]:
    """Give the score at the threshold with the best F1, and that threshold.

    The pairs come heaviest first; a threshold cannot part pairs of one weight.
    """
    if not len(weights):
        return score(0, 0, true), None
    ends = np.flatnonzero(np.append(weights[1:] != weights[:-1], True))
    hits = np.cumsum(right)[ends]
    at = int((hits / (ends + 1 + true)).argmax())
    return score(int(hits[at]), int(ends[at]) + 1, true), float(weights[ends[at]])


def clustered(labels: Ints, truth: Truth, side: Flags | None = None) -> Score:
    """Score the pairs of rows that share a cluster; of linked files only pairs across count."""
    left, right = np.divmod(truth.keys, truth.rows)
    hits = int((labels[left] == labels[right]).sum())
    return score(hits, _together(labels, side), len(truth))


def _together(labels: Ints, side: Flags | None) -> int:
    sizes = np.bincount(labels)
    if side is None:
        return int((sizes * (sizes - 1) // 2).sum())
    other = np.bincount(labels[side], minlength=len(sizes))
    return int((other * (sizes - other)).sum())


def judge(found: Found, truth: Truth) -> Verdict:
    """Compare a run with the truth."""
    right = truth.holds(found.pairs.left, found.pairs.right)
    top, weight = best(found.pairs.weights, right, len(truth))
    return Verdict(
        true_pairs=len(truth),
        left_out=truth.left_out,
        match=score(int(right[found.decided].sum()), int(found.decided.sum()), len(truth)),
        listed=score(int(right.sum()), len(right), len(truth)),
        best=top,
        best_weight=weight,
        clusters=clustered(found.clusters.labels, truth, found.table.side),
    )
