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
import polars as pl

from profilecore.values import frozen
from profilecore_duplicates.columns import Coded, Floats, Ints, Standard, standard_of
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

    def share(self, word: str) -> float:
        """Give the share of a word."""
        return self.times.get(stable_hash(word), 1) / max(1, self.total)

    def shares(self, words: Iterable[str]) -> Floats:
        """Give the share of each word."""
        return np.array([*map(self.share, words)], dtype=float)


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

    def share(self, name: str, word: str | None) -> float:
        """Give the share of a word in a column of ``COUNTED``; 0 for none."""
        return self.counts[name].share(word) if word else 0.0

    def crowds_in(self, standard: Standard) -> dict[str, pl.Series]:
        """Give the contacts of a standard table that a crowd shares in the base, by field."""
        found = {}
        for field, hashes in self.crowded.items():
            _, words = standard.texts[field].standing() if hashes else ((), ())
            hit = [word for word in words if stable_hash(word) in hashes]
            if hit:
                found[field] = pl.Series(hit, dtype=pl.String)
        return found

    def still_in(self, standard: Standard) -> Frequencies:
        """Give those of the values that still stand in a base, from which people were cleared."""
        counts, crowded = {}, {}
        for name, count in self.counts.items():
            there = _hashes(standard.texts[name])
            counts[name] = Counts(count.total, {h: n for h, n in count.times.items() if h in there})
        for field, hashes in self.crowded.items():
            crowded[field] = hashes & _hashes(standard.texts[field]) if hashes else hashes
        return Frequencies(self.rows, counts, crowded)

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


def _hashes(column: Coded) -> set[int]:
    _, words = column.standing()
    return set(map(stable_hash, words))


def frequencies(of: Table | pl.DataFrame) -> Frequencies:
    """Count a whole base: its table, or its standard columns.

    A table that was made with the frequencies of a base has those.
    """
    if isinstance(of, pl.DataFrame):
        standard = standard_of(of)
        return _frequencies(standard.texts, len(standard), find_crowds(standard))
    return of.frequencies or _frequencies(of.columns, len(of), of.crowds)


def _frequencies(
    columns: Mapping[str, Coded], rows: int, crowds: Mapping[str, pl.Series]
) -> Frequencies:
    return Frequencies(
        rows,
        {name: _counts(columns[name]) for name in COUNTED},
        {field: frozenset(map(stable_hash, crowd)) for field, crowd in crowds.items()},
    )


def _counts(column: Coded) -> Counts:
    times = column.times()
    often = np.flatnonzero(times > 1)
    words = column.words.gather(often)
    return Counts(
        int(times.sum()),
        {stable_hash(w): n for w, n in zip(words, times[often].tolist(), strict=True)},
    )


def find_crowds(standard: Standard) -> dict[str, pl.Series]:
    """Give the contacts of a standard table under which a crowd of names stands, by field."""
    found = {}
    for field in CONTACTS:
        contact = standard.texts[field]
        often = contact.look_up(contact.times() >= CROWD, False)
        rows = np.flatnonzero(often)
        if len(rows):
            found[field] = _crowds_of(field, standard, rows)
    return {field: crowds for field, crowds in found.items() if len(crowds)}


def _crowds_of(field: str, standard: Standard, rows: Ints) -> pl.Series:
    frame = pl.DataFrame(
        {n: standard.texts[n].some(rows) for n in (field, "first_sound", "last_sound")}
    )
    name = pl.concat_str("first_sound", "last_sound", ignore_nulls=True)
    names = frame.group_by(field).agg(name.n_unique().alias("names"))
    return names.filter(pl.col("names") >= CROWD)[field]


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
