"""Standard columns: what people wrote, brought to forms that can be compared.

All work is done once for each distinct value.  What says nothing (blanks, relay addresses of
booking sites, boxes of desks, numbers of one digit) becomes null.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TypeAlias

import numpy as np
import polars as pl

from profilecore_duplicates import words
from profilecore_duplicates.columns import (
    TEXTS,
    Coded,
    Ints,
    Standard,
    code,
    nothing,
    to_work_on,
    together,
)
from profilecore_duplicates.folding import (
    name_tokens,
    sound,
    to_ascii,
    without_particles,
)
from profilecore_duplicates.spellings import roots
from profilecore_duplicates.workers import each

Made: TypeAlias = dict[str, Coded]
Raw: TypeAlias = Mapping[str, pl.Series]


def standardise(frame: pl.DataFrame, mapped: Mapping[str, str]) -> pl.DataFrame:
    """Give the standard columns of a table, one row for each of its rows, in their order.

    ``mapped`` says which column holds which field.  A column whose field is missing is all null;
    all are strings but ``born``, an integer YYYYMMDD with zeros for what is not known.
    """
    return standard_columns(frame, mapped).frame()


def standard_columns(frame: pl.DataFrame, mapped: Mapping[str, str]) -> Standard:
    """Give the same as :func:`standardise`, coded."""
    raw = {f: _text(frame[c]) for f, c in mapped.items() if f != "id"}
    jobs = [*_names(raw), *_contacts(raw), *_places(raw)]
    if "document" in raw:
        jobs.append(partial(_document, raw))
    made: Made = {}
    for part in each(lambda job: job(), jobs):
        made.update(part)
    if "house" in raw:
        made["house"] = _house(raw["house"], made.get("house"))
    missing = nothing(frame.height)
    texts = {name: made.get(name, missing) for name in TEXTS}
    dates = raw.get("birth_date")
    born = np.zeros(frame.height, dtype=np.int64) if dates is None else _born(dates)
    return Standard(texts, born)


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


def _folded(distinct: pl.Series) -> pl.LazyFrame:
    """Give distinct values ``x``, each folded as ``a``."""
    return pl.LazyFrame({"x": distinct, "a": to_ascii(distinct)})


def _spread(raw: Coded, table: pl.LazyFrame, names: Iterable[str]) -> Made:
    """Give each row the columns of its value; an empty text is null."""
    filled = (pl.when(pl.col(name).str.len_bytes() > 0).then(name) for name in names)
    derived = table.select(filled).collect()
    made = {}
    for column in derived:
        coded = code(column)
        made[column.name] = Coded(raw.look_up(coded.codes, -1), coded.vocabulary)
    return made


def _names(raw: Raw) -> Iterable[Callable[[], Made]]:
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
        yield partial(_first_names, first)
    if last is not None:
        if "second_last_name" in raw:
            last = _joined(last, raw["second_last_name"])
        yield partial(_last_names, last)


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
    coded = code(full)
    table = pl.DataFrame({"x": coded.words}).select(
        first=pl.when(comma).then(text.str.extract(r",\s*(.*)$", 1)).otherwise(head),
        last=pl.when(comma).then(text.str.extract(r"^([^,]*),", 1)).otherwise(tail),
    )
    return table.select(pl.all().gather(coded.at()))


def _first_names(values: pl.Series) -> Made:
    raw = code(values)
    table = _folded(raw.words).select(t=_null(name_tokens(pl.col("a"))))
    table = table.select(
        first=pl.col("t").str.replace_all(" ", "", literal=True),
        first1=pl.col("t").str.extract("^([a-z]+)", 1),
    )
    made = _spread(raw, table, ("first", "first1"))
    one, two = roots()
    of_first = pl.LazyFrame({"x": made["first1"].words}).select(
        root=pl.col("x").replace(one),
        root2=pl.col("x").replace_strict(two, default=None, return_dtype=pl.String),
    )
    made |= _spread(made["first1"], of_first, ("root", "root2"))
    return made | _sound(made["first1"], "first_sound")


def _last_names(values: pl.Series) -> Made:
    raw = code(values)
    table = _folded(raw.words).select(t=_null(without_particles(name_tokens(pl.col("a")))))
    two = pl.col("t").str.contains(" ", literal=True)
    table = table.select(
        last=pl.col("t").str.replace_all(" ", "", literal=True),
        last1=pl.col("t").str.extract("^([a-z]+)", 1),
        last2=pl.when(two).then(pl.col("t").str.extract("([a-z]+)$", 1)),
    )
    made = _spread(raw, table, ("last", "last1", "last2"))
    return made | _sound(made["last"], "last_sound")


def _sound(names: Coded, name: str) -> Made:
    table = pl.LazyFrame({"x": names.words}).select(sound(pl.col("x")).alias(name))
    return _spread(names, table, (name,))


def _contacts(raw: Raw) -> Iterable[Callable[[], Made]]:
    if "email" in raw:
        yield partial(_emails, raw["email"])
    if "phone" in raw:
        yield partial(_phones, raw["phone"])


def _phones(values: pl.Series) -> Made:
    raw = to_work_on(values)
    last = pl.col("a").str.replace_all("[^0-9]+", "").str.slice(-9)
    table = _folded(raw.words).select(last=last)
    good = (pl.col("last").str.len_bytes() >= 6) & ~_one_digit(pl.col("last"))
    return _spread(raw, table.select(phone=pl.when(good).then("last")), ("phone",))


def _one_digit(text: pl.Expr) -> pl.Expr:
    return text.str.strip_chars(text.str.slice(0, 1)) == ""


def _emails(values: pl.Series) -> Made:
    raw = to_work_on(values)
    text = pl.col("a").str.strip_chars()
    address = pl.when(text.str.contains(r"^[^@\s]+@[^@\s]+$")).then(text)
    parts = address.str.splitn("@", 2).struct.rename_fields(["box", "host"])
    table = _folded(raw.words).select(parts.alias("parts")).unnest("parts")
    gmail = pl.col("host").is_in(["gmail.com", "googlemail.com"])
    plain = pl.col("box").str.replace(r"\+.*$", "")
    dotless = plain.str.replace_all(".", "", literal=True)
    told = ~pl.col("host").str.contains(words.RELAYS) & ~plain.is_in(list(words.DESKS))
    table = table.with_columns(
        box=pl.when(told & gmail).then(dotless).when(told).then(plain),
        host=pl.when(gmail).then(pl.lit("gmail.com")).otherwise("host"),
    ).with_columns(
        email=pl.col("box") + "@" + pl.col("host"), local=pl.col("box").str.replace_all("[._-]", "")
    )
    return _spread(raw, table, ("email", "local"))


def _places(raw: Raw) -> Iterable[Callable[[], Made]]:
    if "address" in raw:
        yield partial(_streets, raw["address"])
    for field in ("city", "state", "country"):
        if field in raw:
            yield partial(_place, raw[field], field)
    if "postcode" in raw:
        yield partial(_postcodes, raw["postcode"])


def _place(values: pl.Series, field: str) -> Made:
    raw = code(values)
    text = _null(pl.col("a").str.replace_all("[^a-z0-9]+", ""))
    return _spread(raw, _folded(raw.words).select(text.alias(field)), (field,))


def _postcodes(values: pl.Series) -> Made:
    raw = code(values)
    text = _null(pl.col("x").str.to_lowercase().str.replace_all("[^a-z0-9]+", ""))
    return _spread(raw, pl.LazyFrame({"x": raw.words}).select(postcode=text), ("postcode",))


def _house(values: pl.Series, of_address: Coded | None) -> Coded:
    raw = code(values)
    table = pl.LazyFrame({"x": raw.words}).select(house=pl.col("x").str.extract(r"(\d+)", 1))
    made = _spread(raw, table, ("house",))["house"]
    if of_address is None:
        return made
    own, other = together([made, of_address])
    return Coded(np.where(own.codes >= 0, own.codes, other.codes), own.vocabulary)


def _streets(values: pl.Series) -> Made:
    raw = to_work_on(values)
    made = _spread(
        raw,
        _folded(raw.words).select(
            house=pl.col("a").str.extract(r"(?:^|[^a-z0-9])(\d+)[a-z]?(?:[^a-z0-9]|$)", 1),
            w=pl.col("a").str.replace_all(r"\d+[a-z]?", " "),
        ),
        ("house", "w"),
    )
    # Without their houses addresses are of a few streets: the rest is done once for each.
    street = made.pop("w")
    kinds = "|".join(words.STREETS.split())
    bare = pl.col("w").str.replace_all("[^a-z]+", " ").str.replace_all(rf"\b(?:{kinds})\b", " ")
    bare = bare.str.replace_all(rf"([a-z]{{3}})(?:{words.GROWN})\b", "${1}")
    table = pl.LazyFrame({"w": street.words})
    table = table.select(street=_null(bare.str.replace_all(r"\s+", "")))
    return made | _spread(street, table, ("street",))


def _born(values: pl.Series) -> Ints:
    """Read dates as YYYYMMDD; a day or month that is not known is 0.

    Of 05/06/1984 the day stands first, unless a value of the column shows that the month does.
    """
    raw = code(values)
    table = pl.DataFrame({"x": raw.words})
    text = pl.col("x").str.strip_chars()
    table = (
        table.with_columns(
            text.str.extract_groups(r"^(\d{4})[-/.]?(\d{2})?[-/.]?(\d{2})?(?:[T ].*)?$")
            .struct.rename_fields(["y", "m", "d"])
            .alias("iso"),
            text.str.extract_groups(r"^(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{2}|\d{4})(?:[T ].*)?$")
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
    born = table.select(pl.when(value >= 1000_00_00).then(value).otherwise(0)).to_series()
    return raw.look_up(born.to_numpy(), 0)


def _document(raw: Raw) -> Made:
    numbers = to_work_on(raw["document"])
    text = pl.col("a").str.replace_all("[^a-z0-9]+", "")
    table = _folded(numbers.words).select(y=text)
    good = (pl.col("y").str.len_bytes() >= 4) & ~_one_digit(pl.col("y"))
    good &= ~pl.col("y").is_in(list(words.BLANKS))
    made = _spread(numbers, table.select(document=pl.when(good).then("y")), ("document",))
    kinds = [raw[f].str.to_lowercase() for f in ("document_type", "document_country") if f in raw]
    if kinds:
        frame = pl.DataFrame({str(n): kind for n, kind in enumerate(kinds)})
        kind = frame.select(pl.concat_str(pl.all(), separator="/")).to_series()
        made["document_kind"] = code(kind)
    return made
