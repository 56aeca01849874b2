"""Pairs that outgrow the memory: they go to files, and come back sorted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from profilecore_duplicates.columns import Hashes

# Half a gigabyte of pairs is held, about what the columns of two million rows take.
HELD = 1 << 26
# Of the files one at a time is sorted in memory, beside what is held of others.
FILES = 32


class Pile:
    """Numbers below ``end``, put in in any order, more than once; given once each, ascending.

    Used in a ``with`` block: its files lie in the temporary directory of the system and are gone
    at the end of the block, however it ends.
    """

    def __init__(self, end: int, held: int = HELD) -> None:
        self._width = np.uint64(max(1, -(-end // FILES)))
        self._limit = held
        self._held: list[Hashes] = []
        self._count = 0
        self._folder: TemporaryDirectory[str] | None = None

    def __enter__(self) -> Pile:
        return self

    def __exit__(self, *error: object) -> None:
        if self._folder is not None:
            self._folder.cleanup()

    def put(self, numbers: Hashes) -> None:
        """Put numbers in."""
        self._held.append(numbers)
        self._count += len(numbers)
        if self._count > self._limit:
            self._spill()

    def ascending(self) -> Iterator[Hashes]:
        """Give all numbers, part by part."""
        if self._folder is None:
            yield self._distinct()
            return
        self._spill()
        for path in sorted(Path(self._folder.name).iterdir()):
            numbers = np.fromfile(path, dtype=np.uint64)
            path.unlink()
            yield distinct([numbers])

    def _distinct(self) -> Hashes:
        made = distinct(self._held)
        self._held, self._count = [], 0
        return made

    def _spill(self) -> None:
        if self._folder is None:
            self._folder = TemporaryDirectory(prefix="profilecore-", ignore_cleanup_errors=True)
        numbers = self._distinct()
        ends = np.searchsorted(numbers, self._width * np.arange(1, FILES, dtype=np.uint64))
        for at, part in enumerate(np.split(numbers, ends)):
            with Path(self._folder.name, f"{at:03d}").open("ab") as file:
                part.tofile(file)


def distinct(found: list[Hashes]) -> Hashes:
    """Give the distinct numbers of arrays, ascending."""
    if not found:
        return np.empty(0, dtype=np.uint64)
    numbers = np.concatenate(found)
    found.clear()
    numbers.sort()
    keep = np.ones(len(numbers), dtype=bool)
    keep[1:] = numbers[1:] != numbers[:-1]
    return numbers[keep]
