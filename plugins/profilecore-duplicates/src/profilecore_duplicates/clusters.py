"""Clusters of rows that are one person, without chains of strangers.

Pairs that are listed make components.  Within a component every pair is compared, and groups are
joined from the heaviest link down while their rows, on average, speak for one person: a link
that the rest speaks against is a weak bridge, and is told instead of followed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

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
    open_ = size[label] > 2
    members = np.flatnonzero(open_)
    members = members[np.argsort(label[members], kind="stable")]
    if len(members):
        bounds = np.flatnonzero(np.diff(label[members])) + 1
        blocks = np.split(members, bounds)
        small = [block for block in blocks if len(block) <= WHOLE]
        if small:
            _settle(label, small, weigh)
        for block in blocks:
            if len(block) > WHOLE:
                _join_large(label, block, left, right, weights, apart)
    return Clusters(label, np.flatnonzero(label[left] != label[right]))


def _settle(label: Ints, blocks: list[Ints], weigh: Weigh) -> None:
    upper = {size: np.triu_indices(size, 1) for size in {len(b) for b in blocks}}
    ends = [(b, *upper[len(b)]) for b in blocks]
    one = np.concatenate([b[i] for b, i, _ in ends])
    other = np.concatenate([b[j] for b, _, j in ends])
    every = bounded(weigh(one, other))
    starts = np.cumsum([0, *(len(i) for _, i, _ in ends)])
    # Where all pairs are for it, the component is the cluster that it is labelled as.
    torn = np.flatnonzero(np.minimum.reduceat(every, starts[:-1]) <= 0)
    three = np.array([len(blocks[at]) == 3 for at in torn], dtype=bool)
    if three.any():
        first = starts[torn[three]]
        links = np.stack([every[first], every[first + 1], every[first + 2]], axis=1)
        _join_three(label, np.stack([blocks[at] for at in torn[three]]), links)
    for at in torn[~three]:
        block, i, j = ends[at]
        links = np.zeros((len(block), len(block)))
        links[i, j] = links[j, i] = every[starts[at] : starts[at + 1]]
        _join(label, block, links)


# The pairs of three rows, in the order of their links.
_PAIRS = np.array([(0, 1), (0, 2), (1, 2)])


def _join_three(label: Ints, blocks: Ints, links: Floats) -> None:
    """Do what :func:`_join` does for many blocks of three rows at once."""
    label[blocks] = blocks
    at, heaviest = np.arange(len(blocks)), links.argmax(axis=1)
    joins = links[at, heaviest] >= 0
    # The third row has a link to either of the two.
    rest, nearest = links.copy(), np.where(np.isfinite(links), links, 0.0)
    rest[at, heaviest], nearest[at, heaviest] = 0.0, -np.inf
    whole = rest.sum(axis=1) / 2 * (1 - NEAREST) + nearest.max(axis=1) * NEAREST >= 0
    one, other = _PAIRS[heaviest].T
    label[blocks[at, other][joins]] = blocks[at, one][joins]
    label[blocks[joins & whole]] = blocks[joins & whole][:, :1]


def bounded(weights: Floats) -> Floats:
    """Let a pair count for no more than ``CERTAIN``, but for what was decided."""
    made = np.clip(weights, -CERTAIN, CERTAIN)
    decided = (weights >= DECIDED) | (weights == -np.inf)
    made[decided] = weights[decided]
    return made


def _join(label: Ints, block: Ints, links: Floats) -> None:
    """Join the two groups with the heaviest link, see ``NEAREST``, until none is above zero."""
    size = len(block)
    groups = [[i] for i in range(size)]
    total = links.copy()
    counts = np.ones(size)
    best = np.where(np.isfinite(links), links, 0.0)
    np.fill_diagonal(total, -np.inf)
    while True:
        average = total / (counts[:, None] * counts[None, :])
        average = average * (1 - NEAREST) + best * NEAREST
        at = int(average.argmax())
        a, b = divmod(at, size)
        if average[a, b] < 0 or not np.isfinite(average[a, b]):
            break
        total[a] += total[b]
        total[:, a] = total[a]
        total[a, a] = -np.inf
        total[b], total[:, b] = -np.inf, -np.inf
        counts[a] += counts[b]
        best[a] = np.maximum(best[a], best[b])
        best[:, a] = best[a]
        groups[a] += groups[b]
        groups[b] = []
    for group in groups:
        if group:
            label[block[group]] = block[min(group)]


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
