"""How often names, cities and contacts stand in a base: what a few of its rows cannot tell.

A rare surname that agrees says more than a common one, and a telephone number under which a
crowd stands says nothing.  A few rows are compared as in the whole base if they are given the
frequencies of the base.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import numpy.typing as npt
import polars as pl

from profilecore.values import frozen
from profilecore_duplicates.faults import InputRefused

if TYPE_CHECKING:
    from profilecore_duplicates.table import Table

FORMAT = 1
# The columns of which it is asked how often a value stands there.
COUNTED = ("first1", "last", "city")
CONTACTS = ("email", "phone", "document")
# A contact under which so many different names stand belongs to an agency or a desk.
CROWD = 10


@frozen
class Counts:
    """How often each value stands among ``total``; one that is not in ``times`` stands there once.

    Values are told by :func:`stable_hash`.
    """

    total: int
    times: Mapping[int, int] = attrs.field(repr=False)

    def shares(self, words: Iterable[str]) -> npt.NDArray[np.float64]:
        """Give the share of each word, and a last 0 for none."""
        times = [self.times.get(stable_hash(word), 1) for word in words]
        return np.array([*times, 0], dtype=float) / max(1, self.total)


@frozen
class Frequencies:
    """The frequencies of a base of so many ``rows``.

    ``counts`` has those of the columns ``COUNTED``.  ``crowded`` has by field the hashes of the
    contacts that are left out because too many different names stand under them.  Hashes of
    personal data are personal data still: keep them where the profiles are kept.
    """

    rows: int
    counts: Mapping[str, Counts] = attrs.field(repr=False)
    crowded: Mapping[str, frozenset[int]] = attrs.field(repr=False)

    def crowds_in(self, frame: pl.DataFrame) -> dict[str, pl.Series]:
        """Give the contacts of a standard table that a crowd shares in the base, by field."""
        found = {}
        for field, hashes in self.crowded.items():
            distinct = frame[field].drop_nulls().unique()
            hit = [word for word in distinct if stable_hash(word) in hashes]
            if hit:
                found[field] = pl.Series(hit, dtype=pl.String)
        return found

    def as_json(self) -> str:
        """Write the frequencies as JSON, with their format's number."""
        counts = {
            name: {"total": c.total, "times": {f"{h:016x}": n for h, n in sorted(c.times.items())}}
            for name, c in self.counts.items()
        }
        crowded = {f: [f"{h:016x}" for h in sorted(hs)] for f, hs in self.crowded.items()}
        return json.dumps(
            {"format": FORMAT, "rows": self.rows, "counts": counts, "crowded": crowded}
        )


def no_frequencies() -> Frequencies:
    """Give those of a base that nobody has counted: no name is rare, none common."""
    return Frequencies(1, dict.fromkeys(COUNTED, Counts(1, {})), {})


def stable_hash(word: str) -> int:
    """Give 64 bits that are the same for a word in each run and version."""
    return int.from_bytes(blake2b(word.encode(), digest_size=8).digest())


def frequencies(of: Table | pl.DataFrame) -> Frequencies:
    """Count a whole base: its table, or its standard columns.

    A table that was made with the frequencies of a base has those.
    """
    if not isinstance(of, pl.DataFrame):
        return of.frequencies or _frequencies(of.frame, of.crowds)
    return _frequencies(of, find_crowds(of))


def _frequencies(frame: pl.DataFrame, crowds: Mapping[str, pl.Series]) -> Frequencies:
    return Frequencies(
        frame.height,
        {name: _counts(frame[name].drop_nulls()) for name in COUNTED},
        {field: frozenset(map(stable_hash, crowd)) for field, crowd in crowds.items()},
    )


def _counts(values: pl.Series) -> Counts:
    often = values.alias("word").value_counts(name="times").filter(pl.col("times") > 1)
    return Counts(len(values), {stable_hash(word): times for word, times in often.iter_rows()})


def find_crowds(frame: pl.DataFrame) -> dict[str, pl.Series]:
    """Give the contacts of a standard table under which a crowd of names stands, by field."""
    name = pl.concat_str(pl.col("first_sound"), pl.col("last_sound"), ignore_nulls=True)
    found = {}
    for field in CONTACTS:
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
            found[field] = shared
    return found


def read_frequencies(text: str) -> Frequencies:
    """Read frequencies that :meth:`Frequencies.as_json` wrote.

    :raises InputRefused: it holds none, or those of another format.
    """
    refused = InputRefused("no-frequencies", "The text holds no frequencies; count them again.")
    try:
        read: dict[str, Any] = json.loads(text)
        if read["format"] != FORMAT:
            raise refused
        counts = {name: _read_counts(read["counts"][name]) for name in COUNTED}
        crowded = {f: frozenset(int(h, 16) for h in hs) for f, hs in read["crowded"].items()}
        if not set(crowded) <= set(CONTACTS):
            raise refused
        return Frequencies(int(read["rows"]), counts, crowded)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise refused from None


def _read_counts(read: Mapping[str, Any]) -> Counts:
    return Counts(int(read["total"]), {int(h, 16): int(n) for h, n in read["times"].items()})
