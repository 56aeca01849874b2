"""Many small components are joined at once as each by itself."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from profilecore_duplicates.clusters import _join, _join_three

weights = st.one_of(
    st.floats(-15, 15), st.sampled_from([0.0, -np.inf, 2.0, -2.0, 1e6]), st.integers(-3, 3)
)


@given(st.lists(st.tuples(weights, weights, weights), min_size=1, max_size=8))
def test_three_rows_are_joined_as_by_themselves(drawn: list[tuple[float, float, float]]) -> None:
    links = np.array(drawn, dtype=float)
    blocks = np.arange(3 * len(links)).reshape(-1, 3)
    together = np.repeat(blocks[:, 0], 3)
    alone = together.copy()
    _join_three(together, blocks, links)
    for block, (one, other, last) in zip(blocks, links, strict=True):
        square = np.array([[0, one, other], [one, 0, last], [other, last, 0]])
        _join(alone, block, square)
    assert together.tolist() == alone.tolist()
