"""A real list of persons and their offices, as two systems would deliver it."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from profilecore import Engine, Profile
from profilecore.cli import main
from profilecore.normalise.contact import phone
from profilecore.normalise.text import fold

ROOT = Path(__file__).resolve().parents[2]
CONFIG = """
[profilecore]
region = "US"
custom_fields = {party = "personal", represents = "personal", url = "contact"}
"""
PERSONS = (
    "bioguide=external_id", "wikidata=external_id:wikidata", "govtrack=external_id:govtrack",
    "party=custom.party", "state=custom.represents", "url=custom.url",
)  # fmt: skip
# A search is by names; what stands behind a name is no part of it.
SUFFIXES = ("jr", "sr", "ii", "iii", "iv")


@cache
def rows(name: str) -> list[dict[str, str]]:
    shared = Path(os.environ.get("PROFILECORE_SHARED", ROOT.parent / "shared"))
    path = shared / "data" / "legislators" / name
    if not path.exists():
        pytest.skip(f"{name} of the shared set legislators is not here")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def place(needs_sqlite: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("legislators")
    (place / "profilecore.toml").write_text(CONFIG)
    for name in ("records.csv", "offices.csv"):
        with (place / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows(name)[0])
            writer.writeheader()
            writer.writerows(rows(name))
    return place


@pytest.fixture(scope="module")
def reports(place: Path) -> list[dict[str, Any]]:
    """Import persons and offices, each twice; give the four answers."""
    answers = []
    for name, maps in (("records.csv", PERSONS), ("offices.csv", PERSONS[:1])) * 2:
        args = ["--store", f"sqlite:///{place / 'c.db'}", "--config", f"{place}/profilecore.toml"]
        args += ["import", str(place / name), "--source", "congress", "--json"]
        for each in maps:
            args += ["--map", each]
        result = CliRunner().invoke(main, args)
        assert result.exit_code == 0, result.output
        answers.append(msgspec.json.decode(result.stdout))
    return answers


@pytest.fixture(scope="module")
def engine(place: Path, reports: object) -> Iterator[Engine]:
    with Engine.open(f"sqlite:///{place / 'c.db'}", discover=False) as engine:
        yield engine


@pytest.fixture
def person(engine: Engine) -> Callable[[str], Profile]:
    return lambda id: engine.search(external_id=("congress", id)).items[0]


def test_no_row_is_lost(reports: list[dict[str, Any]]) -> None:
    persons, offices, *_ = reports
    assert (persons["created"], persons["rejected"]) == (len(rows("records.csv")), 0)
    assert persons["unmapped"] == ["term_start", "term_end", "terms"]
    assert (offices["created"], offices["rejected"], offices["unmapped"]) == (0, 0, [])
    assert offices["updated"] + offices["unchanged"] == len(rows("offices.csv"))


def test_importing_again_changes_nothing(reports: list[dict[str, Any]]) -> None:
    *_, persons, offices = reports
    assert persons["unchanged"] == len(rows("records.csv"))
    assert offices["unchanged"] == len(rows("offices.csv"))


def test_every_cell_of_a_person_is_kept(person: Callable[[str], Profile]) -> None:
    for row in rows("records.csv"):
        made = person(row["bioguide"])
        assert (made.first_name, made.last_name) == (row["first_name"], row["last_name"])
        assert (made.middle_name or "", made.name_suffix or "") == (
            row["middle_name"],
            row["suffix"],
        )
        assert made.birth_date == row["birthday"]
        assert made.sex is not None
        assert made.sex.value == {"M": "male", "F": "female"}[row["gender"]]
        assert made.custom["party"] == row["party"]
        assert made.custom["represents"] == row["state"]
        ids = {(e.system, e.value) for e in made.external_ids}
        wanted = {("congress", row["bioguide"]), ("govtrack", row["govtrack"])}
        assert wanted | {("wikidata", row["wikidata"])} >= ids >= wanted
        if row["nickname"]:
            assert row["nickname"] in {n.first_name for n in made.alternate_names}
        if row["address"]:
            assert made.addresses[0].text == row["address"]
        numbers = {p.value for p in made.phones}
        assert {phone(row[c], "US") for c in ("phone", "fax") if row[c]} <= numbers


def test_every_name_that_differs_is_found(engine: Engine, person: Callable[[str], Profile]) -> None:
    for row in rows("records.csv"):
        for text in (row["official_full"], f"{row['nickname']} {row['last_name']}"):
            if text.strip():
                words = [w for w in fold(text).split() if w not in SUFFIXES]
                found = engine.search(" ".join(words), limit=50).items
                assert row["bioguide"] in {
                    e.value for p in found for e in p.external_ids if e.system == "congress"
                }, text


def test_every_office_adds_its_address_and_numbers(person: Callable[[str], Profile]) -> None:
    for row in rows("offices.csv"):
        made = person(row["bioguide"])
        assert made.last_name is not None
        numbers = {p.value for p in made.phones}
        assert {phone(row[c], "US") for c in ("phone", "fax") if row[c]} <= numbers
        wanted = (
            row["address"],
            ", ".join(filter(None, (row["suite"], row["building"]))),
            row["city"],
            row["zip"],
            f"US-{row['state']}",
        )
        held = {
            (a.line1 or "", a.line2 or "", a.city or "", a.postal_code or "", a.subdivision or "")
            for a in made.addresses
        }
        assert tuple(" ".join(w.split()) for w in wanted) in held


@pytest.mark.parametrize(
    ("typed", "id"),
    [
        ("bernie sand", "S000033"),
        ("sanders bernard", "S000033"),
        ("klobu", "K000367"),
        ("chuck schumer", "S000148"),
        ("garcia chuy", "G000586"),
        ("velazq", "V000081"),
        ("202 224 3441", "C000127"),
        ("ocasio cort", "O000172"),
        ("aderh rob", "A000055"),
        ("+1 256-734", "A000055"),
    ],
)
def test_a_clerk_finds_them_as_typed(engine: Engine, typed: str, id: str) -> None:
    found = engine.search(typed).items
    assert id in {e.value for p in found for e in p.external_ids}
    assert len(found) <= 5
