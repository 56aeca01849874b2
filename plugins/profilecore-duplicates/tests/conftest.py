"""What the tests of matching share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs
import numpy as np
import polars as pl
import pytest
from hypothesis import settings

from profilecore import Engine
from profilecore_duplicates import DuplicatesPlugin
from profilecore_duplicates.reading import read_records, table_of
from profilecore_duplicates.table import Table

# How long an example takes depends on what else the machine does.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

ROOT = Path(__file__).resolve().parents[3]
PEOPLE = [
    ("a1", "Ana", "García", "1984-05-17", "ana@garcia.example", "+34 600 111 222", "Sevilla"),
    ("a2", "Ana", "Garcia", "17/05/1984", "ana@garcia.example", "600111222", "Sevilla"),
    ("b1", "Jürgen", "Müller", "1970-01-02", "jm@mueller.example", "030 1234567", "Berlin"),
    ("b2", "Juergen", "Mueller", "1970-02-01", "jm@mueller.example", None, "Berlin"),
    ("c1", "Robert", "Brown", "1990-10-11", None, "020 7946 0001", "London"),
    ("d1", "Chiara", "Rossi", "1962-12-30", "chiara@rossi.example", None, "Roma"),
    ("e1", "Olga", "Petrova", "1977-07-07", None, None, "Omsk"),
]
COLUMNS = ("id", "first_name", "last_name", "dob", "email", "phone", "city")


@pytest.fixture
def people() -> pl.DataFrame:
    return pl.DataFrame(PEOPLE, schema=COLUMNS, orient="row")


@pytest.fixture
def file(tmp_path: Path, people: pl.DataFrame) -> Path:
    path = tmp_path / "people.csv"
    people.write_csv(path)
    return path


@pytest.fixture
def table(file: Path) -> Table:
    return table_of(read_records(file))


def _slips(rows: int = 400, seed: int = 5) -> pl.DataFrame:
    """People of whom each tenth is there once more at the end, with a slip in the surname."""
    rng = np.random.default_rng(seed)
    letters = np.array(list("abcdeghiklmnoprstuv"))
    year, month, day = (rng.integers(a, b, rows) for a, b in ((1940, 2000), (1, 13), (1, 29)))
    born = [f"{y}-{m:02}-{d:02}" for y, m, d in zip(year, month, day, strict=True)]
    one = pl.DataFrame(
        {
            "first_name": rng.choice(["Ana", "Berta", "Carla", "Dora", "Eva", "Frida"], rows),
            "last_name": ["".join(rng.choice(letters, 7)).title() for _ in range(rows)],
            "dob": born,
            "phone": [str(number) for number in rng.integers(600_000_000, 699_999_999, rows)],
        }
    )
    two = one.gather_every(10).with_columns(pl.col("last_name").str.replace("a", "e"))
    return pl.concat([one, two]).with_row_index("id")


@pytest.fixture
def crowd(tmp_path: Path) -> Path:
    """Give a file of 400 people and 40 copies: rows 0 and 400 are one person, 10 and 401, ..."""
    path = tmp_path / "crowd.csv"
    _slips().write_csv(path)
    return path


@pytest.fixture
def shared() -> Callable[[str], Path]:
    """Give a function that finds a shared set, or skips where there is none."""

    def shared(name: str) -> Path:
        folder = Path(os.environ.get("PROFILECORE_SHARED", ROOT.parent / "shared"))
        path = folder / "data" / name
        if not path.is_dir():
            pytest.skip(f"there is no set {name} in PROFILECORE_SHARED")
        return path

    return shared


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine.open("memory://", discover=False, plugins=[DuplicatesPlugin], strict=True) as made:
        yield made


@pytest.fixture
def hotel(engine: Engine) -> Hotel:
    """Give an engine with made-up guests of two source systems, and who is who among them."""
    from profilecore.testing.guests import GuestSet  # other plugins' tests want it unimported

    ids, guests = {}, GuestSet(400, seed=3)
    with engine.transaction():
        for row in guests.rows:
            # Some numbers are as a desk wrote them, in no country's form.
            made = {name: value for name, value in row.profile.items() if name != "phones"}
            ids[row.key] = engine.create(made).id
    same = {frozenset((ids[a], ids[b])) for a, b in guests.truth}
    return Hotel(engine, frozenset(same))


@attrs.frozen
class Hotel:
    """An engine and the pairs of profiles that are the same person."""

    engine: Engine
    same: frozenset[frozenset[str]]
