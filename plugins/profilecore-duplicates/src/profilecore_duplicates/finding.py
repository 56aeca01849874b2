"""One run over a table: candidates, levels, model, weights, decisions, clusters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import numpy as np

from profilecore.values import frozen
from profilecore_duplicates.blocking import Candidates, Capped, candidates
from profilecore_duplicates.clusters import Clusters, cluster
from profilecore_duplicates.comparison import Levels, compare, patterns_of, unpacked
from profilecore_duplicates.model import Model
from profilecore_duplicates.scoring import Explanation, Scored, explain, matched, probability
from profilecore_duplicates.table import Flags, Floats, Ints, Table
from profilecore_duplicates.training import fit

Watch = Callable[[str], None]


@frozen
class Estimate:
    """What the model itself expects of the pairs it gives: shares from 0 to 1, or ``None``.

    ``recall`` is of the pairs that were compared; what no rule brought together is not in it.
    """

    precision: float | None
    recall: float | None
    match_precision: float | None


@frozen
class Found:
    """The listed pairs, heaviest first; ``decided`` tells which of them may be merged.

    ``model`` is ``None`` where there was nothing to compare.
    """

    table: Table = attrs.field(repr=False)
    pairs: Scored = attrs.field(repr=False)
    decided: Flags = attrs.field(repr=False)
    clusters: Clusters = attrs.field(repr=False)
    model: Model | None
    compared: int
    capped: tuple[Capped, ...]
    estimate: Estimate
    notes: tuple[str, ...] = ()

    def explain(self, position: int) -> Explanation:
        """Explain the listed pair at a position."""
        if self.model is None:
            raise IndexError(position)
        return explain(int(self.pairs.patterns[position]), self.model)

    def summary(self) -> dict[str, Any]:
        """Give the run in numbers; no value that a person gave is in it."""
        matches = int(self.decided.sum())
        sizes = np.bincount(self.clusters.labels) if len(self.table) else np.zeros(0, dtype=int)
        return {
            "records": len(self.table),
            "compared": self.compared,
            "match": matches,
            "review": len(self.decided) - matches,
            "clusters": int((sizes > 1).sum()),
            "largest_cluster": int(sizes.max(initial=0)),
            "weak_bridges": len(self.clusters.bridges),
            "estimate": dict(vars(self.estimate)),
            "converged": self.model is not None and self.model.converged,
            "rounds": 0 if self.model is None else self.model.rounds,
            "capped": [dict(vars(capped)) for capped in self.capped],
            "shared_contacts": dict(self.table.crowded),
            "notes": list(self.notes),
        }


def find(
    table: Table,
    *,
    model: Model | None = None,
    threshold: float = 0.0,
    watch: Watch = lambda step: None,
) -> Found:
    """Find the pairs of rows that are one person: those that weigh at least ``threshold`` bits.

    Without a model one is fitted to the table.  The same table gives the same result.
    """
    watch("looking for candidates")
    pairs = candidates(table)
    watch("comparing")
    patterns, back, counts = patterns_of(table, pairs.left, pairs.right)
    if not len(pairs):
        return _nothing(table, model, pairs)
    if model is None:
        watch("fitting the model")
        model = fit(table, patterns, counts)
    watch("weighing")
    by_pattern = model.weights(unpacked(patterns))
    weights = by_pattern[back]
    listed = np.flatnonzero(weights >= threshold)
    listed = listed[np.argsort(-weights[listed], kind="stable")]
    scored = Scored(
        pairs.left[listed].astype(np.int64),
        pairs.right[listed].astype(np.int64),
        patterns[back[listed]],
        weights[listed],
    )
    decided = matched(Levels(unpacked(scored.patterns)), scored.weights, model)
    watch("clustering")
    clusters = cluster(
        len(table), scored.left, scored.right, scored.weights, _weigher(table, model)
    )
    return Found(
        table,
        scored,
        decided,
        clusters,
        model,
        len(pairs),
        pairs.capped,
        _estimate(by_pattern, counts, scored, decided),
        model.notes,
    )


def _weigher(table: Table, model: Model) -> Callable[[Ints, Ints], Floats]:
    def weigh(left: Ints, right: Ints) -> Floats:
        return model.weights(compare(table, left, right).values)

    return weigh


def _nothing(table: Table, model: Model | None, pairs: Candidates) -> Found:
    none = np.empty(0, dtype=np.int64)
    empty = Scored(none, none, none, none.astype(float))
    flags = none.astype(bool)
    return Found(
        table,
        empty,
        flags,
        Clusters(np.arange(len(table)), none),
        model,
        0,
        pairs.capped,
        Estimate(None, None, None),
        ("There was no pair to compare.",),
    )


def _estimate(by_pattern: Floats, counts: Ints, scored: Scored, decided: Flags) -> Estimate:
    expected = float((probability(by_pattern) * counts).sum())
    chances = scored.probabilities
    return Estimate(
        precision=float(chances.mean()) if len(chances) else None,
        recall=float(chances.sum() / expected) if expected else None,
        match_precision=float(chances[decided].mean()) if decided.any() else None,
    )
