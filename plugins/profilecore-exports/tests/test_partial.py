"""Sheets to print, and formats known in part: against the worked samples where there are any."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest
from exports_kit import HANS, LUCIA, MIA, TIMES, P, World, plain

from profilecore_exports import Choice
from profilecore_exports.workbook import guarded

Shared = Callable[[str], Path]


class Cells(HTMLParser):
    """Gathers the texts of cells, and the names of tags."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.feed(content.decode())

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


(PASSPORT,) = HANS["documents"]
ISSUED = {"issued_on": "2020-01-02", "issuing_authority": "Stadt Musterstadt"}
AUSTRIAN = HANS | {"documents": [PASSPORT | ISSUED]}


def test_an_austrian_sheet_has_the_head_and_the_companions(world: World) -> None:
    world.stay(world.guest(AUSTRIAN), world.guest(MIA))
    (content,) = world.contents(world.export("at.gaesteblatt"))
    cells = Cells(content)
    assert cells.tags.count("section") == 1
    for text in (
        "Muster", "Hans", "Reisepass C01X00T47 vom 02.01.2020", "Stadt Musterstadt DEU",
        "Muster Mia", "20.11.2026", "DEU",
    ):  # fmt: skip
        assert text in cells.texts


def test_an_austrian_sheet_without_a_companions_birth_date_is_told(world: World) -> None:
    world.stay(world.guest(AUSTRIAN), world.guest(MIA, birth_date=None))
    run = world.export("at.gaesteblatt")
    assert (run.files, world.codes(run)) == ((), [["companion-birth-date"]])
    choices = {"companion-birth-date": Choice.IGNORE}
    assert world.export("at.gaesteblatt", choices=choices).counts["reported"] == 1


def test_what_an_austrian_sheet_should_have_besides_can_be_left_out(world: World) -> None:
    bare = {"type": "passport", "number": "C01X00T47"}
    values = {"country_of_residence": None, "documents": [bare]}
    (home,) = HANS["addresses"]
    world.stay(world.guest(HANS, addresses=[home | {"country": None}], **values))
    run = world.export("at.gaesteblatt")
    codes = ["residence", "document-issued", "document-authority", "document-country"]
    assert world.codes(run) == [codes]
    run = world.export("at.gaesteblatt", choices=dict.fromkeys(codes, Choice.IGNORE))
    assert (run.counts["reported"], run.is_clean) == (1, True)
    lucia = world.guest(LUCIA, nationalities=["AT"], documents=[])
    world.stay(lucia)
    assert lucia.id not in {i.guest_id for i in world.export("at.gaesteblatt").incomplete}


def test_austrian_sheets_are_numbered_without_gaps_over_runs(world: World) -> None:
    for _ in range(2):
        world.stay(world.guest(AUSTRIAN))
    world.export("at.gaesteblatt")
    world.stay(world.guest(AUSTRIAN, first_name="Jan"))
    (content,) = world.contents(world.export("at.gaesteblatt"))
    texts = Cells(content).texts
    assert texts[texts.index("Laufende Nummer") + 1] == "3"


def test_a_french_form_is_for_each_foreigner_and_children_stand_on_an_adults(
    world: World,
) -> None:
    hans, mia = world.family()
    french = world.guest(LUCIA, nationalities=["FR"])
    world.stay(hans, mia, french, world.guest(LUCIA))
    choices = {"contact": Choice.IGNORE}
    (content,) = world.contents(world.export("fr.fiche-police", choices=choices))
    cells = Cells(content)
    assert cells.tags.count("section") == 2
    assert cells.texts.count("Muster Mia") == 1


def test_a_sheet_shows_a_name_and_never_runs_it(world: World) -> None:
    world.stay(world.guest(AUSTRIAN, last_name='<script>alert("x")</script>'))
    (content,) = world.contents(world.export("at.gaesteblatt"))
    assert "script" not in Cells(content).tags
    assert b"<script" not in content


def test_a_missing_contact_can_be_left_out_of_the_french_form(world: World) -> None:
    world.stay(world.guest(HANS))
    assert world.codes(world.export("fr.fiche-police")) == [["contact"]]


