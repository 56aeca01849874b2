"""One run over a table: candidates, levels, model, weights, decisions, clusters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import numpy as np

from profilecore.values import frozen
from profilecore_duplicates.blocking import Candidates, Capped, candidates
from profilecore_duplicates.clusters import Clusters, Weigh, cluster
from profilecore_duplicates.comparison import Levels, compare, patterns_of, unpacked
from profilecore_duplicates.model import Model
from profilecore_duplicates.scoring import (
    Explanation,
    Scored,
    by_third,
    explain,
    matched,
    probability,
)
from profilecore_duplicates.table import Flags, Floats, Ints, Table
from profilecore_duplicates.thirds import thirds
from profilecore_duplicates.training import fit
from profilecore_duplicates.views import Views

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
        own = explain(int(self.pairs.patterns[position]), self.model)
        if self.pairs.through[position] < 0:
            return own
        return by_third(own, float(self.pairs.weights[position]))

    def summary(self) -> dict[str, Any]:
        """Give the run in numbers; no value that a person gave is in it."""
        matches = int(self.decided.sum())
        sizes = np.bincount(self.clusters.labels)
        return {
            "records": len(self.clusters.labels),
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
    views: Views | None = None,
) -> Found:
    """Find the pairs of rows that are one person: those that weigh at least ``threshold`` bits.

    Without a model one is fitted to the table.  The same table gives the same result.  With
    ``views`` pairs and clusters are of the profiles that the rows are views of.
    """
    watch("looking for candidates")
    pairs = candidates(table)
    if views is not None:
        pairs = views.across(pairs)
    watch("comparing")
    patterns, back, counts = patterns_of(table, pairs.left, pairs.right)
    if not len(pairs):
        return _nothing(table, model, pairs, views)
    if model is None:
        watch("fitting the model")
        model = fit(table, patterns, counts)
    watch("weighing")
    by_pattern = model.weights(unpacked(patterns))
    weights = by_pattern[back]
    left, right = pairs.left, pairs.right
    if views is not None:
        best = views.heaviest(left, right, weights)
        left, right, back, weights = left[best], right[best], back[best], weights[best]
    listed = np.flatnonzero(weights >= threshold)
    listed = listed[np.argsort(-weights[listed], kind="stable")]
    one, other = left[listed].astype(np.int64), right[listed].astype(np.int64)
    if views is not None:
        one, other = views.owner[one], views.owner[other]
    through = np.full(len(listed), -1)
    scored = Scored(one, other, patterns[back[listed]], weights[listed], through)
    watch("clustering")
    members = len(table if views is None else views)
    weigh = _weigher(table, model, views)
    clusters = cluster(members, scored.left, scored.right, scored.weights, weigh)
    pattern = _pattern_of(table, model, views)
    scored = _with_thirds(table, scored, clusters, weigh, pattern, threshold)
    decided = matched(Levels(unpacked(scored.patterns)), scored.weights, model)
    decided &= scored.through < 0
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


def _pattern_of(table: Table, model: Model, views: Views | None) -> Callable[[Ints, Ints], Ints]:
    """Give what tells the pattern of pairs: of profiles, that of their heaviest views."""

    def patterns(left: Ints, right: Ints) -> Ints:
        if views is None:
            return compare(table, left, right).packed()
        one, other = views.rows(left, right)
        levels = compare(table, one, other)
        best = views.heaviest(one, other, model.weights(levels.values))
        rank = np.argsort(np.argsort(left * len(views) + right))
        return levels.packed()[best][rank]

    return patterns


def _with_thirds(
    table: Table,
    scored: Scored,
    clusters: Clusters,
    weigh: Weigh,
    pattern_of: Callable[[Ints, Ints], Ints],
    threshold: float,
) -> Scored:
    """Add the pairs that are listed for a third row that both are like."""
    # Nobody is in sight of a third row by what speaks against it.
    least = max(threshold, 0.0)
    more = thirds(table, clusters, scored.left, scored.right, weigh, least)
    if not len(more.left):
        return scored
    weights = np.concatenate([scored.weights, more.weights])
    patterns = pattern_of(more.left, more.right)
    order = np.argsort(-weights, kind="stable")
    return Scored(
        np.concatenate([scored.left, more.left])[order],
        np.concatenate([scored.right, more.right])[order],
        np.concatenate([scored.patterns, patterns])[order],
        weights[order],
        np.concatenate([scored.through, more.through])[order],
    )


def _weigher(table: Table, model: Model, views: Views | None) -> Weigh:
    def weigh(left: Ints, right: Ints) -> Floats:
        return model.weights(compare(table, left, right).values)

    return weigh if views is None else views.weigher(weigh)


def _nothing(table: Table, model: Model | None, pairs: Candidates, views: Views | None) -> Found:
    none = np.empty(0, dtype=np.int64)
    empty = Scored(none, none, none, none.astype(float), none)
    flags = none.astype(bool)
    return Found(
        table,
        empty,
        flags,
        Clusters(np.arange(len(table if views is None else views)), none),
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
