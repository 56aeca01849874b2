"""The other countries: each worked sample comes out again, and each rule of its own holds."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from exports_kit import DEPARTURE, EVENING, HANS, LUCIA, MIA, PORTUGAL, TIMES, P, World, plain

from profilecore import Engine
from profilecore_exports import read_answer
from profilecore_exports.pt import PortugalPlugin

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


FRENCH = {"nationalities": ["FR"], "documents": HANS["documents"]}


def counted(world: World) -> list[tuple[str | None, ...]]:
    """Give first name, relatives and companions of each form."""
    made = map(ElementTree.fromstring, world.contents(world.export("de.meldeschein")))
    names = ("Vornamen", "AnzahlAngehoerige", "AnzahlMitreisende")
    return [tuple(form.findtext(name) for name in names) for form in made]


def test_the_foreign_spouse_of_a_german_fills_in_a_form_that_counts_the_child(
    world: World,
) -> None:
    hans = world.guest(HANS)
    wife = world.guest(LUCIA, relationships=[{"type": "spouse", "profile_id": hans.id}])
    world.stay(hans, world.guest(MIA, nationalities=["ES"]), wife)
    assert counted(world) == [("Lucía", "2", "0")]


def test_a_foreign_child_with_germans_alone_has_a_form(world: World) -> None:
    world.stay(world.guest(HANS), world.guest(MIA | FRENCH))
    assert [form[0] for form in counted(world)] == ["Mia"]


def test_a_large_group_under_a_german_is_on_the_form_of_its_first_foreigner(world: World) -> None:
    others = [world.guest(LUCIA, nationalities=["FR"]) for _ in range(10)]
    child = world.guest(MIA, nationalities=["FR"])
    world.stay(world.guest(HANS), child, *others, details={"group": "group"})
    assert counted(world) == [("Lucía", "0", "10")]


def test_a_child_of_a_group_is_a_relative_of_its_own_parent_only(world: World) -> None:
    lucia = world.guest(LUCIA)
    own = world.guest(MIA, relationships=[{"type": "parent", "profile_id": lucia.id}])
    other = world.guest(MIA, first_name="Ida", **FRENCH)
    world.stay(lucia, own, other, details={"group": "group"})
    assert counted(world) == [("Lucía", "1", "0"), ("Ida", "0", "0")]


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


@pytest.mark.parametrize("establishment", ["A1", "", "-1", "00001"])
def test_an_establishment_that_is_no_number_is_refused_by_its_key(establishment: str) -> None:
    house = PORTUGAL["properties"][P] | {"establishment": establishment}
    options: Any = {"plugins": [PortugalPlugin], "discover": False}
    config = {"exports-pt": {"properties": {P: house}}}
    with Engine.open("memory://", config=config, **options) as engine:
        (failure,) = engine.plugins.failures
        assert failure.hook == "config"
        assert "establishment" in str(failure)


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


@pytest.mark.parametrize(
    ("head", "accepted"), [("", True), ("1;", True), ("1;112;", True), ("1;5;", False)]
)
def test_a_notice_about_the_head_refuses_nobody(world: World, head: str, accepted: bool) -> None:
    world.stay(world.guest(HANS))
    world.export("cz.ubyport-ws")
    text = f"<r><ChybyHlavicky>{head}</ChybyHlavicky><ChybyZaznamu><string/></ChybyZaznamu></r>"
    judged = read_answer(world.engine, world.format("cz.ubyport-ws"), text.encode()).judged
    assert [j.accepted for j in judged] == [accepted]


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