def test_a_check_in_at_eturista_is_that_of_the_worked_sample(world: World, shared: Shared) -> None:
    stay = world.stay(world.guest(HANS), details=TIMES, reference="RES-2026-000123")
    made = msgspec.json.decode(world.contents(world.export("rs.eturista"))[0])
    worked = msgspec.json.decode(shared("samples/RS/worked-checkin.json").read_bytes())
    for key, value in worked["PodaciOBoravku"].items():
        if value == "<codebook>":
            worked["PodaciOBoravku"][key] = None
    assert len(made["OsnovniPodaci"]["ExternalId"]) == 20
    worked["OsnovniPodaci"]["ExternalId"] = made["OsnovniPodaci"]["ExternalId"]
    assert made == worked
    world.engine.update(stay.profile_id, {"first_name": "Johann"})
    again = msgspec.json.decode(world.contents(world.export("rs.eturista"))[0])
    assert again["OsnovniPodaci"]["ExternalId"] == made["OsnovniPodaci"]["ExternalId"]
    assert again["OsnovniPodaci"]["Izmena"] is True


def test_a_guest_of_eturista_keeps_the_number_when_a_companion_leaves(world: World) -> None:
    guests = [world.guest(HANS, first_name=name) for name in ("Ana", "Ben", "Cem")]
    stay = world.stay(*guests, details=TIMES)

    def numbers() -> dict[str, str]:
        made = [msgspec.json.decode(c) for c in world.contents(world.export("rs.eturista"))]
        return {m["OsnovniPodaci"]["Ime"]: m["OsnovniPodaci"]["ExternalId"] for m in made}

    first = numbers()
    left = {"property_id": P, "reference": stay.reference, "companions": [guests[2].id]}
    world.engine.record_stay(stay.profile_id, left)
    assert numbers() == {}
    world.engine.update(guests[2].id, {"first_name": "Cemal"})
    assert numbers() == {"Cemal": first["Cem"]}


def test_a_request_to_kbs_is_that_of_the_worked_sample_and_holds_no_password(
    world: World, shared: Shared
) -> None:
    world.stay(world.guest(HANS), details=TIMES, unit="12")
    (content,) = world.contents(world.export("tr.kbs"))
    worked = shared("samples/TR/worked-MusteriYabanciGiris.xml").read_bytes()
    assert plain(content) == plain(worked)


def test_a_country_without_a_known_symbol_is_asked(world: World) -> None:
    world.stay(world.guest(HANS, nationalities=["AR"]))
    assert world.codes(world.export("tr.kbs")) == [["country"]]


def cells_of(content: bytes) -> list[list[str]]:
    archive = zipfile.ZipFile(io.BytesIO(content))
    for name in archive.namelist():
        ElementTree.fromstring(archive.read(name))
    made = ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml"))
    return [
        ["".join(text.text or "" for text in cell.findall(".//{*}t")) for cell in row]
        for row in made.findall(".//{*}row")
    ]


def test_the_workbook_of_thailand_has_its_heads_and_a_row_a_guest(
    world: World, shared: Shared
) -> None:
    import csv

    world.stay(world.guest(HANS), world.guest(LUCIA))  # a Spanish card is no passport
    run = world.export("th.tm30")
    head, *rows = cells_of(world.contents(run)[0])
    with shared("schemas/TH/tm30_columns.csv").open(newline="", encoding="utf-8") as file:
        assert head == [row["header"] for row in csv.DictReader(file)]
    assert rows == [["HANS", "", "MUSTER", "M", "C01X00T47", "DEU", "02/07/1985", "23/11/2026", ""]]
    assert world.codes(run) == [["passport"]]


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("@SUM(1)", "'@SUM(1)"),
        ("-2+3", "'-2+3"),
        ("+4915112345", "+4915112345"),
        ("Ana", "Ana"),
    ],
)
def test_no_cell_is_a_formula(text: str, cell: str) -> None:
    assert guarded(text) == cell
