"""The sets that finders of duplicates are measured on, in the forms that they are given."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import attrs
import polars as pl
from anyascii import anyascii

GIVEN = ("febrl3", "fake_1000", "guests_10000", "guests_100000")
# The columns by which a set's model is known; a set of other columns has no model for Splink.
_COLUMNS = {
    "febrl": {"given_name", "surname", "date_of_birth", "soc_sec_id", "street_number", "postcode"},
    "fake": {"first_name", "surname", "dob", "city", "email"},
    "guests": {"first_name", "last_name", "dob", "email", "phone", "address", "city", "doc_no"},
}


@attrs.frozen
class Set:
    """``records`` is the CSV as it came; ``model`` names the peer's model for its columns."""

    name: str
    model: str
    records: Path
    truth: Path


def shared() -> Path:
    """Give the directory of the given sets; ends the program where none is named."""
    folder = Path(os.environ.get("PROFILECORE_SHARED", "../shared")) / "data"
    if not folder.is_dir():
        raise SystemExit("PROFILECORE_SHARED must name the directory that has data/ with the sets.")
    return folder


def known(name: str) -> Set:
    """Find a set by the name of a given one, or by the path of its directory.

    The directory has ``records.csv`` and ``truth.csv``; ends the program if it has not.
    """
    folder = (Path(name) if os.sep in name else shared() / name).absolute()
    records, truth = folder / "records.csv", folder / "truth.csv"
    if not records.is_file() or not truth.is_file():
        raise SystemExit(f"{folder} has no records.csv and truth.csv.")
    columns = set(pl.read_csv(records, n_rows=0, infer_schema=False).columns)
    models = [model for model, wanted in _COLUMNS.items() if wanted <= columns]
    if not models:
        raise SystemExit(f"{folder}: the peers have no model for its columns.")
    return Set(folder.name, models[0], records, truth)


def generated(records: int, seed: int, under: Path) -> Set:
    """Make a set of guests by the given generator, or find the one that an earlier run made."""
    folder = under / f"guests_{records}_seed_{seed}"
    if not (folder / "truth.csv").is_file():
        maker = shared() / "gen_guests.py"
        command = [sys.executable, maker, str(records), str(seed), folder]
        if subprocess.run(command, check=False).returncode:
            raise SystemExit(f"{maker.name} failed; it needs polars, numpy and faker.")
        frame = pl.read_parquet(folder / "records.parquet")
        frame.drop("cluster").write_csv(folder / "records.csv")
        pl.read_parquet(folder / "truth.parquet").write_csv(folder / "truth.csv")
    return known(str(folder))


def prepared(of: Set, folder: Path) -> Path:
    """Write the records as Parquet for the peers, guests in standard columns.

    What they are given for guests is ready to compare: plain lower-case letters, the last nine
    digits of telephone numbers, street and house apart, no addresses of booking sites.
    """
    frame = pl.read_csv(of.records, infer_schema=False)
    if of.model == "guests":
        frame = _standard(frame)
    path = folder / "records.parquet"
    frame.write_parquet(path)
    return path


def _standard(frame: pl.DataFrame) -> pl.DataFrame:
    plain = {name: _plain(frame[name]) for name in ("first_name", "last_name", "address", "city")}
    digits = pl.col("phone").str.replace_all(r"[^0-9]", "").str.slice(-9)
    email = pl.col("email").str.to_lowercase().str.strip_chars()
    house = pl.col("address").str.extract(r"\b(\d+\w?)\b", 1)
    street = pl.col("address").str.replace(r"\b\d+\w?\b", "").str.strip_chars(" ,.")
    made = frame.with_columns(**plain)
    return made.select(
        "id",
        "first_name",
        "last_name",
        pl.concat_str("first_name", "last_name", separator=" ").alias("full_name"),
        "dob",
        pl.when(~email.str.contains("relay", literal=True)).then(email).alias("email"),
        pl.when(digits != "").then(digits).alias("phone"),
        street.alias("street"),
        house.alias("house"),
        "city",
        "postcode",
        "country",
        pl.col("doc_no").str.to_uppercase(),
    )


def _plain(values: pl.Series) -> pl.Series:
    distinct = values.unique().drop_nulls()
    folded = [anyascii(text).lower().strip() or None for text in distinct.to_list()]
    return values.replace_strict(distinct, pl.Series(folded, dtype=pl.String), default=None)
