"""Groups of rows are joined from the heaviest link down, many components at once."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from profilecore_duplicates.clusters import NEAREST, _join, blocks_of
from profilecore_duplicates.table import Floats

WEIGHTS = st.one_of(
    st.floats(-15, 15), st.sampled_from([0.0, -np.inf, 2.0, -2.0, 1e6]), st.integers(-3, 3)
)


@st.composite
def components(draw: st.DrawFn) -> Floats:
    count, size = draw(st.integers(1, 5)), draw(st.integers(3, 6))
    links = np.zeros((count, size, size))
    for block in range(count):
        for i, j in zip(*np.triu_indices(size, 1), strict=True):
            links[block, i, j] = links[block, j, i] = draw(WEIGHTS)
    return links


def link(links: Floats, one: list[int], other: list[int]) -> float:
    every = [float(links[i, j]) for i in one for j in other]
    if -np.inf in every:
        return -np.inf
    return sum(every) / len(every) * (1 - NEAREST) + max(every) * NEAREST


@given(components())
def test_no_two_groups_are_left_that_a_link_would_join(links: Floats) -> None:
    count, size, _ = links.shape
    blocks = np.arange(count * size).reshape(count, size)
    label = np.repeat(blocks[:, 0], size)
    _join(label, blocks, links)
    for block, square in zip(label.reshape(count, size), links, strict=True):
        groups = [np.flatnonzero(block == own).tolist() for own in np.unique(block)]
        assert [block[group[0]] - block[0] for group in groups] == [group[0] for group in groups]
        for n, one in enumerate(groups):
            assert all(square[i, j] > -np.inf for i in one for j in one)
            # To the rounding of a sum that is made in another order.
            assert all(link(square, one, other) < 1e-6 for other in groups[:n])


@given(components())
def test_components_are_joined_together_as_each_by_itself(links: Floats) -> None:
    count, size, _ = links.shape
    blocks = np.arange(count * size).reshape(count, size)
    together = np.repeat(blocks[:, 0], size)
    alone = together.copy()
    _join(together, blocks, links)
    for n in range(count):
        _join(alone, blocks[n : n + 1], links[n : n + 1])
    assert together.tolist() == alone.tolist()


@given(st.lists(st.integers(0, 9), min_size=1, max_size=40))
def test_rows_of_one_label_stand_side_by_side(labels: list[int]) -> None:
    label = np.array(labels)
    found = blocks_of(label, np.arange(len(label)))
    assert sorted(row for blocks in found for row in blocks.ravel()) == list(range(len(label)))
    blocks = [block for table in found for block in table]
    assert all(len(set(label[block])) == 1 for block in blocks)
    assert len(blocks) == len(set(labels))
