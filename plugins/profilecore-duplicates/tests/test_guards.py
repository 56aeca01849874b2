"""People who share much and are not one: none of them is a match on shared contacts alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

import polars as pl
import pytest

from profilecore_duplicates.finding import Found, find
from profilecore_duplicates.reading import read_records, table_of

COLUMNS = (
    "id", "first_name", "last_name", "dob", "email", "phone", "address", "postcode", "city",
    "passport",
)  # fmt: skip
FIRST = [
    "Ana", "Bruno", "Carla", "Dario", "Elena", "Fabio", "Greta", "Hugo", "Irene", "Jonas", "Klara",
    "Lukas", "Marta", "Nils", "Olivia", "Pablo", "Quentin", "Rosa", "Stefan", "Teresa", "Ugo",
    "Vera", "Walter", "Xenia", "Yannick", "Zoe",
]  # fmt: skip
SYLLABLES = [
    "ba", "do", "ka", "li", "mo", "ne", "pu", "ra", "si", "to", "va", "we", "gro", "mel", "fin",
    "tas",
]  # fmt: skip
Row = tuple[str | None, ...]


def person(name: str, random: Random) -> Row:
    """Make up somebody; nobody shares more with them than chance gives."""
    last = "".join(random.choices(SYLLABLES, k=3)).capitalize()
    first = random.choice(FIRST)
    born = f"{random.randint(1940, 2004)}-{random.randint(1, 12):02}-{random.randint(1, 28):02}"
    email = f"{first}.{last}{random.randint(1, 99)}@mail.example".lower()
    street = f"{''.join(random.choices(SYLLABLES, k=3))} street {random.randint(1, 90)}"
    city = random.randint(0, 40)
    place = (f"{10000 + city * 7}", f"Town {chr(65 + city % 26)}{city}")
    document = f"X{random.randint(10**7, 10**8)}" if random.random() < 0.3 else None
    return (
        name, first, last, born, email, f"6{random.randint(10**7, 10**8)}", street, *place,
        document,
    )  # fmt: skip


def changed(row: Row, name: str, random: Random) -> Row:
    """Give the person again as another desk wrote them: something is missing or new."""
    made = [name, *row[1:]]
    other = person(name, random)
    for at in random.sample((3, 4, 5, 6), k=2):
        made[at] = None if random.random() < 0.7 else other[at]
    if random.random() < 0.2:
        made[1] = (made[1] or "")[:1]
    return tuple(made)


def base() -> list[Row]:
    random = Random(11)
    persons = [person(f"p{n}", random) for n in range(1200)]
    copies = [changed(row, f"{row[0]}c", random) for row in persons[:250]]
    relatives = []
    for row in persons[300:420]:
        other = person(f"{row[0]}r", random)
        relatives.append((*other[:2], row[2], *other[3:5], *row[5:9], other[9]))
    return [*persons, *copies, *relatives]


def like(rows: Sequence[Row], name: str, **fields: str | None) -> Row:
    """Give the first of the rows again with another id and some fields changed."""
    made = dict(zip(COLUMNS, rows[0], strict=True)) | {"id": name} | fields
    return tuple(made[column] for column in COLUMNS)


Run = Callable[[Sequence[Row]], tuple[Found, list[str]]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def run(rows: Sequence[Row]) -> tuple[Found, list[str]]:
        path = tmp_path / "guests.csv"
        pl.DataFrame([*base(), *rows], schema=COLUMNS, orient="row").write_csv(path)
        records = read_records(path)
        return find(table_of(records)), records.ids.to_list()

    return run


def matches(found: Found, ids: list[str]) -> set[frozenset[str]]:
    ends = zip(found.pairs.left[found.decided], found.pairs.right[found.decided], strict=True)
    return {frozenset((ids[a], ids[b])) for a, b in ends}


ADULT = ("x0", "Irma", "Oberwald", "1971-04-09", "oberwald@home.example", "699123456",
         "Long lane 4", "10014", "Town C2", None)  # fmt: skip


def test_copies_are_matched_at_all(run: Run) -> None:
    found, ids = run([])
    made = matches(found, ids)
    assert len(made) > 100
    assert all(len({name.removesuffix("c") for name in pair}) == 1 for pair in made)


@pytest.mark.parametrize(
    "other",
    [
        {"first_name": "Rolf", "dob": "1969-11-30"},
        {"first_name": "Rolf", "dob": None},
        {"first_name": "Mira", "dob": "1971-04-09"},
        {"first_name": "Ilse", "dob": "1971-04-09", "email": None},
        {"dob": "1999-08-21"},
        {"dob": "1999-08-21", "email": None},
    ],
    ids=["household", "household without date", "twins", "twins without e-mail",
         "child of the same name", "child of the same name without e-mail"],
)  # fmt: skip
def test_relatives_who_share_home_and_contacts_are_no_match(
    run: Run, other: dict[str, str | None]
) -> None:
    found, ids = run([ADULT, like([ADULT], "x1", **other)])
    assert not [pair for pair in matches(found, ids) if "x0" in pair or "x1" in pair]


@pytest.mark.parametrize("guests", [5, 300])
def test_guests_of_one_agency_are_no_match(run: Run, guests: int) -> None:
    random = Random(5)
    rows = [
        like([person(f"g{n}", random)], f"g{n}", email="groups@tours.example", phone="688000111")
        for n in range(guests)
    ]
    found, ids = run(rows)
    assert not [pair for pair in matches(found, ids) if any(name[0] == "g" for name in pair)]


def test_paymasters_of_one_desk_are_no_match(run: Run) -> None:
    rows = [
        (f"m{n}", word, "Paymaster", None, "billing@inn.example", "677000222", "Inn road 1",
         "10007", "Town B1", None)
        for n, word in enumerate(("Group", "Airline", "Congress", "Wedding", "Crew"))
    ]  # fmt: skip
    found, ids = run(rows)
    assert not [pair for pair in matches(found, ids) if any(name[0] == "m" for name in pair)]


@pytest.mark.parametrize(
    ("field", "one", "other"),
    [("birth_date", "1971-04-09", "1999-08-21"), ("document", "X12345678", "Z99887766")],
)
def test_hard_conflicts_count_against_and_are_no_match(
    run: Run, field: str, one: str, other: str
) -> None:
    column = {"birth_date": "dob", "document": "passport"}[field]
    rows = [like([ADULT], "x0", **{column: one}), like([ADULT], "x1", **{column: other})]
    found, ids = run(rows)
    assert frozenset(("x0", "x1")) not in matches(found, ids)
    ends = (ids.index("x0"), ids.index("x1"))
    listed = list(zip(found.pairs.left.tolist(), found.pairs.right.tolist(), strict=True))
    assert ends in listed
    bits = {reason.field: reason.bits for reason in found.explain(listed.index(ends)).reasons}
    assert bits[field] < 0


def test_a_name_alone_is_no_match(run: Run) -> None:
    alone: Row = ("x1", "Irma", "Oberwald", *[None] * 7)
    found, ids = run([ADULT, alone])
    assert not [pair for pair in matches(found, ids) if "x1" in pair]
