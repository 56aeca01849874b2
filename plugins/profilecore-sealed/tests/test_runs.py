"""Runs of numbers are the sets that they stand for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from profilecore_sealed.runs import Run, numbers_of, runs_of, together, without

NUMBERS = st.sets(st.integers(1, 40))


@given(NUMBERS)
def test_runs_have_the_numbers_and_are_the_fewest(numbers: set[int]) -> None:
    runs = runs_of(numbers)
    assert list(numbers_of(runs)) == sorted(numbers)
    assert len(runs) == sum(1 for number in numbers if number - 1 not in numbers)


@given(NUMBERS, NUMBERS)
def test_runs_are_added_and_taken_away_as_sets_are(one: set[int], other: set[int]) -> None:
    a, b = runs_of(one), runs_of(other)
    assert together([*a, *b]) == runs_of(one | other)
    assert without(a, b) == runs_of(one - other)


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(1, 9)), max_size=6))
def test_runs_that_overlap_become_one(runs: list[Run]) -> None:
    assert together(runs) == runs_of(set(numbers_of(runs)))
