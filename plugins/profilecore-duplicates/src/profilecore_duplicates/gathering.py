"""What a report and an explanation need beside the run: ids and values of the rows they show."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import attrs
import polars as pl

from profilecore.values import frozen
from profilecore_duplicates.doubts import Bridge, refused
from profilecore_duplicates.faults import InputRefused
from profilecore_duplicates.finding import Found
from profilecore_duplicates.reading import Records, read_values
from profilecore_duplicates.report import PAIRS, Findings, Record, shown_rows
from profilecore_duplicates.truth import Truth, judge

Watch = Callable[[str, int, int | None], None]


@frozen
class Source:
    """One file of a run, or the first of two that are linked."""

    path: Path
    records: Records = attrs.field(repr=False)
    other_path: Path | None = None
    other: Records | None = attrs.field(default=None, repr=False)

    @property
    def name(self) -> str:
        """The names of the files, without their directories."""
        also = "" if self.other_path is None else f" and {self.other_path.name}"
        return f"{self.path.name}{also}"

    @property
    def ids(self) -> pl.Series:
        """The ids of all rows, in the order of the run's table."""
        if self.other is None:
            return self.records.ids
        return pl.concat([self.records.ids, self.other.ids])

    def row(self, wanted: str, *, right: bool) -> int:
        """Find a row by its id; of two files the right one is in the second.

        :raises InputRefused: no row has the id.
        """
        path, records, first = self.path, self.records, 0
        if right and self.other is not None and self.other_path is not None:
            path, records, first = self.other_path, self.other, len(self.records.ids)
        at = records.ids.index_of(wanted)
        if at is None:
            column = records.mapped.get("id")
            raise InputRefused(
                "no-such-id",
                f"No row of {path} has the id that was given as {'RIGHT' if right else 'LEFT'}; "
                f"the ids are {f'in column {column}' if column else 'the row numbers'}.",
            )
        return at + first

    def values(self, rows: Sequence[int]) -> dict[int, Record]:
        """Give what rows hold, by row and field."""
        first = len(self.records.ids)
        made = _values(self.path, self.records, [row for row in rows if row < first], 0)
        if self.other is not None and self.other_path is not None:
            behind = [row for row in rows if row >= first]
            made |= _values(self.other_path, self.other, behind, first)
        return made


def _values(path: Path, records: Records, rows: Sequence[int], first: int) -> dict[int, Record]:
    read = read_values(path, records.mapped, [row - first for row in rows]).to_dicts()
    return dict(zip(rows, read, strict=False))


def findings(
    found: Found,
    source: Source,
    bridges: Sequence[Bridge],
    *,
    threshold: float,
    made_at: datetime,
    with_values: bool = True,
    truth: Truth | None = None,
    watch: Watch = lambda step, done, all_: None,
) -> Findings:
    """Gather what the report of a run shows."""
    below = refused(
        found, threshold, PAIRS, lambda done, all_: watch("looking at refused pairs", done, all_)
    )
    watch("writing the report", 0, None)
    rows = shown_rows(found, below, bridges)
    ids: Mapping[int, str] = dict(zip(rows, source.ids.gather(rows).to_list(), strict=True))
    return Findings(
        found=found,
        source=source.name,
        made_at=made_at,
        threshold=threshold,
        refused=below,
        bridges=bridges,
        ids=ids,
        values=source.values(rows) if with_values else None,
        truth=truth,
        verdict=None if truth is None else judge(found, truth),
    )
