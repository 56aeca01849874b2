"""The other countries: each worked sample comes out again, and each rule of its own holds."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest
from exports_kit import DEPARTURE, EVENING, HANS, ITALIAN_STATES, LUCIA, MIA, TIMES, P, World, plain

from profilecore import Engine
from profilecore_exports import read_answer
from profilecore_exports.it import ItalyPlugin
from profilecore_exports.si import SloveniaPlugin

Validate = Callable[[bytes, str], list[str]]
Shared = Callable[[str], Path]
LATER = EVENING.replace(day=DEPARTURE.day)


# ---- Germany


def test_the_german_form_is_that_of_the_worked_sample(
    world: World, shared: Shared, validate: Validate
) -> None:
    (home,) = LUCIA["addresses"]
    document = {"type": "passport", "number": "AAA000001", "country": "ES"}
    lucia = world.guest(
        LUCIA, addresses=[home | {"line1": "Calle Inventada 1"}], documents=[document]
    )
    world.stay(lucia, world.guest(MIA))
    run = world.export("de.meldeschein")
    assert [file.name for file in run.files] == ["2026/11/20261120_BeherbMeldeschein_1.xml"]
    (content,) = world.contents(run)
    worked = shared("samples/DE/worked-20261120_BeherbMeldeschein_1.xml").read_bytes()
    assert plain(content) == plain(worked)
    assert validate(content, "schemas/DE/RECONSTRUCTED-BeherbMeldeschein.xsd") == []


def test_germans_fill_in_no_form_and_adults_have_each_their_own(world: World) -> None:
    hans, lucia = world.guest(HANS), world.guest(LUCIA)
    anna = world.guest(LUCIA, first_name="Anna")
    world.stay(hans, lucia, anna)
    run = world.export("de.meldeschein")
    assert len(run.files) == 2
    assert run.counts["not_covered"] == 1


def test_a_spouse_and_a_child_are_counted_on_the_heads_form(world: World) -> None:
    lucia = world.guest(LUCIA)
    juan = world.guest(LUCIA, relationships=[{"type": "spouse", "profile_id": lucia.id}])
    world.stay(lucia, juan, world.guest(MIA))
    (content,) = world.contents(world.export("de.meldeschein"))
    assert ElementTree.fromstring(content).findtext("AnzahlAngehoerige") == "2"


def test_a_large_group_is_on_the_leaders_form(world: World) -> None:
    others = [world.guest(LUCIA, nationalities=["FR"]) for _ in range(10)]
    world.stay(world.guest(LUCIA), *others, details={"group": "group"})
    (content,) = world.contents(world.export("de.meldeschein"))
    tree = ElementTree.fromstring(content)
    assert tree.findtext("AnzahlMitreisende") == "10"
    assert tree.findtext("StaatsangehoerigkeitMitreisende") == "FRA"


def test_forms_are_numbered_from_one_each_day_and_a_year_is_birth_enough(world: World) -> None:
    for arrival in ("2026-11-19", "2026-11-19", "2026-11-20"):
        world.stay(world.guest(LUCIA, birth_date="1988-03"), arrival=arrival)
    run = world.export("de.meldeschein", start=EVENING.date().replace(day=1))
    assert [file.name.rpartition("/")[2] for file in run.files] == [
        "20261119_BeherbMeldeschein_1.xml",
        "20261119_BeherbMeldeschein_2.xml",
        "20261120_BeherbMeldeschein_1.xml",
    ]
    assert b"<Geburtsdatum>1988</Geburtsdatum>" in world.contents(run)[0]


def test_a_form_without_a_serial_number_is_written_if_the_desk_says_so(world: World) -> None:
    from profilecore_exports import Choice

    world.stay(world.guest(LUCIA, documents=[]))
    assert world.export("de.meldeschein").files == ()
    run = world.export("de.meldeschein", choices={"document": Choice.IGNORE})
    assert len(run.files) == 1
    assert run.is_clean
    assert [each.ignored for each in run.incomplete] == [True]


# ---- Portugal


def test_the_bulletins_are_those_of_the_worked_sample(
    world: World, shared: Shared, validate: Validate
) -> None:
    world.stay(world.guest(HANS))
    (content,) = world.contents(world.export("pt.siba"))
    worked = shared("samples/PT/worked-MovimentoBAL.xml").read_bytes().replace(b"T18:00", b"T18:05")
    assert plain(content) == plain(worked)
    assert validate(content, "schemas/PT/RECONSTRUCTED-BAL.xsd") == []


def test_the_dat_file_is_that_of_the_worked_sample(world: World, shared: Shared) -> None:
    world.stay(world.guest(HANS))
    run = world.export("pt.siba-dat")
    assert run.files[0].name == "12121212101.DAT"
    worked = shared("samples/PT/worked-12121212101.DAT-UNVERIFIED.txt")
    assert world.contents(run) == [worked.read_bytes()]


def test_a_guest_of_one_name_has_a_surname_only(world: World, validate: Validate) -> None:
    world.stay(world.guest(HANS, first_name=None, last_name="Sükarno"))
    (content,) = world.contents(world.export("pt.siba"))
    assert b"<Apelido>SUEKARNO</Apelido><Nacionalidade>" in content
    assert validate(content, "schemas/PT/RECONSTRUCTED-BAL.xsd") == []


def test_portuguese_letters_stay_and_nationals_are_not_reported(world: World) -> None:
    world.stay(world.guest(HANS, last_name="Conceição Ñandú"))
    world.stay(world.guest(HANS, nationalities=["PT"]))
    run = world.export("pt.siba")
    assert "CONCEIÇÃO NANDÚ".encode() in world.contents(run)[0]
    assert run.counts["not_covered"] == 1


def test_the_envelope_of_siba_is_that_of_the_worked_sample(world: World, shared: Shared) -> None:
    from profilecore_exports.pt import envelope

    worked = shared("samples/PT/worked-soap.xml").read_bytes()
    house = world.format("pt.siba").house(P)
    import base64

    inner = ElementTree.fromstring(worked).findtext(".//{*}Boletins") or ""
    made = envelope(base64.b64decode(inner), house=house, key="999999999")
    assert plain(made) == plain(worked)


def test_siba_accepts_with_zero_and_refuses_by_line(world: World, shared: Shared) -> None:
    world.stay(world.guest(HANS))
    world.stay(world.guest(LUCIA))
    world.export("pt.siba")
    form = world.format("pt.siba")
    ok = shared("samples/PT/node-siba-response-ok.xml").read_bytes()
    assert read_answer(world.engine, form, ok).refused == 0
    fault = shared("samples/PT/node-siba-response-error60.xml").read_bytes()
    (file,) = world.export("pt.siba", again=True).files
    judged = read_answer(world.engine, form, fault, file=file.name).judged
    assert [(j.accepted, j.code) for j in judged] == [(False, "60"), (False, "60")]


def test_a_departure_that_changes_is_told_by_the_bulletin_again(world: World) -> None:
    stay = world.stay(world.guest(HANS))
    world.export("pt.siba")
    again = {"property_id": P, "reference": stay.reference, "departure": "2026-11-25"}
    world.engine.record_stay(stay.profile_id, again)
    run = world.export("pt.siba")
    assert run.counts["corrected"] == 1
    assert b"2026-11-25T00:00:00" in world.contents(run)[0]


# ---- Czechia


def test_the_unl_file_is_that_of_the_worked_sample(world: World, shared: Shared) -> None:
    world.stay(*world.family())
    run = world.export("cz.ubyport")
    name = "100162012588_2026_11_20_1805_recepce1.unl"
    assert [file.name for file in run.files] == [name]
    assert world.contents(run) == [shared(f"samples/CZ/worked-{name}").read_bytes()]


def test_every_record_of_a_unl_file_has_fifteen_pipes_and_czech_letters(world: World) -> None:
    world.stay(world.guest(HANS, first_name="Jiří Ñ|a", last_name="Dvořák-Æsir\r\nÅs"))
    (content,) = world.contents(world.export("cz.ubyport"))
    lines = content.decode("cp1250").split("\r\n")
    assert [line.count("|") for line in lines] == [15, 15]
    assert lines[1].split("|")[3:5] == ["DVOŘÁK-AESIR AS", "JIŘÍ N A"]


def test_the_request_to_ubyport_is_that_of_the_worked_sample(world: World, shared: Shared) -> None:
    world.stay(world.guest(HANS), details=TIMES)
    (content,) = world.contents(world.export("cz.ubyport-ws"))
    worked = shared("samples/CZ/worked-ZapisUbytovane.xml").read_bytes()
    assert plain(content) == plain(worked)
    members = [e.tag.rpartition("}")[2] for e in ElementTree.fromstring(content).iter()]
    guest = members[members.index("Ubytovany") + 1 : members.index("VracetPDF")]
    assert guest == sorted(guest)


@pytest.mark.parametrize(("birth", "cell"), [("1950", "00001950"), ("1985-07", "00071985")])
def test_unknown_parts_of_a_birth_are_noughts(world: World, birth: str, cell: str) -> None:
    world.stay(world.guest(HANS, birth_date=birth))
    (content,) = world.contents(world.export("cz.ubyport-ws"))
    assert f"<d:cDate>{cell}</d:cDate>".encode() in content
    assert world.codes(world.export("cz.ubyport")) == [["birth-date"]]


def test_every_nationality_has_the_code_of_the_police(world: World, shared: Shared) -> None:
    import pycountry

    with shared("schemas/CZ/staty_kod3.csv").open(encoding="utf-8", newline="") as opened:
        known = {row["kod3"] for row in csv.DictReader(opened)}
    for country in ("XK", *(each.alpha_2 for each in pycountry.countries)):
        if country != "CZ":
            world.stay(world.guest(HANS, nationalities=[country]))
    run = world.export("cz.ubyport")
    lines = b"\r\n".join(world.contents(run)).decode("cp1250").split("\r\n")
    assert {line.split("|")[9] for line in lines if line.startswith("U")} == known - {"CZE"}


def test_files_of_ubyport_are_divided_at_their_limit(world: World) -> None:
    for _ in range(33):
        world.stay(world.guest(HANS))
    assert [file.guests for file in world.export("cz.ubyport-ws").files] == [32, 1]


def test_ubyport_refuses_by_number_and_only_notifies_by_others(world: World) -> None:
    guests = [world.guest(HANS), world.guest(LUCIA)]
    for guest in guests:
        world.stay(guest)
    world.export("cz.ubyport-ws")
    text = (
        "<r><ChybyHlavicky/><ChybyZaznamu><string>;112;</string><string>;112;106;</string>"
        "</ChybyZaznamu></r>"
    )
    judged = read_answer(world.engine, world.format("cz.ubyport-ws"), text.encode()).judged
    assert [(j.accepted, j.code) for j in judged] == [(True, "112"), (False, "112;106")]


# ---- Croatia


def test_a_check_in_is_that_of_the_worked_sample(world: World, shared: Shared) -> None:
    world.stay(world.guest(HANS, emails=[]), details=TIMES)
    run = world.export("hr.evisitor")
    made = msgspec.json.decode(world.contents(run)[0])
    worked = msgspec.json.decode(shared("samples/HR/worked-CheckInTourist.json").read_bytes())
    assert len(made.pop("ID")) == len(worked.pop("ID"))
    assert made == worked
    assert list(made) == list(worked)


def test_an_import_is_that_of_the_worked_sample(world: World, shared: Shared) -> None:
    world.stay(world.guest(HANS, emails=[]), details=TIMES)
    made = msgspec.json.decode(world.contents(world.export("hr.evisitor-import"))[0])
    worked = msgspec.json.decode(shared("samples/HR/worked-ImportTourists.json").read_bytes())

    def rows(given: Any) -> list[tuple[str, str | None]]:
        (guest,) = ElementTree.fromstring(given["Xml"])
        return [(e.tag, e.text) for e in guest if e.tag != "ID"]

    assert made["Register"] is True
    assert rows(made) == rows(worked)


def test_a_check_out_and_an_edit_have_the_id_of_the_check_in(world: World) -> None:
    stay = world.stay(world.guest(HANS), details=TIMES)
    first = msgspec.json.decode(world.contents(world.export("hr.evisitor"))[0])
    world.engine.update(stay.profile_id, {"birth_place": "Bonn"})
    run = world.export("hr.evisitor", now=LATER)
    made = [msgspec.json.decode(content) for content in world.contents(run)]
    assert {each["ID"] for each in made} == {first["ID"]}
    assert made[0]["CityOfBirth"] == "Bonn"
    assert made[1] == {"ID": first["ID"], "CheckOutDate": "20261123", "CheckOutTime": "11:00"}


@pytest.mark.parametrize(
    ("changes", "details", "code"),
    [
        ({"country_of_residence": "US"}, TIMES, "border"),
        ({"country_of_residence": "HR"}, TIMES, "place"),
        ({}, {}, "arrived-at"),
        ({"documents": [{"type": "other", "number": "X1", "country": "DE"}]}, TIMES,
         "document-type"),
        ({}, TIMES | {"values": {"hr.evisitor.category": "3"}}, "category"),
    ],
)  # fmt: skip
def test_what_evisitor_needs_besides_is_asked(
    world: World, changes: dict[str, Any], details: dict[str, Any], code: str
) -> None:
    world.stay(world.guest(HANS, **changes), details=details)
    assert world.codes(world.export("hr.evisitor")) == [[code]]


def test_the_tax_category_goes_by_age(world: World) -> None:
    for birth in ("2017-05-09", "2010-01-01", "1985-07-02"):
        world.stay(world.guest(HANS, birth_date=birth), details=TIMES)
    made = [msgspec.json.decode(c) for c in world.contents(world.export("hr.evisitor"))]
    assert sorted(each["TTPaymentCategory"] for each in made) == ["1", "14", "2"]


def test_evisitor_accepts_with_silence_and_a_cancelled_stay_is_taken_back(world: World) -> None:
    stay = world.stay(world.guest(HANS), details=TIMES)
    world.export("hr.evisitor")
    form = world.format("hr.evisitor")
    assert [j.accepted for j in read_answer(world.engine, form, b"").judged] == [True]
    off = {"property_id": P, "reference": stay.reference, "status": "no_show"}
    world.engine.record_stay(stay.profile_id, off)
    (file,) = (run := world.export("hr.evisitor")).files
    assert (file.kind, file.name.partition("_")[0]) == ("cancellation", "CancelTouristCheckIn")
    assert set(msgspec.json.decode(world.contents(run)[0])) == {"ID", "Reason"}


# ---- Slovenia


def test_rows_of_the_guest_book_validate_and_are_those_of_the_sample(
    world: World, shared: Shared, validate: Validate
) -> None:
    passport = {"type": "passport", "number": "C02X00T47", "country": "DE"}
    hans, mia = world.guest(HANS), world.guest(MIA, documents=[passport], birth_date="2021-05-09")
    world.stay(hans, mia, details=TIMES)
    (content,) = world.contents(world.export("si.eturizem"))
    assert validate(content, "schemas/SI/GuestBookSchema.xsd") == []
    made = [e.attrib for e in ElementTree.fromstring(content)]
    worked = ElementTree.parse(shared("samples/SI/worked-knjigaGostov.xml")).getroot()
    first, second = (e.attrib for e in worked)
    assert made[0] == first
    # The tax is the full one, whatever the relief; the departure of the stay is known.
    assert made[1] == second | {"ttVisina": "2.50", "casOdhoda": "2026-11-23T11:00:00"}


def test_an_edit_goes_again_under_its_number_and_new_guests_get_new_ones(
    world: World, validate: Validate
) -> None:
    stay = world.stay(world.guest(HANS))
    world.export("si.eturizem")
    world.engine.update(stay.profile_id, {"first_name": "Johann"})
    world.stay(world.guest(LUCIA))
    (content,) = world.contents(world.export("si.eturizem"))
    assert validate(content, "schemas/SI/GuestBookSchema.xsd") == []
    rows = {e.get("ime"): e.get("zst") for e in ElementTree.fromstring(content)}
    assert rows == {"Johann": "1", "Lucía": "2"}


def test_a_cancelled_stay_is_marked_as_taken_back(world: World, validate: Validate) -> None:
    stay = world.stay(world.guest(HANS))
    world.export("si.eturizem")
    off = {"property_id": P, "reference": stay.reference, "status": "cancelled"}
    world.engine.record_stay(stay.profile_id, off)
    (content,) = world.contents(world.export("si.eturizem"))
    assert validate(content, "schemas/SI/GuestBookSchema.xsd") == []
    (row,) = ElementTree.fromstring(content)
    assert (row.get("zst"), row.get("status")) == ("1", "2")


@pytest.mark.parametrize(
    "wrong", [{"tax": "1E-2"}, {"tax": "2,50"}, {"tax": "NaN"}, {"number": -1}]
)
def test_settings_that_the_schema_would_refuse_are_refused(wrong: dict[str, Any]) -> None:
    config = {"exports-si": {"properties": {P: {"number": 1, "tax": "2.50"} | wrong}}}
    options: Any = {"plugins": [SloveniaPlugin], "discover": False, "config": config}
    with Engine.open("memory://", **options) as engine:
        assert [failure.hook for failure in engine.plugins.failures] == ["config"]


def test_ajpes_takes_no_arrival_from_before_its_register(world: World) -> None:
    world.stay(world.guest(HANS), arrival="2016-12-31", departure="2017-01-02")
    run = world.export("si.eturizem", start=date(2016, 12, 31), end=date(2016, 12, 31))
    assert world.codes(run) == [["arrival"]]


def test_ajpes_takes_no_name_of_one_letter(world: World) -> None:
    world.stay(world.guest(HANS, first_name="X"))
    assert world.codes(world.export("si.eturizem")) == [["name-too-short"]]


@pytest.mark.parametrize(
    "text",
    [
        '<a failure="1" packageGuid="g"><r rowPackageId="2" msgTxt="Napaka"/></a>',
        '{"data":{"@success":"0","row":[{"@id":"2","@msg":"7","@msgTxt":"Napaka"}]}}',
    ],
)
def test_ajpes_refuses_rows_by_their_place(world: World, text: str) -> None:
    for guest in (HANS, LUCIA):
        world.stay(world.guest(guest))
    world.export("si.eturizem")
    judged = read_answer(world.engine, world.format("si.eturizem"), text.encode()).judged
    assert [(j.accepted, j.text) for j in judged] == [(True, ""), (False, "Napaka")]


def test_the_monthly_report_counts_rooms_sold_and_goes_once(
    world: World, shared: Shared, validate: Validate
) -> None:
    for _ in range(14):
        world.stay(world.guest(HANS))
    month = {"start": EVENING.date().replace(day=1), "end": EVENING.date().replace(day=30)}
    (content,) = world.contents(world.export("si.eturizem-monthly", **month))
    assert plain(content) == plain(shared("samples/SI/worked-mesecno.xml").read_bytes())
    assert validate(content, "schemas/SI/GuestBookMRschema.xsd") == []
    assert world.export("si.eturizem-monthly", **month).counts == {"already": 1}


# ---- ROSS1000


def test_statistics_of_italy_are_those_of_the_worked_sample(world: World, shared: Shared) -> None:
    values = {"tipoturismo": "Culturale", "mezzotrasporto": "Auto",
              "canaleprenotazione": "Indiretta web"}  # fmt: skip
    details = {"values": {f"it.ross1000.{name}": value for name, value in values.items()}}
    world.stay(*world.family(), details=details)
    (content,) = world.contents(world.export("it.ross1000", now=LATER))
    made = ElementTree.fromstring(content)
    worked = ElementTree.parse(shared("samples/IT/worked-ross1000.xml")).getroot()
    numbers: dict[str, str] = {}
    for element in made.iter():
        if element.tag in ("idswh", "idcapo") and element.text:
            assert len(element.text) <= 20
            element.text = numbers.setdefault(element.text, str(100001 + len(numbers)))
    days = [movement.findtext("data") for movement in made.findall("movimento")]
    assert days == ["20261120", "20261121", "20261122", "20261123"]
    for movement in made.findall("movimento"):
        if movement.findtext("data") in ("20261121", "20261122"):
            assert movement.findtext("struttura/camereoccupate") == "1"
            made.remove(movement)
    assert plain(ElementTree.tostring(made)) == plain(ElementTree.tostring(worked))


def test_a_closed_property_reports_its_closed_days_with_noughts(
    make_world: Callable[..., World],
) -> None:
    house = {
        "structure": "S",
        "rooms": 10,
        "beds": 20,
        "closed": ["2026-11-01/2026-11-20", "2026-11-22"],
    }
    world = make_world(**{"exports-it": {"properties": {P: house}}})
    world.load("it.stati", ITALIAN_STATES)
    world.stay(world.guest(HANS))
    days = {"start": date(2026, 11, 19), "now": LATER}
    made = ElementTree.fromstring(world.contents(world.export("it.ross1000", **days))[0])
    shown = [[e.text for e in found] for found in made.iter("struttura")]
    assert shown == [
        ["NO", "0", "0", "0"],
        ["SI", "1", "10", "20"],
        ["SI", "1", "10", "20"],
        ["NO", "0", "0", "0"],
        ["SI", "0", "10", "20"],
    ]


@pytest.mark.parametrize("closed", ["November", "2026-11-02/2026-11-01", "2026-02-30"])
def test_days_of_closing_that_are_none_are_refused(closed: str) -> None:
    config = {"exports-it": {"properties": {P: {"closed": [closed]}}}}
    options: Any = {"plugins": [ItalyPlugin], "discover": False, "config": config}
    with Engine.open("memory://", **options) as engine:
        assert [failure.hook for failure in engine.plugins.failures] == ["config"]


# ---- Colombia


def test_the_lines_of_sire_are_those_of_the_worked_sample(world: World, shared: Shared) -> None:
    world.stay(world.guest(HANS))
    entry = world.contents(world.export("co.sire"))[0]
    stays = world.engine.stays(world.engine.search("muster").items[0].id)
    from profilecore_exports import record_details

    record_details(world.engine, stays[0].id, {"values": {"co.sire.to": "13001"}})
    run = world.export("co.sire", now=LATER, start=DEPARTURE)
    worked = shared("samples/CO/worked-sire.txt").read_bytes().split(b"\r\n")
    assert [entry, *world.contents(run)] == worked


def test_a_line_of_sire_has_thirteen_columns_and_a_wrong_place_is_told(world: World) -> None:
    world.stay(world.guest(LUCIA))
    (content,) = world.contents(world.export("co.sire"))
    assert content.count(b"\t") == 12
    world.stay(world.guest(HANS), details={"values": {"co.sire.from": "Bonn"}})
    assert world.codes(world.export("co.sire")) == [["place"]]
