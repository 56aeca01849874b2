"""Several rows that stand for one profile: compared each with each, weighed by the heaviest."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs
import numpy as np

from profilecore.values import frozen
from profilecore_duplicates.blocking import Candidates
from profilecore_duplicates.table import Flags, Floats, Ints, Rows


@frozen
class Views:
    """Which profile each row of a table is a view of; the rows of a profile lie side by side.

    ``starts`` has each profile's first row, ``sizes`` the number of its rows.  With ``touched``
    only pairs are wanted that one of these profiles is in, and pairs of profiles that are
    ``linked`` to such a pair, over any number of links.
    """

    owner: Ints = attrs.field(repr=False)
    starts: Ints = attrs.field(repr=False)
    sizes: Ints = attrs.field(repr=False)
    touched: Flags | None = attrs.field(default=None, repr=False)
    linked: tuple[Ints, Ints] | None = attrs.field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.sizes)

    def across(self, found: Candidates) -> Candidates:
        """Give all pairs of rows of the profiles of which some pair of rows was found.

        They come in ascending order of the profiles.
        """
        one, other = self.owner[found.left], self.owner[found.right]
        wanted = one != other
        if self.touched is not None:
            near = self._near(self.touched, one, other)
            wanted &= near[one] & near[other]
        n = len(self)
        packed = np.unique(one[wanted] * n + other[wanted])
        left, right = self.rows(packed // n, packed % n)
        return Candidates(left.astype(np.int32), right.astype(np.int32), found.capped)

    def _near(self, touched: Flags, one: Ints, other: Ints) -> Flags:
        """Tell which profiles a change of the touched ones can concern."""
        near = touched.copy()
        at = touched[one] | touched[other]
        near[one[at]] = near[other[at]] = True
        if self.linked is None:
            return near
        left, right = self.linked
        while (grows := near[left] ^ near[right]).any():
            near[left[grows]] = near[right[grows]] = True
        return near

    def rows(self, left: Ints, right: Ints) -> tuple[Ints, Ints]:
        """Give all pairs of rows of pairs of profiles, in the order of the pairs."""
        wide = self.sizes[right]
        count = self.sizes[left] * wide
        at = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        wide = np.repeat(wide, count)
        return (
            np.repeat(self.starts[left], count) + at // wide,
            np.repeat(self.starts[right], count) + at % wide,
        )

    def heaviest(self, left: Rows, right: Rows, weights: Floats) -> Ints:
        """Give the position of the heaviest pair of rows of each pair of profiles."""
        both = self.owner[left] * len(self) + self.owner[right]
        order = np.lexsort((-weights, both))
        first = np.ones(len(order), dtype=bool)
        first[1:] = both[order][1:] != both[order][:-1]
        return np.asarray(order[first])

    def weigher(self, weigh: Callable[[Ints, Ints], Floats]) -> Callable[[Ints, Ints], Floats]:
        """Give what weighs pairs of profiles, from what weighs pairs of rows."""

        def of_profiles(left: Ints, right: Ints) -> Floats:
            count = self.sizes[left] * self.sizes[right]
            starts = np.cumsum(count) - count
            return np.asarray(np.maximum.reduceat(weigh(*self.rows(left, right)), starts))

        return of_profiles


def views_of(
    sizes: Sequence[int],
    touched: Flags | None = None,
    linked: tuple[Ints, Ints] | None = None,
) -> Views:
    """Give the views of profiles that have so many rows each, one after another."""
    counts = np.array(sizes, dtype=np.int64)
    starts = np.cumsum(counts) - counts
    owner = np.repeat(np.arange(len(counts)), counts)
    return Views(owner, starts, counts, touched, linked)
