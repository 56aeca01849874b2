"""Files of records, read as text: CSV, Parquet and JSON Lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs
import numpy as np
import polars as pl

from profilecore.values import frozen
from profilecore_duplicates.columns import Standard
from profilecore_duplicates.faults import InputRefused
from profilecore_duplicates.fields import map_columns
from profilecore_duplicates.standardise import standard_columns
from profilecore_duplicates.table import Table, make_table

KINDS = {".csv": "CSV", ".tsv": "CSV", ".txt": "CSV", ".parquet": "Parquet", ".pq": "Parquet",
         ".jsonl": "JSON Lines", ".ndjson": "JSON Lines", ".json": "JSON Lines"}  # fmt: skip
_DELIMITERS = ",;\t|"


@frozen
class Records:
    """A file as standard columns, with the ids of its rows and what its columns were taken for."""

    ids: pl.Series = attrs.field(repr=False)
    standard: Standard = attrs.field(repr=False)
    mapped: Mapping[str, str]


def read_records(
    path: Path, *, id_column: str | None = None, given: Mapping[str, str | None] | None = None
) -> Records:
    """Read a file; a file without a column of ids has its row numbers, from 1, as ids.

    :raises InputRefused: the file cannot be read, holds no table or no usable column, or an id
        is missing or stands there twice.
    """
    frame = _read(path)
    given = dict(given or {})
    if id_column is not None:
        given[id_column] = "id"
    mapped = map_columns(frame.columns, given)
    return Records(_ids(frame, mapped), standard_columns(frame, mapped), mapped)


def table_of(records: Records, other: Records | None = None) -> Table:
    """Make the table of one file, or of two to be linked: the rows of the first come first."""
    if other is None:
        return make_table(records.standard)
    side = np.arange(len(records.ids) + len(other.ids)) >= len(records.ids)
    return make_table(records.standard.above(other.standard), side)


def read_values(path: Path, mapped: Mapping[str, str], rows: Sequence[int]) -> pl.DataFrame:
    """Give what some rows of a file hold, as it was written, one column a field.

    The file is read again, for a run keeps standard forms only.
    """
    frame = _read(path)
    named = {f: c for f, c in mapped.items() if f != "id" and not frame[c].dtype.is_nested()}
    return frame.select(
        pl.col(column).gather(rows).cast(pl.String, strict=False).alias(field)
        for field, column in named.items()
    )


def _read(path: Path) -> pl.DataFrame:
    kind = KINDS.get(path.suffix.lower())
    if kind is None:
        raise InputRefused(
            "unknown-format", f"{path}: must end in one of {', '.join(sorted(KINDS))}."
        )
    try:
        if path.stat().st_size == 0:
            raise InputRefused("empty-file", f"{path} is empty.")
        if kind == "Parquet":
            frame = pl.read_parquet(path)
        elif kind == "JSON Lines":
            frame = pl.read_ndjson(path, infer_schema_length=None)
        else:
            frame = _read_csv(path)
    except OSError as error:
        why = error.strerror or "it cannot be read"
        raise InputRefused("unreadable", f"{path}: {why}.") from None
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise _refused(path, kind, str(error)) from None
    if not frame.columns:
        raise InputRefused("empty-file", f"{path} has no columns.")
    return frame


def _read_csv(path: Path) -> pl.DataFrame:
    with path.open("rb") as file:
        head = file.readline(1 << 16)
    counts = {d: head.count(d.encode()) for d in _DELIMITERS}
    delimiter = max(counts, key=lambda d: counts[d])
    return pl.read_csv(path, infer_schema=False, separator=delimiter, encoding="utf8")


def _refused(path: Path, kind: str, why: str) -> InputRefused:
    # The library's message may quote the file, so only its gist is taken.
    if "utf-8" in why.lower() or "utf8" in why.lower():
        return InputRefused("encoding", f"{path} is not UTF-8; write it as UTF-8 and try again.")
    if "duplicate" in why.lower():
        return InputRefused("columns", f"{path} has two columns of one name; rename one.")
    return InputRefused(
        "unreadable", f"{path} cannot be read as {kind}: it is broken or another format."
    )


def _ids(frame: pl.DataFrame, mapped: Mapping[str, str]) -> pl.Series:
    if "id" not in mapped:
        return pl.int_range(1, frame.height + 1, eager=True).cast(pl.String).alias("id")
    column = mapped["id"]
    if frame[column].dtype.is_nested():
        raise InputRefused("ids", f"The ids in {column} must be texts or numbers.")
    ids = frame[column].cast(pl.String).alias("id")
    missing = (ids.is_null() | (ids.str.strip_chars() == "")).arg_true()
    if len(missing):
        raise InputRefused(
            "missing-ids",
            f"{len(missing)} rows have no id in {column}, the first is row {missing[0] + 1}; "
            "give every row an id, or name another column with --id.",
        )
    if not _differ(ids):
        again = (~ids.is_first_distinct()).arg_true()
        raise InputRefused(
            "duplicate-ids",
            f"{len(again)} rows have an id in {column} that an earlier row has, the first is row "
            f"{again[0] + 1}; ids must differ, or name another column with --id.",
        )
    return ids


def _differ(ids: pl.Series) -> bool:
    """Tell whether all ids differ: where their hashes do, they do, and that is told sooner."""
    hashes = np.sort(ids.hash(seed=17).to_numpy())
    return bool((hashes[1:] != hashes[:-1]).all() or ids.is_unique().all())
