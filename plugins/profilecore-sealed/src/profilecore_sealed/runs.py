"""Sets of numbers as runs of neighbours: what thousands of keys made one after another take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

Run: TypeAlias = tuple[int, int]
"""The first number of a run, and how many there are."""


def runs_of(numbers: Iterable[int]) -> list[Run]:
    """Give numbers as runs, ascending."""
    listed = sorted(set(numbers))
    if listed and listed[-1] - listed[0] == len(listed) - 1:  # as keys are made
        return [(listed[0], len(listed))]
    return together([(number, 1) for number in listed])


def numbers_of(runs: Iterable[Run]) -> Iterator[int]:
    """Yield the numbers of runs."""
    for first, count in runs:
        yield from range(first, first + count)


def together(runs: Iterable[Run]) -> list[Run]:
    """Give the fewest runs, ascending, that have the numbers of some."""
    made: list[Run] = []
    for first, count in sorted(runs):
        last, many = made[-1] if made else (first, 0)
        if made and first <= last + many:
            made[-1] = last, max(many, first + count - last)
        else:
            made.append((first, count))
    return made


def without(runs: Sequence[Run], others: Sequence[Run]) -> list[Run]:
    """Give what is left of runs without the numbers of others; both are ascending."""
    made: list[Run] = []
    at = 0
    for first, count in runs:
        end = first + count
        while at < len(others) and sum(others[at]) <= first:
            at += 1
        behind = at
        while behind < len(others) and others[behind][0] < end:
            start, many = others[behind]
            if start > first:
                made.append((first, start - first))
            first = max(first, start + many)
            behind += 1
        if first < end:
            made.append((first, end - first))
    return made
