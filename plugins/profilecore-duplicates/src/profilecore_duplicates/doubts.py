"""What a run did not take: pairs under the threshold, and links between clusters."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import numpy as np

from profilecore.values import frozen
from profilecore_duplicates.blocking import candidates
from profilecore_duplicates.clusters import CERTAIN, WHOLE
from profilecore_duplicates.comparison import compare, unpacked
from profilecore_duplicates.finding import Found
from profilecore_duplicates.model import Model
from profilecore_duplicates.table import Floats, Ints, Table
from profilecore_duplicates.truth import truth_of

# So many pairs at a time take some hundred megabytes, whatever the size of the base.
CHUNK = 1_000_000
# Pairs further below the threshold are counted together: they are beyond all doubt.
DEPTH = 64

Watch = Callable[[int, int], None]


@frozen
class Pairs:
    """Pairs of rows with their agreement patterns and weights."""

    left: Ints = attrs.field(repr=False)
    right: Ints = attrs.field(repr=False)
    patterns: Ints = attrs.field(repr=False)
    weights: Floats = attrs.field(repr=False)

    def __len__(self) -> int:
        return len(self.left)


@frozen
class Refused:
    """Pairs that were compared, weigh less than the threshold and are not listed.

    ``strongest`` has the heaviest of them, heaviest first, one for each agreement pattern.
    ``counts`` says how many weigh up to one bit less than the threshold, up to two, and so on;
    the last counts all that weigh less.
    """

    strongest: Pairs = attrs.field(repr=False)
    counts: Ints = attrs.field(repr=False)


def refused(
    found: Found, threshold: float, keep: int, watch: Watch = lambda done, all_: None
) -> Refused:
    """Look at the compared pairs once more for those that were not listed.

    A run keeps only what it lists; so the pairs are brought together and compared again.
    """
    counts = np.zeros(DEPTH, dtype=np.int64)
    none = np.empty(0, dtype=np.int64)
    kept = Pairs(none, none, none, none.astype(float))
    if found.model is None:
        return Refused(kept, counts)
    listed = truth_of(len(found.table), found.pairs.left, found.pairs.right)
    pairs = candidates(found.table)
    for start in range(0, len(pairs), CHUNK):
        watch(start, len(pairs))
        part = slice(start, start + CHUNK)
        left, right = pairs.left[part].astype(np.int64), pairs.right[part].astype(np.int64)
        rest = ~listed.holds(left, right)
        left, right = left[rest], right[rest]
        packed = compare(found.table, left, right).packed()
        patterns, first, often = np.unique(packed, return_index=True, return_counts=True)
        weights = found.model.weights(unpacked(patterns))
        at = np.flatnonzero(weights < threshold)
        depth = np.ceil(np.minimum(threshold - weights[at], DEPTH)).astype(np.int64) - 1
        np.add.at(counts, depth, often[at])
        below = Pairs(left[first[at]], right[first[at]], patterns[at], weights[at])
        kept = _strongest(kept, below, keep)
    return Refused(kept, counts)


def _strongest(one: Pairs, other: Pairs, keep: int) -> Pairs:
    """Give the heaviest pairs of both, the first of each pattern."""
    patterns = np.concatenate([one.patterns, other.patterns])
    weights = np.concatenate([one.weights, other.weights])
    at = np.unique(patterns, return_index=True)[1]
    at = at[np.argsort(-weights[at], kind="stable")][:keep]
    return Pairs(
        np.concatenate([one.left, other.left])[at],
        np.concatenate([one.right, other.right])[at],
        patterns[at],
        weights[at],
    )


@frozen
class Bridge:
    """A listed pair whose rows are in different clusters, and why it was not followed."""

    position: int
    left: int
    right: int
    weight: float
    why: str


def bridges(found: Found) -> list[Bridge]:
    """Give the weak bridges of a run, heaviest first."""
    at = found.clusters.bridges
    if not len(at) or found.model is None:
        return []
    at = at[np.argsort(-found.pairs.weights[at], kind="stable")]
    left, right = found.pairs.left[at], found.pairs.right[at]
    labels = found.clusters.labels
    ends = np.sort(np.stack([labels[left], labels[right]], axis=1), axis=1)
    between, of = np.unique(ends, axis=0, return_inverse=True)
    reasons = _reasons(found.table, found.model, labels, between)
    return [
        Bridge(int(p), int(a), int(b), float(found.pairs.weights[p]), reasons[r])
        for p, a, b, r in zip(at, left, right, of.reshape(-1).tolist(), strict=True)
    ]


def _reasons(table: Table, model: Model, labels: Ints, between: Ints) -> list[str]:
    """Say of each two clusters, named by their labels, why they were not joined."""
    members = _members(labels, between.reshape(-1))
    reasons = []
    waiting: list[tuple[Ints, Ints]] = []
    size = 0
    for one, other in ((members[a], members[b]) for a, b in between.tolist()):
        if len(one) + len(other) > WHOLE:
            one = other = one[:0]
        waiting.append((one, other))
        size += len(one) * len(other)
        if size > CHUNK:
            reasons += _worded(table, model, waiting)
            waiting, size = [], 0
    return [*reasons, *_worded(table, model, waiting)]


def _members(labels: Ints, wanted: Ints) -> dict[int, Ints]:
    """Give the rows of clusters, by label."""
    wanted = np.unique(wanted)
    inside = np.flatnonzero(np.isin(labels, wanted))
    inside = inside[np.argsort(labels[inside], kind="stable")]
    cuts = np.searchsorted(labels[inside], wanted)
    return dict(zip(wanted.tolist(), np.split(inside, cuts[1:]), strict=True))


def _worded(table: Table, model: Model, groups: list[tuple[Ints, Ints]]) -> list[str]:
    if not groups:
        return []
    left = np.concatenate([np.repeat(one, len(other)) for one, other in groups])
    right = np.concatenate([np.tile(other, len(one)) for one, other in groups])
    weights: Floats = np.clip(model.weights(compare(table, left, right).values), -CERTAIN, CERTAIN)
    ends = np.cumsum([len(one) * len(other) for one, other in groups])
    return [_why(part) for part in np.split(weights, ends[:-1])]


def _why(weights: Floats) -> str:
    """Word the weights of all pairs between two clusters; of clusters too large there are none."""
    if not len(weights):
        return f"a cluster of more than {WHOLE} rows could not be checked pair by pair"
    average = float(weights.mean())
    if average < 0:
        return f"the {len(weights)} pairs between the clusters weigh {average:+.1f} bits on average"
    return "one of its rows belongs more to others, which speak against it"
