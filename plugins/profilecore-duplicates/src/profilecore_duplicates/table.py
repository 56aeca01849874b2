"""A standard table as integer codes: what the pairs of a run are compared by."""

from __future__ import annotations

from typing import TypeAlias

import attrs
import numpy as np
import numpy.typing as npt
import polars as pl

from profilecore.values import frozen
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
# A contact under which so many different names stand belongs to an agency or a desk.
CROWD = 10


@frozen
class Coded:
    """One column: a code per row, -1 where it is null, and the text of each code."""

    codes: Codes = attrs.field(repr=False)
    words: npt.NDArray[np.object_] = attrs.field(repr=False)


@frozen
class Table:
    """The rows of one or two files, column by column.

    ``frame`` has the standard columns, ``born`` is 0 where it is null.  ``crowded`` counts the
    contacts, by field, that were left out because too many different names stand under them.
    ``side`` says for each row which file it is from; of two files only pairs across are wanted.
    """

    frame: pl.DataFrame = attrs.field(repr=False)
    columns: dict[str, Coded] = attrs.field(repr=False)
    born: Ints = attrs.field(repr=False)
    crowded: dict[str, int]
    side: Flags | None = attrs.field(default=None, repr=False)

    def __len__(self) -> int:
        return self.frame.height

    def codes(self, name: str) -> Codes:
        """Give the codes of a column."""
        return self.columns[name].codes

    def has(self, name: str) -> bool:
        """Tell whether a column holds anything."""
        return self.frame[name].null_count() < len(self)


def make_table(frame: pl.DataFrame, side: Flags | None = None) -> Table:
    """Code a standard table; contacts that a crowd shares become null first."""
    frame, crowded = _without_crowds(frame)
    columns: dict[str, Coded] = {}
    single = set(STANDARD) - {"born"} - {n for names in _TOGETHER for n in names}
    for names in (*_TOGETHER, *((name,) for name in sorted(single))):
        columns.update(_coded(frame, names))
    born = frame["born"].fill_null(0).to_numpy().astype(np.int64)
    return Table(frame, columns, born, crowded, side)


def _coded(frame: pl.DataFrame, names: tuple[str, ...]) -> dict[str, Coded]:
    distinct = pl.concat([frame[n].unique().drop_nulls().alias("x") for n in names]).unique()
    words = np.array(distinct.to_list(), dtype=object)
    kind = pl.Enum(distinct)
    return {
        n: Coded(frame[n].cast(kind).to_physical().cast(pl.Int32).fill_null(-1).to_numpy(), words)
        for n in names
    }


def _without_crowds(frame: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, int]]:
    crowded = {}
    for field in ("email", "phone", "document"):
        name = pl.concat_str(pl.col("first_sound"), pl.col("last_sound"), ignore_nulls=True)
        often = (
            frame.lazy()
            .group_by(field)
            .len()
            .filter((pl.col("len") >= CROWD) & pl.col(field).is_not_null())
        )
        shared = (
            frame.lazy()
            .select(field, name=name)
            .join(often, on=field, how="semi")
            .group_by(field)
            .agg(pl.col("name").n_unique().alias("names"))
            .filter(pl.col("names") >= CROWD)
            .collect()[field]
        )
        if len(shared):
            crowded[field] = len(shared)
            hit = pl.col(field).is_in(shared.implode())
            both = (field, "local") if field == "email" else (field,)
            frame = frame.with_columns(pl.when(~hit).then(c).alias(c) for c in both)
    return frame, crowded
