"""Several rows that stand for one profile: compared each with each, weighed by the heaviest."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np

from profilecore.values import frozen
from profilecore_duplicates.blocking import Candidates
from profilecore_duplicates.clusters import Weigh
from profilecore_duplicates.columns import Codes, Flags, Floats, Ints, Rows
from profilecore_duplicates.comparison import Levels, compare
from profilecore_duplicates.model import Model
from profilecore_duplicates.table import Table


@frozen
class Views:
    """Which profile each row of a table is a view of; the rows of a profile lie side by side.

    ``starts`` has each profile's first row, ``sizes`` the number of its rows.  With ``touched``
    only pairs are wanted that one of these profiles is in, and pairs of profiles that are
    ``linked`` to such a pair, over any number of links.  Pairs of profiles have the lower number
    on the left.
    """

    owner: Ints = attrs.field(repr=False)
    starts: Ints = attrs.field(repr=False)
    sizes: Ints = attrs.field(repr=False)
    touched: Flags | None = attrs.field(default=None, repr=False)
    linked: tuple[Ints, Ints] | None = attrs.field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.sizes)

    @property
    def one_each(self) -> bool:
        """Tell whether each profile has one row, and so the number of that."""
        return len(self.owner) == len(self.sizes)

    def across(self, found: Candidates, left: Ints, right: Ints) -> Candidates:
        """Give the pairs of rows to compare, in ascending order of their profiles.

        They are all pairs of rows of two profiles of which some pair of rows was found, and of the
        pairs of profiles given besides.
        """
        if self.one_each and self.touched is None and not len(left):
            return found
        one, other = self.owner[found.left], self.owner[found.right]
        wanted = one != other
        if self.touched is not None:
            near = self._near(self.touched, one, other)
            wanted &= near[one] & near[other]
        n = len(self)
        packed = np.union1d(one[wanted] * n + other[wanted], left * n + right)
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
        if self.one_each:
            return left, right
        wide = self.sizes[right]
        count = self.sizes[left] * wide
        at = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        wide = np.repeat(wide, count)
        return (
            np.repeat(self.starts[left], count) + at // wide,
            np.repeat(self.starts[right], count) + at % wide,
        )

    def heaviest(
        self, left: Rows, right: Rows, by_pattern: Floats, back: Codes
    ) -> tuple[Rows, Rows, Codes]:
        """Give the pairs of profiles, in ascending order, and of each its heaviest rows' pattern.

        ``back`` says which of the patterns, that weigh ``by_pattern``, each pair of rows has.
        """
        if self.one_each:
            return left, right, back
        one, other = self.owner[left], self.owner[right]
        both = one * len(self) + other
        order = np.lexsort((-by_pattern[back], both))
        first = np.ones(len(order), dtype=bool)
        first[1:] = both[order][1:] != both[order][:-1]
        best = order[first]
        return one[best], other[best], back[best]

    def levels(self, table: Table, model: Model, left: Ints, right: Ints) -> Levels:
        """Compare pairs of profiles: each by its heaviest rows, in the order of the pairs."""
        if self.one_each:
            return compare(table, left, right)
        rows = self.rows(left, right)
        levels = compare(table, *rows).values
        count = self.sizes[left] * self.sizes[right]
        of = np.repeat(np.arange(len(left)), count)
        order = np.lexsort((-model.weights(levels), of))
        return Levels(levels[order[np.cumsum(count) - count]])

    def weigher(self, table: Table, model: Model) -> Weigh:
        """Give what weighs pairs of profiles."""
        return lambda left, right: model.weights(self.levels(table, model, left, right).values)


def views_of(
    sizes: Sequence[int],
    touched: Flags | None = None,
    linked: tuple[Ints, Ints] | None = None,
) -> Views:
    """Give the views of profiles that have so many rows each, one after another."""
    counts = np.array(sizes, dtype=np.int64)
    starts = np.cumsum(counts) - counts
    return Views(np.repeat(np.arange(len(counts)), counts), starts, counts, touched, linked)


def each_by_itself(rows: int) -> Views:
    """Give the views of a table whose rows stand for themselves."""
    at = np.arange(rows)
    return Views(at, at, np.ones(rows, dtype=np.int64))
