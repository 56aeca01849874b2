"""Pairs that a third row speaks for: both rows are like it, though they have little in common.

Of three rows every two are one person or not, and if two of the pairs are, so is the third one.
So the weight of a pair in sight of a third row follows from the weights of the three pairs; the
chances of the ways to part three rows are taken to be in proportion to the product of the odds.
"""

from __future__ import annotations

import numpy as np

from profilecore.values import frozen
from profilecore_duplicates.clusters import CERTAIN, WHOLE, Clusters, Weigh, bounded
from profilecore_duplicates.table import Floats, Ints, Table


@frozen
class Thirds:
    """Pairs within one cluster that are not listed for themselves, with the row that joins them."""

    left: Ints
    right: Ints
    weights: Floats
    through: Ints


def thirds(
    table: Table, clusters: Clusters, left: Ints, right: Ints, weigh: Weigh, threshold: float
) -> Thirds:
    """Give the pairs within clusters that are not among the listed and weigh enough by a third."""
    labels = clusters.labels
    size = np.bincount(labels, minlength=len(labels))
    inside = labels[left] == labels[right]
    listed = np.bincount(labels[left[inside]], minlength=len(labels))
    wanted = (size > 2) & (size <= WHOLE) & (listed < size * (size - 1) // 2)
    rows = np.flatnonzero(wanted[labels])
    none = np.empty(0, dtype=np.int64)
    if not len(rows):
        return Thirds(none, none, none.astype(float), none)
    rows = rows[np.argsort(labels[rows], kind="stable")]
    blocks = np.split(rows, np.flatnonzero(np.diff(labels[rows])) + 1)
    upper = {size: np.triu_indices(size, 1) for size in {len(block) for block in blocks}}
    one = np.concatenate([block[upper[len(block)][0]] for block in blocks])
    other = np.concatenate([block[upper[len(block)][1]] for block in blocks])
    # What was decided brings two rows together, and is no stronger a sign for a third one.
    every = np.minimum(bounded(weigh(one, other)), CERTAIN)
    weights, through = [], []
    at = 0
    for block in blocks:
        i, j = upper[len(block)]
        links = np.zeros((len(block), len(block)))
        links[i, j] = links[j, i] = every[at : at + len(i)]
        at += len(i)
        best, row = _best(links, i, j)
        weights.append(best)
        through.append(block[row])
    weight, by = np.concatenate(weights), np.concatenate(through)
    keep = (weight >= threshold) & ~np.isin(one * len(labels) + other, left * len(labels) + right)
    if table.side is not None:
        keep &= table.side[one] != table.side[other]
    return Thirds(one[keep], other[keep], weight[keep], by[keep])


def _best(links: Floats, i: Ints, j: Ints) -> tuple[Floats, Ints]:
    """Give for pairs of a block the highest weight in sight of any third row, and that row."""
    own, one, other = links[i, j][:, None], links[i], links[j]
    # All three one, or only these two; against none, or one of the two and the third.
    together = np.logaddexp2(own + one + other, own)
    apart = np.logaddexp2(np.logaddexp2(0.0, one), other)
    weight = together - apart
    at = np.arange(len(i))
    weight[at, i] = weight[at, j] = -np.inf
    best = weight.argmax(axis=1)
    return weight[at, best], best
