"""Clusters of rows that are one person, without chains of strangers.

Pairs that are listed make components.  Within a component every pair is compared, and groups are
joined from the heaviest link down while their rows, on average, speak for one person: a link
that the rest speaks against is a weak bridge, and is told instead of followed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import attrs
import numpy as np

from profilecore.values import frozen
from profilecore_duplicates.table import Floats, Ints

# Of a larger component only the pairs known already are looked at: all would be too many.
WHOLE = 60
# A single pair counts at most so much, for or against: beyond it is certain as it is.
CERTAIN = 10.0

# What somebody decided weighs more than any evidence.
DECIDED = 1e6
# Two groups are told by all their pairs, and by the nearest once more as much as by one in four:
# a row that lacks much, or holds a slip, is like the row that it was copied from.
NEAREST = 0.25

Weigh = Callable[[Ints, Ints], Floats]


@frozen
class Clusters:
    """``labels`` has for each row the lowest row number of its cluster.

    ``bridges`` are positions of listed pairs whose rows ended in different clusters.
    """

    labels: Ints = attrs.field(repr=False)
    bridges: Ints = attrs.field(repr=False)


def components(n: int, left: Ints, right: Ints) -> Ints:
    """Give each row the lowest row number that it is linked to, through others too."""
    label = np.arange(n)
    while True:
        low = np.minimum(label[left], label[right])
        before = label.copy()
        np.minimum.at(label, label[left], low)
        np.minimum.at(label, label[right], low)
        label = label[label]
        if (label == before).all():
            return label


def cluster(
    n: int,
    left: Ints,
    right: Ints,
    weights: Floats,
    weigh: Weigh,
    apart: Sequence[tuple[int, int]] = (),
) -> Clusters:
    """Cluster rows by listed pairs; ``weigh`` gives the weights of any pairs of rows.

    Rows ``apart`` never share a cluster, and weigh minus infinity; a weight of ``DECIDED`` or
    more goes before all that is not decided.
    """
    label = components(n, left, right)
    size = np.bincount(label, minlength=n)
    rows = np.flatnonzero(size[label] > 2)
    by_size = blocks_of(label, rows)
    _settle(label, [blocks for blocks in by_size if blocks.shape[1] <= WHOLE], weigh)
    for blocks in by_size:
        for block in blocks if blocks.shape[1] > WHOLE else ():
            _join_large(label, block, left, right, weights, apart)
    return Clusters(label, np.flatnonzero(label[left] != label[right]))


def blocks_of(label: Ints, rows: Ints) -> list[Ints]:
    """Give the rows of equal label side by side: for each size of such blocks one table of them."""
    rows = rows[np.argsort(label[rows], kind="stable")]
    _, first, sizes = np.unique(label[rows], return_index=True, return_counts=True)
    return [
        rows[first[sizes == size][:, None] + np.arange(size)] for size in np.unique(sizes).tolist()
    ]


def pairs_of(blocks: Sequence[Ints]) -> tuple[Ints, Ints]:
    """Give every pair of rows within blocks: table by table, block by block."""
    none = np.empty(0, dtype=np.int64)
    ends = [(b, np.triu_indices(b.shape[1], 1)) for b in blocks]
    one = [none, *(b[:, i].ravel() for b, (i, _) in ends)]
    other = [none, *(b[:, j].ravel() for b, (_, j) in ends)]
    return np.concatenate(one), np.concatenate(other)


def squares(blocks: Sequence[Ints], weights: Floats) -> Iterator[tuple[Ints, Floats]]:
    """Give each table of blocks with what its pairs weigh, as in ``pairs_of``: a square a block."""
    start = 0
    for rows in blocks:
        count, size = rows.shape
        i, j = np.triu_indices(size, 1)
        links = np.zeros((count, size, size))
        end = start + count * len(i)
        links[:, i, j] = links[:, j, i] = weights[start:end].reshape(count, len(i))
        yield rows, links
        start = end


def _settle(label: Ints, blocks: list[Ints], weigh: Weigh) -> None:
    one, other = pairs_of(blocks)
    if len(one):
        for rows, links in squares(blocks, bounded(weigh(one, other))):
            size = rows.shape[1]
            # Where all pairs are for it, the component is the cluster that it is labelled as.
            torn = (links[:, ~np.eye(size, dtype=bool)] <= 0).any(axis=1)
            _join(label, rows[torn], links[torn])


def bounded(weights: Floats) -> Floats:
    """Let a pair count for no more than ``CERTAIN``, but for what was decided."""
    made = np.clip(weights, -CERTAIN, CERTAIN)
    decided = (weights >= DECIDED) | (weights == -np.inf)
    made[decided] = weights[decided]
    return made


def _join(label: Ints, blocks: Ints, links: Floats) -> None:
    """Join in each block the two groups with the heaviest link until none is above zero.

    Of the link of two groups see ``NEAREST``.  The blocks have one size, and go together.
    """
    count, size = blocks.shape
    # A group goes by its first member.
    group = np.tile(np.arange(size), (count, 1))
    total, best = links.copy(), np.where(np.isfinite(links), links, 0.0)
    total[:, np.arange(size), np.arange(size)] = -np.inf
    counts, going = np.ones((count, size)), np.arange(count)
    while len(going):
        average = total / (counts[:, :, None] * counts[:, None, :])
        average = (average * (1 - NEAREST) + best * NEAREST).reshape(len(going), -1)
        a, b = np.divmod(average.argmax(axis=1), size)
        more = average.max(axis=1) >= 0
        going, total, best, counts, a, b = (x[more] for x in (going, total, best, counts, a, b))
        at = np.arange(len(going))
        total[at, a] += total[at, b]
        total[at, :, a] = total[at, a]
        total[at, a, a] = total[at, b] = total[at, :, b] = -np.inf
        counts[at, a] += counts[at, b]
        best[at, a] = np.maximum(best[at, a], best[at, b])
        best[at, :, a] = best[at, a]
        own = group[going]
        group[going] = np.where(own == b[:, None], a[:, None], own)
    label[blocks] = np.take_along_axis(blocks, group, axis=1)


def _join_large(
    label: Ints,
    block: Ints,
    left: Ints,
    right: Ints,
    weights: Floats,
    apart: Sequence[tuple[int, int]],
) -> None:
    """Follow the heaviest links first; a group stops growing at the size that can be checked."""
    inside = np.flatnonzero(np.isin(left, block))
    inside = inside[np.argsort(-weights[inside], kind="stable")]
    group = {int(row): [int(row)] for row in block}
    foes: dict[int, set[int]] = {}
    for a, b in apart:
        foes.setdefault(a, set()).add(b)
        foes.setdefault(b, set()).add(a)
    for at in inside:
        one, other = group[int(left[at])], group[int(right[at])]
        if one is other or len(one) + len(other) > WHOLE:
            continue
        if not any(foes[row].intersection(other) for row in one if row in foes):
            one += other
            group.update((row, one) for row in other)
    for row, rows in group.items():
        label[row] = min(rows)
