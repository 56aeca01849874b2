"""Standard columns: what people wrote, brought to forms that can be compared.

All work is done once for each distinct value.  What says nothing (blanks, relay addresses of
booking sites, boxes of desks, numbers of one digit) becomes null.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from profilecore_duplicates import words
from profilecore_duplicates.folding import (
    name_tokens,
    over_unique,
    roots,
    sound,
    to_ascii,
    without_particles,
)

STANDARD = (
    "first", "first1", "root", "root2", "first_sound", "last", "last1", "last2", "last_sound",
    "born", "email", "local", "phone", "postcode", "city", "street", "house", "state", "country",
    "document", "document_kind",
)  # fmt: skip


def standardise(frame: pl.DataFrame, mapped: Mapping[str, str]) -> pl.DataFrame:
    """Give the standard columns of a table, one row for each of its rows, in their order.

    ``mapped`` says which column holds which field.  A column whose field is missing is all null;
    all are strings but ``born``, an integer YYYYMMDD with zeros for what is not known.
    """
    raw = {f: _text(frame[c]) for f, c in mapped.items() if f != "id"}
    made: dict[str, pl.Series] = {}
    _names(raw, made)
    _contacts(raw, made)
    _places(raw, made)
    if "birth_date" in raw:
        made["born"] = _born(raw["birth_date"])
    if "document" in raw:
        _document(raw, made)
    empty = {name: pl.lit(None, dtype=_type(name)).alias(name) for name in STANDARD}
    table = pl.DataFrame(made) if made else pl.DataFrame()
    if not made:
        table = pl.DataFrame({"born": pl.Series([None] * frame.height, dtype=pl.Int64)})
    missing = [empty[name] for name in STANDARD if name not in table.columns]
    return table.with_columns(missing).select(STANDARD)


def _type(name: str) -> type[pl.DataType]:
    return pl.Int64 if name == "born" else pl.String


def _text(column: pl.Series) -> pl.Series:
    if column.dtype in (pl.Date, pl.Datetime):
        return column.dt.strftime("%Y-%m-%d")
    if column.dtype.is_float():  # a column of whole numbers with gaps
        whole = (column.drop_nulls() % 1 == 0).all()
        column = column.cast(pl.Int64, strict=False) if whole else column
    if column.dtype.is_nested() or column.dtype == pl.Binary:
        return pl.Series(column.name, [None] * len(column), dtype=pl.String)
    return column.cast(pl.String, strict=False)


def _null(text: pl.Expr) -> pl.Expr:
    return pl.when(~text.is_in(list(words.BLANKS))).then(text)


def _folded(values: pl.Series) -> pl.DataFrame:
    """Give the distinct values ``x`` of a column, and each folded as ``a``."""
    distinct = values.unique()
    return pl.DataFrame({"x": distinct, "a": to_ascii(distinct)})


def _spread(values: pl.Series, table: pl.DataFrame) -> pl.DataFrame:
    """Look every value of a column up in a table of the distinct ones."""
    return values.to_frame("x").join(
        table, on="x", how="left", maintain_order="left", nulls_equal=True
    )


def _names(raw: Mapping[str, pl.Series], made: dict[str, pl.Series]) -> None:
    first, last = raw.get("first_name"), raw.get("last_name")
    if "full_name" in raw:
        parts = _parted(raw["full_name"])
        first = (
            parts["first"] if first is None else first.zip_with(first.is_not_null(), parts["first"])
        )
        last = parts["last"] if last is None else last.zip_with(last.is_not_null(), parts["last"])
    if first is not None:
        if "middle_name" in raw:
            first = _joined(first, raw["middle_name"])
        made.update(_first_names(first))
    if last is not None:
        if "second_last_name" in raw:
            last = _joined(last, raw["second_last_name"])
        made.update(_last_names(last))


def _joined(one: pl.Series, other: pl.Series) -> pl.Series:
    both = pl.concat_str("one", "other", separator=" ", ignore_nulls=True)
    return pl.DataFrame({"one": one, "other": other}).select(both).to_series()


def _parted(full: pl.Series) -> pl.DataFrame:
    """Part full names: "García, Ana", else the last word with its particles is the surname."""
    text = pl.col("x").str.strip_chars()
    comma = text.str.contains(",", literal=True)
    particles = "|".join(words.PARTICLES.split())
    tail = text.str.extract(rf"(?i)((?:\b(?:{particles})\s+)*[^\s]+)$", 1)
    head = text.str.strip_suffix(tail).str.strip_chars()
    table = pl.DataFrame({"x": full.unique()}).with_columns(
        first=pl.when(comma).then(text.str.extract(r",\s*(.*)$", 1)).otherwise(head),
        last=pl.when(comma).then(text.str.extract(r"^([^,]*),", 1)).otherwise(tail),
    )
    return _spread(full, table)


def _first_names(values: pl.Series) -> dict[str, pl.Series]:
    one, two = roots()
    table = _folded(values).with_columns(t=_null(name_tokens(pl.col("a"))))
    first1 = pl.col("t").str.extract("^([a-z]+)", 1)
    table = table.with_columns(
        first=pl.col("t").str.replace_all(" ", "", literal=True), first1=first1
    ).with_columns(
        root=pl.col("first1").replace(one),
        root2=pl.col("first1").replace_strict(two, default=None, return_dtype=pl.String),
        first_sound=sound(pl.col("first1")),
    )
    return _columns(_spread(values, table), ("first", "first1", "root", "root2", "first_sound"))


def _last_names(values: pl.Series) -> dict[str, pl.Series]:
    table = _folded(values).with_columns(t=_null(without_particles(name_tokens(pl.col("a")))))
    joined = pl.col("t").str.replace_all(" ", "", literal=True)
    two = pl.col("t").str.contains(" ", literal=True)
    table = table.with_columns(
        last=joined,
        last1=pl.col("t").str.extract("^([a-z]+)", 1),
        last2=pl.when(two).then(pl.col("t").str.extract("([a-z]+)$", 1)),
        last_sound=sound(joined),
    )
    return _columns(_spread(values, table), ("last", "last1", "last2", "last_sound"))


def _columns(frame: pl.DataFrame, names: tuple[str, ...]) -> dict[str, pl.Series]:
    return {
        name: frame.select(pl.when(pl.col(name).str.len_bytes() > 0).then(name)).to_series()
        for name in names
    }


def _contacts(raw: Mapping[str, pl.Series], made: dict[str, pl.Series]) -> None:
    if "email" in raw:
        made.update(_emails(raw["email"]))
    if "phone" in raw:
        digits = pl.col("x").str.replace_all(r"\D", "")
        last = digits.str.slice(-9)
        good = (last.str.len_bytes() >= 6) & ~_one_digit(last)
        made["phone"] = over_unique(raw["phone"], pl.when(good).then(last))


def _one_digit(text: pl.Expr) -> pl.Expr:
    return text == text.str.slice(0, 1).repeat_by(text.str.len_bytes()).list.join("")


def _emails(values: pl.Series) -> dict[str, pl.Series]:
    text = pl.col("a").str.strip_chars()
    box = text.str.extract(r"^([^@\s]+)@[^@\s]+$", 1).str.replace(r"\+.*$", "")
    host = text.str.extract(r"^[^@\s]+@([^@\s]+)$", 1)
    table = _folded(values).with_columns(box=box, host=host)
    gmail = pl.col("host").is_in(["gmail.com", "googlemail.com"])
    dotless = pl.col("box").str.replace_all(".", "", literal=True)
    told = ~pl.col("host").str.contains(words.RELAYS) & ~pl.col("box").is_in(list(words.DESKS))
    table = table.with_columns(
        box=pl.when(gmail).then(dotless).otherwise("box"),
        host=pl.when(gmail).then(pl.lit("gmail.com")).otherwise("host"),
        told=told,
    ).with_columns(
        email=pl.when("told").then(pl.col("box") + "@" + pl.col("host")),
        local=pl.when("told").then(pl.col("box").str.replace_all("[._-]", "")),
    )
    return _columns(_spread(values, table), ("email", "local"))


def _places(raw: Mapping[str, pl.Series], made: dict[str, pl.Series]) -> None:
    for field in ("city", "state", "country"):
        if field in raw:
            text = pl.col("a").str.replace_all("[^a-z0-9]+", "")
            table = _folded(raw[field]).with_columns(y=_null(text))
            made[field] = _spread(raw[field], table)["y"]
    if "postcode" in raw:
        text = pl.col("x").str.to_lowercase().str.replace_all("[^a-z0-9]+", "")
        made["postcode"] = over_unique(raw["postcode"], _null(text))
    if "address" in raw:
        made.update(_streets(raw["address"]))
    if "house" in raw:
        house = over_unique(raw["house"], pl.col("x").str.extract(r"(\d+)", 1))
        made["house"] = (
            house.zip_with(house.is_not_null(), made["house"]) if "house" in made else house
        )


def _streets(values: pl.Series) -> dict[str, pl.Series]:
    kinds = "|".join(words.STREETS.split())
    text = pl.col("a").str.replace_all("[^a-z0-9]+", " ")
    table = (
        _folded(values)
        .with_columns(t=text)
        .with_columns(
            house=pl.col("t").str.extract(r"(?:^|\s)(\d+)[a-z]?(?:\s|$)", 1),
            w=pl.col("t")
            .str.replace_all(r"\d+[a-z]?", " ")
            .str.replace_all(rf"\b(?:{kinds})\b", " "),
        )
    )
    bare = pl.col("w").str.replace_all(rf"([a-z]{{3}})(?:{words.GROWN})\b", "${1}")
    table = table.with_columns(
        street=_null(bare.str.replace_all(r"\s+", "")),
    )
    return _columns(_spread(values, table), ("street", "house"))


def _born(values: pl.Series) -> pl.Series:
    """Read dates as YYYYMMDD; a day or month that is not known is 0.

    Of 05/06/1984 the day stands first, unless a value of the column shows that the month does.
    """
    table = pl.DataFrame({"x": values.unique()})
    text = pl.col("x").str.strip_chars()
    table = (
        table.with_columns(
            text.str.extract_groups(r"^(\d{4})[-/.]?(\d{2})?[-/.]?(\d{2})?(?:[T ].*)?$")
            .struct.rename_fields(["y", "m", "d"])
            .alias("iso"),
            text.str.extract_groups(r"^(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{2}|\d{4})$")
            .struct.rename_fields(["p", "q", "y"])
            .alias("other"),
        )
        .unnest("iso")
        .unnest("other", separator="_")
    )
    table = table.with_columns(pl.exclude("x").cast(pl.Int64, strict=False))
    seen = table["other_q"].drop_nulls()
    month_first = bool((seen > 12).any()) and not bool((table["other_p"].drop_nulls() > 12).any())
    day, month = ("other_q", "other_p") if month_first else ("other_p", "other_q")
    year = pl.col("other_y")
    # Two digits mean a past year: nobody is born in the future.
    full = pl.when(year > 99).then(year).when(year > 30).then(year + 1900).otherwise(year + 2000)
    iso = pl.col("y") * 10000 + pl.col("m").fill_null(0) * 100 + pl.col("d").fill_null(0)
    other = full * 10000 + pl.col(month) * 100 + pl.col(day)
    value = pl.coalesce(iso, other)
    table = table.with_columns(born=pl.when(value >= 1000_00_00).then(value))
    return _spread(values, table)["born"]


def _document(raw: Mapping[str, pl.Series], made: dict[str, pl.Series]) -> None:
    text = pl.col("a").str.replace_all("[^a-z0-9]+", "")
    table = _folded(raw["document"]).with_columns(y=text)
    good = (pl.col("y").str.len_bytes() >= 4) & ~_one_digit(pl.col("y"))
    table = table.with_columns(y=pl.when(good & ~pl.col("y").is_in(list(words.BLANKS))).then("y"))
    made["document"] = _spread(raw["document"], table)["y"]
    kinds = [raw[f].str.to_lowercase() for f in ("document_type", "document_country") if f in raw]
    if kinds:
        frame = pl.DataFrame({str(n): kind for n, kind in enumerate(kinds)})
        made["document_kind"] = frame.select(pl.concat_str(pl.all(), separator="/")).to_series()
