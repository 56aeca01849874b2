"""Decisions of reviewers: pairs that are the same person, two people, or unsure."""

from __future__ import annotations

from pathlib import Path

import attrs
import numpy as np
import polars as pl

from profilecore.values import frozen
from profilecore_duplicates.clusters import DECIDED, Weigh
from profilecore_duplicates.faults import InputRefused
from profilecore_duplicates.table import Codes, Flags, Floats, Ints, Rows

SAID = ("different", "same", "unsure")
DIFFERENT, SAME, UNSURE = range(len(SAID))


@frozen
class Decisions:
    """Decided pairs of row numbers, ``left < right``, each once; ``said`` has a place in ``SAID``.

    ``unknown`` counts the decisions that name rows which are not here.
    """

    left: Ints = attrs.field(repr=False)
    right: Ints = attrs.field(repr=False)
    said: Codes = attrs.field(repr=False)
    unknown: int = 0

    def __len__(self) -> int:
        return len(self.left)

    def of(self, rows: int, left: Rows, right: Rows) -> Codes:
        """Say of pairs what was decided; -1 where nothing was.  ``rows`` is the table's length."""
        if not len(self):
            return np.full(len(left), -1, dtype=np.int32)
        known = self.left * rows + self.right
        order = np.argsort(known)
        asked = np.minimum(left, right).astype(np.int64) * rows + np.maximum(left, right)
        at = order[np.minimum(np.searchsorted(known[order], asked), len(known) - 1)]
        return np.where(known[at] == asked, self.said[at], -1).astype(np.int32)

    def weigher(self, rows: int, weigh: Weigh) -> Weigh:
        """Give weights in which decisions go before any evidence."""

        def decided(left: Ints, right: Ints) -> Floats:
            said = self.of(rows, left, right)
            weights = np.where(said == SAME, DECIDED, weigh(left, right))
            return np.where(said == DIFFERENT, -np.inf, weights)

        return decided

    @property
    def apart(self) -> list[tuple[int, int]]:
        """The pairs that are two people."""
        at = self.said == DIFFERENT
        return list(zip(self.left[at].tolist(), self.right[at].tolist(), strict=True))

    @property
    def told(self) -> Flags:
        """Which decisions say something: all but the unsure."""
        return np.asarray(self.said != UNSURE)


def no_decisions() -> Decisions:
    """Give decisions about no pair."""
    none = np.empty(0, dtype=np.int64)
    return Decisions(none, none, none.astype(np.int32))


def make_decisions(left: Ints, right: Ints, said: Codes, unknown: int = 0) -> Decisions:
    """Put decisions in order; of several about one pair the last one counts."""
    low, high = np.minimum(left, right), np.maximum(left, right)
    last = {(int(a), int(b)): at for at, (a, b) in enumerate(zip(low, high, strict=True)) if a != b}
    at = np.array(sorted(last.values()), dtype=np.int64)
    return Decisions(low[at], high[at], said[at].astype(np.int32), unknown)


def read_decisions(path: Path, ids: pl.Series, other: pl.Series | None = None) -> Decisions:
    """Read a CSV file with ``left,right,decision``; of two linked files ``right`` is in the second.

    Lines whose decision is empty wait for one and are passed over.

    :raises InputRefused: the file cannot be read, lacks a column, or holds another decision than
        same, different or unsure; the message names the line.
    """
    try:
        frame = pl.read_csv(path, infer_schema=False, encoding="utf8")
    except OSError as error:
        raise InputRefused("unreadable", f"{path}: {error.strerror or 'not readable'}.") from None
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        raise InputRefused("unreadable", f"{path} is no CSV file in UTF-8.") from None
    lacking = [name for name in ("left", "right", "decision") if name not in frame.columns]
    if lacking:
        raise InputRefused("columns", f"{path} lacks the column {lacking[0]}.")
    frame = frame.with_row_index("line", offset=2)
    frame = frame.with_columns(pl.col("decision").fill_null("").str.strip_chars())
    frame = frame.filter(pl.col("decision") != "")
    words = frame["decision"].str.to_lowercase()
    wrong = (~words.is_in(SAID)).arg_true()
    if len(wrong):
        raise InputRefused(
            "decision",
            f"{path}, line {frame['line'][wrong[0]]}: a decision is one of {', '.join(SAID)}.",
        )
    first = {text: at for at, text in enumerate(ids.cast(pl.String).to_list())}
    second = first
    if other is not None:
        texts = other.cast(pl.String).to_list()
        second = {text: at for at, text in enumerate(texts, start=len(ids))}
    left = [first.get(text, -1) for text in frame["left"]]
    right = [second.get(text, -1) for text in frame["right"]]
    one, two = np.array(left, dtype=np.int64), np.array(right, dtype=np.int64)
    here = (one >= 0) & (two >= 0)
    said = np.array([SAID.index(word) for word in words], dtype=np.int32)
    return make_decisions(one[here], two[here], said[here], int((~here).sum()))
