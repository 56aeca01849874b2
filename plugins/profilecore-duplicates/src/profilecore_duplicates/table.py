"""A standard table as integer codes: what the pairs of a run are compared by."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import attrs
import numpy as np
import numpy.typing as npt
import polars as pl

from profilecore.values import frozen
from profilecore_duplicates.columns import (
    TEXTS,
    Coded,
    Codes,
    Flags,
    Floats,
    Hashes,
    Ints,
    Rows,
    Standard,
    standard_of,
    together,
)
from profilecore_duplicates.frequencies import COUNTED, CROWD, Frequencies, find_crowds

__all__ = [
    "Codes",
    "Flags",
    "Floats",
    "Hashes",
    "Ints",
    "Rows",
    "Table",
    "make_table",
]

# Columns whose values are compared with one another share a vocabulary.
_TOGETHER = (
    ("first", "first1", "root", "root2", "last", "last1", "last2"),
    ("first_sound", "last_sound"),
)


@frozen
class Table:
    """The rows of one or two files, column by column.

    ``born`` is 0 where it is null.  ``crowds`` has, by field, the contacts that were left out
    because too many different names stand under them.  ``side`` says for each row which file it
    is from; of two files only pairs across are wanted.  ``shares`` has for the columns
    ``COUNTED`` the share of each code in the base, and a last 0 for null; ``people`` counts the
    rows of the base.  The base is the table itself, or what ``frequencies`` were counted from.
    """

    columns: Mapping[str, Coded] = attrs.field(repr=False)
    born: Ints = attrs.field(repr=False)
    crowds: Mapping[str, pl.Series] = attrs.field(repr=False)
    shares: Mapping[str, Floats] = attrs.field(repr=False)
    people: int
    frequencies: Frequencies | None = None
    side: Flags | None = attrs.field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.born)

    @property
    def crowded(self) -> dict[str, int]:
        """How many contacts were left out, by field."""
        return {field: len(crowd) for field, crowd in self.crowds.items()}

    @property
    def names(self) -> Coded:
        """A column with the vocabulary that first and last names share."""
        return self.columns["last"]

    @cached_property
    def written(self) -> npt.NDArray[np.uint32]:
        """The birth dates as they are written: four bits for each of the eight figures."""
        made = np.zeros(len(self), dtype=np.uint32)
        for place in range(8):
            figure = (self.born // 10**place % 10).astype(np.uint32)
            made |= figure << np.uint32(4 * place)
        return made

    def codes(self, name: str) -> Codes:
        """Give the codes of a column."""
        return self.columns[name].codes

    def has(self, name: str) -> bool:
        """Tell whether a column of texts holds anything."""
        return self.columns[name].present()


def make_table(
    standard: Standard | pl.DataFrame,
    side: Flags | None = None,
    frequencies: Frequencies | None = None,
) -> Table:
    """Make a table of standard columns; contacts that a crowd shares become null first.

    With the ``frequencies`` of a base its rows are compared as they are within that base;
    without, the table is the base.
    """
    if isinstance(standard, pl.DataFrame):
        standard = standard_of(standard)
    if frequencies is not None:
        crowds = frequencies.crowds_in(standard)
    else:
        crowds = find_crowds(standard) if len(standard) >= CROWD else {}
    columns = {name: standard.texts[name] for name in TEXTS}
    _leave_out(crowds, columns)
    for names in _TOGETHER:
        columns.update(zip(names, together([columns[n] for n in names]), strict=True))
    shares = {name: _shares(columns[name], name, frequencies) for name in COUNTED}
    people = len(standard) if frequencies is None else frequencies.rows
    return Table(columns, standard.born, crowds, shares, people, frequencies, side)


def _shares(column: Coded, name: str, frequencies: Frequencies | None) -> Floats:
    if frequencies is not None:
        codes, words = column.standing()
        made = np.zeros(len(column.words) + 1)
        made[codes] = frequencies.counts[name].shares(words)
        return made
    times = np.append(column.times(), 0).astype(float)
    return np.asarray(times / max(1, int(times.sum())))


def _leave_out(crowds: Mapping[str, pl.Series], columns: dict[str, Coded]) -> None:
    for field, crowd in crowds.items():
        column = columns[field]
        hit = column.among(crowd)
        for name in (field, "local") if field == "email" else (field,):
            kept = np.where(hit, np.int32(-1), columns[name].codes)
            columns[name] = Coded(kept, columns[name].vocabulary)
