"""A standard table as integer codes: what the pairs of a run are compared by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import attrs
import numpy as np
import numpy.typing as npt
import polars as pl

from profilecore.values import frozen
from profilecore_duplicates.frequencies import (
    COUNTED,
    CROWD,
    Frequencies,
    find_crowds,
)
from profilecore_duplicates.standardise import STANDARD

Ints: TypeAlias = npt.NDArray[np.int64]
Codes: TypeAlias = npt.NDArray[np.int32]
Floats: TypeAlias = npt.NDArray[np.float64]
Flags: TypeAlias = npt.NDArray[np.bool_]
Hashes: TypeAlias = npt.NDArray[np.uint64]

# Columns whose values are compared with one another share a vocabulary.
_TOGETHER = (
    ("first", "first1", "root", "root2", "last", "last1", "last2"),
    ("first_sound", "last_sound"),
)
_ALONE = tuple(sorted(set(STANDARD) - {"born", *(n for names in _TOGETHER for n in names)}))
_VOCABULARIES = (*_TOGETHER, *((name,) for name in _ALONE))
# Up to so many rows a dictionary codes a column sooner than the start of a query takes.
FEW_ROWS = 500


@frozen
class Coded:
    """One column: a code per row, -1 where it is null, and the text of each code."""

    codes: Codes = attrs.field(repr=False)
    words: npt.NDArray[np.object_] = attrs.field(repr=False)


@frozen
class Table:
    """The rows of one or two files, column by column.

    ``frame`` has the standard columns, ``born`` is 0 where it is null.  ``crowds`` has, by field,
    the contacts that were left out because too many different names stand under them.  ``side``
    says for each row which file it is from; of two files only pairs across are wanted.
    ``shares`` has for the columns ``COUNTED`` the share of each code in the base, and a last 0
    for null; ``people`` counts the rows of the base.  The base is the table itself, or what
    ``frequencies`` were counted from.
    """

    frame: pl.DataFrame = attrs.field(repr=False)
    columns: dict[str, Coded] = attrs.field(repr=False)
    born: Ints = attrs.field(repr=False)
    crowds: Mapping[str, pl.Series] = attrs.field(repr=False)
    shares: Mapping[str, Floats] = attrs.field(repr=False)
    people: int
    frequencies: Frequencies | None = None
    side: Flags | None = attrs.field(default=None, repr=False)

    def __len__(self) -> int:
        return self.frame.height

    @property
    def crowded(self) -> dict[str, int]:
        """How many contacts were left out, by field."""
        return {field: len(crowd) for field, crowd in self.crowds.items()}

    def codes(self, name: str) -> Codes:
        """Give the codes of a column."""
        return self.columns[name].codes

    def has(self, name: str) -> bool:
        """Tell whether a column holds anything."""
        return self.frame[name].null_count() < len(self)


def make_table(
    frame: pl.DataFrame, side: Flags | None = None, frequencies: Frequencies | None = None
) -> Table:
    """Code a standard table; contacts that a crowd shares become null first.

    With the ``frequencies`` of a base its rows are compared as they are within that base;
    without, the table is the base.
    """
    if frequencies is not None:
        crowds = frequencies.crowds_in(frame)
    else:
        crowds = find_crowds(frame) if frame.height >= CROWD else {}
    frame = _without(crowds, frame)
    columns: dict[str, Coded] = {}
    for names in _VOCABULARIES:
        coded = _coded_few if frame.height <= FEW_ROWS else _coded
        columns.update(coded(frame, names))
    born = frame["born"].fill_null(0).to_numpy().astype(np.int64)
    shares = {name: _shares(columns[name], name, frequencies) for name in COUNTED}
    people = frame.height if frequencies is None else frequencies.rows
    return Table(frame, columns, born, crowds, shares, people, frequencies, side)


def _coded(frame: pl.DataFrame, names: tuple[str, ...]) -> dict[str, Coded]:
    distinct = pl.concat([frame[n].unique().drop_nulls().alias("x") for n in names]).unique()
    words = np.array(distinct.to_list(), dtype=object)
    kind = pl.Enum(distinct)
    return {
        n: Coded(frame[n].cast(kind).to_physical().cast(pl.Int32).fill_null(-1).to_numpy(), words)
        for n in names
    }


def _coded_few(frame: pl.DataFrame, names: tuple[str, ...]) -> dict[str, Coded]:
    rows = {n: frame[n].to_list() for n in names}
    distinct = dict.fromkeys(word for column in rows.values() for word in column)
    distinct.pop(None, None)
    words = np.array(list(distinct), dtype=object)
    code = {None: -1} | {word: at for at, word in enumerate(distinct)}
    return {
        n: Coded(np.array([code[word] for word in column], dtype=np.int32), words)
        for n, column in rows.items()
    }


def _shares(column: Coded, name: str, frequencies: Frequencies | None) -> Floats:
    if frequencies is not None:
        return frequencies.counts[name].shares(column.words)
    there = column.codes[column.codes >= 0]
    counts = np.bincount(there, minlength=len(column.words) + 1).astype(float)
    return np.asarray(counts / max(1, len(there)))


def _without(crowds: Mapping[str, pl.Series], frame: pl.DataFrame) -> pl.DataFrame:
    for field, crowd in crowds.items():
        hit = pl.col(field).is_in(crowd.implode())
        both = (field, "local") if field == "email" else (field,)
        frame = frame.with_columns(pl.when(~hit).then(c).alias(c) for c in both)
    return frame
