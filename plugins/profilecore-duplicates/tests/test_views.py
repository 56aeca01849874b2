"""Several rows that stand for one profile."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from profilecore_duplicates.blocking import Candidates
from profilecore_duplicates.views import each_by_itself, views_of

NONE = np.empty(0, dtype=np.int64)


def candidates(pairs: list[tuple[int, int]]) -> Candidates:
    left, right = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return Candidates(left, right)


def test_all_rows_of_two_profiles_are_paired() -> None:
    views = views_of([2, 1, 2])
    found = views.across(candidates([(0, 4), (1, 3), (0, 1)]), NONE, NONE)
    assert list(zip(found.left, found.right, strict=True)) == [(0, 3), (0, 4), (1, 3), (1, 4)]


def test_only_pairs_with_a_touched_profile_are_given() -> None:
    views = views_of([1, 1, 1], np.array([False, False, True]))
    found = views.across(candidates([(0, 1), (1, 2)]), NONE, NONE)
    assert list(zip(found.left, found.right, strict=True)) == [(1, 2)]


def test_what_is_linked_to_a_change_is_looked_at_too() -> None:
    linked = (np.array([1, 3]), np.array([3, 4]))
    views = views_of([1] * 6, np.array([True, *[False] * 5]), linked)
    found = views.across(candidates([(0, 1), (3, 4), (1, 5), (2, 5)]), NONE, NONE)
    assert list(zip(found.left, found.right, strict=True)) == [(0, 1), (3, 4)]


def test_a_pair_weighs_what_its_heaviest_rows_weigh() -> None:
    views = views_of([2, 1, 1])
    left, right = np.array([0, 1, 0, 1]), np.array([2, 2, 3, 3])
    by_pattern, back = np.array([1.0, 5.0, 4.0, -2.0]), np.array([0, 1, 2, 3], dtype=np.int32)
    one, other, best = views.heaviest(left, right, by_pattern, back)
    assert list(zip(one, other, by_pattern[best], strict=True)) == [(0, 1, 5.0), (0, 2, 4.0)]


def test_decided_pairs_are_compared_too() -> None:
    views = views_of([1, 2])
    found = views.across(candidates([]), np.array([0]), np.array([1]))
    assert list(zip(found.left, found.right, strict=True)) == [(0, 1), (0, 2)]


def test_rows_that_stand_for_themselves_stay_as_they_are() -> None:
    views = each_by_itself(4)
    found = candidates([(0, 3), (1, 2)])
    assert views.across(found, NONE, NONE) is found
    assert views.rows(found.left, found.right) == (found.left, found.right)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.lists(st.integers(1, 3), min_size=2, max_size=6), st.data())
def test_every_pair_of_rows_comes_once(sizes: list[int], data: st.DataObject) -> None:
    views = views_of(sizes)
    profiles = st.integers(0, len(sizes) - 1)
    one = np.array(data.draw(st.lists(profiles, min_size=1, max_size=5)))
    other = np.array([data.draw(profiles) for _ in one])
    left, right = views.rows(one, other)
    expected = [
        (views.starts[a] + i, views.starts[b] + j)
        for a, b in zip(one, other, strict=True)
        for i in range(sizes[a])
        for j in range(sizes[b])
    ]
    assert list(zip(left, right, strict=True)) == expected
