"""One run over a table: candidates, levels, model, weights, decisions, clusters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import numpy as np

from profilecore.model.fields import evolve
from profilecore.values import frozen
from profilecore_duplicates.blocking import Candidates, candidates, candidates_from
from profilecore_duplicates.clusters import Clusters, Weigh, cluster
from profilecore_duplicates.columns import Rows
from profilecore_duplicates.comparison import Levels, patterns_of, unpacked
from profilecore_duplicates.decisions import (
    DIFFERENT,
    SAME,
    UNSURE,
    Decisions,
    no_decisions,
)
from profilecore_duplicates.judging import Cost, Estimate, costs, estimate, thin, uniform
from profilecore_duplicates.learning import (
    Asked,
    Learned,
    importance_of,
    judged,
    learn,
    next_to_review,
    without_learned,
)
from profilecore_duplicates.model import Model
from profilecore_duplicates.resuming import Arrays, Steps
from profilecore_duplicates.scoring import (
    Explanation,
    Scored,
    by_third,
    explain,
    matched,
    probability,
)
from profilecore_duplicates.table import Codes, Flags, Floats, Ints, Table
from profilecore_duplicates.thirds import thirds
from profilecore_duplicates.training import fit
from profilecore_duplicates.views import Views, each_by_itself

Watch = Callable[[str], None]


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
    capped: tuple[Cost, ...]
    estimate: Estimate
    notes: tuple[str, ...] = ()
    learned: Learned | None = None
    asked: Asked | None = attrs.field(default=None, repr=False)

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
            "learned": None if self.learned is None else self.learned.as_dict(),
        }


def find(
    table: Table,
    *,
    model: Model | None = None,
    threshold: float = 0.0,
    watch: Watch = lambda step: None,
    decisions: Decisions | None = None,
    ask: int = 0,
    teach: bool = True,
    views: Views | None = None,
    steps: Steps | None = None,
) -> Found:
    """Find the pairs of rows that are one person: those that weigh at least ``threshold`` bits.

    Without a model one is fitted to the table.  Decided pairs keep their decision: ``same`` is a
    match whatever it weighs, ``different`` is neither listed nor in one cluster, ``unsure`` is
    never a match; and what they ``teach`` is used if it is shown to be a gain.  ``ask`` says for
    how many further pairs a decision is wanted.  With ``views`` pairs, decisions and clusters are
    of the profiles that the rows are views of.  ``steps`` keeps what is finished, for a run with
    the same table and decisions.  These give the same result each time.
    """
    steps = Steps() if steps is None else steps
    decisions = no_decisions() if decisions is None else decisions
    members = each_by_itself(len(table)) if views is None else views
    watch("looking for candidates")
    found = candidates_from(steps.arrays("candidates", lambda: candidates(table).as_arrays()))
    pairs = members.across(found, decisions.left, decisions.right)
    watch("comparing")
    compared = steps.arrays("patterns", lambda: _compared(table, pairs))
    patterns, back, counts = (compared[name] for name in ("patterns", "back", "counts"))
    if not len(pairs):
        return _nothing(table, model, len(members))
    notes = uniform(table)
    fitted = model is None
    if model is None:
        watch("fitting the model")
        model = fit(table, patterns, counts)
    watch("weighing")
    levels = unpacked(patterns)
    learned = None
    if teach and decisions.told.any():
        model, learned = _taught(table, members, model, decisions, levels, counts)
    by_pattern = model.weights(levels)
    left, right, back = members.heaviest(pairs.left, pairs.right, by_pattern, back)
    weights = by_pattern[back]
    said = decisions.of(len(members), left, right)
    listed = np.flatnonzero(((weights >= threshold) | (said == SAME)) & (said != DIFFERENT))
    listed = listed[np.argsort(-weights[listed], kind="stable")]
    scored = Scored(
        left[listed].astype(np.int64),
        right[listed].astype(np.int64),
        patterns[back[listed]],
        weights[listed],
        np.full(len(listed), -1),
    )
    asked = _asked(left, right, patterns, back, weights, said, ask)
    watch("clustering")
    weigh = decisions.weigher(len(members), members.weigher(table, model))
    clusters = cluster(
        len(members), scored.left, scored.right, scored.weights, weigh, decisions.apart
    )
    scored = _with_thirds(table, members, model, scored, clusters, weigh, threshold)
    decided = matched(Levels(unpacked(scored.patterns)), scored.weights, model)
    decided &= scored.through < 0
    said = decisions.of(len(members), scored.left, scored.right)
    decided = (decided | (said == SAME)) & (said != UNSURE)
    watch("judging")
    if fitted:
        notes += thin(levels, counts, by_pattern)
    if learned is not None:
        learned = _with_intervals(
            table, members, model, decisions, by_pattern, counts, threshold, learned
        )
        notes += (learned.words,)
    if decisions.unknown:
        notes += (f"{decisions.unknown} decisions name rows that are not here.",)
    capped = costs(table, found, model)
    expected = float(probability(by_pattern) @ counts)
    return Found(
        table,
        scored,
        decided,
        clusters,
        model,
        len(left),
        capped,
        estimate(expected, scored, decided, capped),
        (*model.notes, *notes),
        learned,
        asked,
    )


def _compared(table: Table, pairs: Candidates) -> Arrays:
    made = patterns_of(table, pairs.left, pairs.right)
    return dict(zip(("patterns", "back", "counts"), made, strict=True))


def _taught(
    table: Table,
    members: Views,
    model: Model,
    decisions: Decisions,
    levels: Codes,
    counts: Ints,
) -> tuple[Model, Learned]:
    """Let decisions correct the model where that is shown to be a gain."""
    told = decisions.told
    plain = without_learned(model)
    decided = members.levels(table, plain, decisions.left[told], decisions.right[told]).values
    stands_for = importance_of(plain.weights(decided), plain.weights(levels), counts)
    return learn(model, decided, decisions.said[told] == SAME, stands_for)


def _with_intervals(
    table: Table,
    members: Views,
    model: Model,
    decisions: Decisions,
    by_pattern: Floats,
    counts: Ints,
    threshold: float,
    learned: Learned,
) -> Learned:
    """Say what the decisions make of precision and recall."""
    told = decisions.told
    levels = members.levels(table, model, decisions.left[told], decisions.right[told])
    weights, same = model.weights(levels.values), decisions.said[told] == SAME
    sure = matched(levels, weights, model)
    precision, match_precision, recall = judged(weights, same, sure, by_pattern, counts, threshold)
    return evolve(learned, precision=precision, match_precision=match_precision, recall=recall)


def _asked(
    left: Rows,
    right: Rows,
    patterns: Ints,
    back: Codes,
    weights: Floats,
    said: Codes,
    n: int,
) -> Asked | None:
    if not n:
        return None
    chosen = next_to_review(weights, n, said >= 0)
    at = chosen.positions
    one, other = left[at].astype(np.int64), right[at].astype(np.int64)
    return Asked(one, other, patterns[back[at]], weights[at], chosen.chances)


def _with_thirds(
    table: Table,
    members: Views,
    model: Model,
    scored: Scored,
    clusters: Clusters,
    weigh: Weigh,
    threshold: float,
) -> Scored:
    """Add the pairs that are listed for a third row that both are like."""
    # Nobody is in sight of a third row by what speaks against it.
    least = max(threshold, 0.0)
    more = thirds(table, clusters, scored.left, scored.right, weigh, least)
    if not len(more.left):
        return scored
    weights = np.concatenate([scored.weights, more.weights])
    patterns = members.levels(table, model, more.left, more.right).packed()
    order = np.argsort(-weights, kind="stable")
    return Scored(
        np.concatenate([scored.left, more.left])[order],
        np.concatenate([scored.right, more.right])[order],
        np.concatenate([scored.patterns, patterns])[order],
        weights[order],
        np.concatenate([scored.through, more.through])[order],
    )


def _nothing(table: Table, model: Model | None, members: int) -> Found:
    none = np.empty(0, dtype=np.int64)
    empty = Scored(none, none, none, none.astype(float), none)
    return Found(
        table,
        empty,
        none.astype(bool),
        Clusters(np.arange(members), none),
        model,
        0,
        (),
        Estimate(None, None, None),
        ("There was no pair to compare.",),
    )
