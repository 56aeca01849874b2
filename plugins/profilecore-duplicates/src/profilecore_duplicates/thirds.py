"""Pairs that a third row speaks for: both rows are like it, though they have little in common.

Of three rows every two are one person or not, and if two of the pairs are, so is the third one.
So the weight of a pair in sight of a third row follows from the weights of the three pairs; the
chances of the ways to part three rows are taken to be in proportion to the product of the odds.
"""

from __future__ import annotations

import numpy as np

from profilecore.values import frozen
from profilecore_duplicates.clusters import (
    CERTAIN,
    WHOLE,
    Clusters,
    Weigh,
    blocks_of,
    bounded,
    pairs_of,
    squares,
)
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
    blocks = blocks_of(labels, np.flatnonzero(wanted[labels]))
    none = np.empty(0, dtype=np.int64)
    if not blocks:
        return Thirds(none, none, none.astype(float), none)
    one, other = pairs_of(blocks)
    # What was decided brings two rows together, and is no stronger a sign for a third one.
    every = np.minimum(bounded(weigh(one, other)), CERTAIN)
    best = [_best(*square) for square in squares(blocks, every)]
    weight, by = (np.concatenate(parts) for parts in zip(*best, strict=True))
    near = inside & wanted[labels[left]]
    known = left[near] * len(labels) + right[near]
    keep = (weight >= threshold) & ~np.isin(one * len(labels) + other, known)
    if table.side is not None:
        keep &= table.side[one] != table.side[other]
    return Thirds(one[keep], other[keep], weight[keep], by[keep])


def _best(blocks: Ints, links: Floats) -> tuple[Floats, Ints]:
    """Give for the pairs of blocks the highest weight in sight of any third row, and that row."""
    i, j = np.triu_indices(blocks.shape[1], 1)
    own, one, other = links[:, i, j, None], links[:, i], links[:, j]
    # All three one, or only these two; against none, or one of the two and the third.
    together = np.logaddexp2(own + one + other, own)
    apart = np.logaddexp2(np.logaddexp2(0.0, one), other)
    weight = together - apart
    at = np.arange(len(i))
    weight[:, at, i] = weight[:, at, j] = -np.inf
    by = np.take_along_axis(blocks, weight.argmax(axis=2), axis=1)
    return weight.max(axis=2).ravel(), by.ravel()
