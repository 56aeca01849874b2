"""Every record that is written has its exact form, whatever names and places guests have."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from exports_kit import (
    CITIES,
    CONFIG,
    COUNTRIES,
    EVENING,
    ITALIAN_STATES,
    ITALIAN_TOWNS,
    PLUGINS,
    POSTCODES,
    P,
    World,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from profilecore import Engine, Profile, Stay
from profilecore.model import Address, Email, IdentityDocument, Phone
from profilecore.model.enums import DocumentType, Sex
from profilecore.normalise.text import clean
from profilecore_exports import Details, Format, Guest, Party, Report, Setting, Unwritable, lists
from profilecore_exports.cz import NAME, TEXT
from profilecore_exports.details import Payment
from profilecore_exports.es_people import _KIN, PAYMENTS, SEXES, is_valid_number
from profilecore_exports.letters import UPPER_NAME, Letters
from profilecore_exports.tables import Tables

# Timing never decides, and one run is like the next.
steady = settings(
    deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


def cleaned(text: str) -> str | None:
    """Give a text as the engine stores it, nothing if the engine refuses it."""
    try:
        return clean(text) or None
    except ValueError:
        return None


words = st.one_of(
    st.text(min_size=1, max_size=60),
    st.sampled_from(
        ("García", "Müller-Lüdenscheidt", "Иванов", "王小明", "محمد", "Ñandú", "O’Brien", "ᚠᚢᚦ",
         "Σωκράτης", "ĲSSELMEER", "Þór", "한국", "=cmd()", "a|b\tc\r\nd", "x" * 200, "é" * 90)
    ),
).map(cleaned).filter(bool)  # fmt: skip
countries = st.sampled_from(("DE", "ES", "US", "CN"))
numbers = st.text("ABCXYZ0123456789", min_size=4, max_size=12)
births = st.dates(date(1930, 1, 1), date(2005, 1, 1))


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    home = draw(countries)
    return Profile(
        id="G-1",
        first_name=draw(words),
        last_name=draw(words),
        second_last_name=draw(st.none() | words),
        sex=draw(st.sampled_from((Sex.MALE, Sex.FEMALE))),
        birth_date=draw(births).isoformat(),  # type: ignore[arg-type]  # a text
        birth_country=draw(countries),
        birth_place=draw(words),
        nationalities=(draw(countries),),
        country_of_residence=home,
        documents=(
            IdentityDocument(
                type=DocumentType.PASSPORT, number=draw(numbers), country=draw(countries)
            ),
        ),
        addresses=(
            Address(line1=draw(words), city=draw(words), postal_code="12345", country="DE"),
        ),
        phones=(Phone(value="+34600000001"),),
        emails=(Email(value="ana@example.org"),),
    )


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    house = CONFIG["exports-es"]["properties"][P] | {"name": "Casa"}
    config = CONFIG | {"exports-es": {"properties": {P: house}}}
    with Engine.open(
        "memory://", plugins=PLUGINS, discover=False, strict=True, config=config
    ) as engine:
        made = World(engine, tmp_path_factory.mktemp("tables"))
        for name, text in (
            ("it.stati", ITALIAN_STATES),
            ("it.comuni", ITALIAN_TOWNS),
            ("es.codigos-postales", POSTCODES),
            ("co.paises", COUNTRIES),
            ("co.ciudades", CITIES),
        ):
            made.load(name, text)
        yield made


def written(world: World, name: str, profile: Profile, **more: Any) -> tuple[str, bytes] | None:
    """Give the record and the file of one guest; ``None`` where its values cannot be written."""
    format: Format = world.format(name)
    details = Details(
        id="S-1",
        arrived_at="16:05",
        departs_at="11:00",
        contracted_on=date(2026, 11, 1),
        payment=Payment.CARD,
        values={"hr.evisitor.border": "1", "hr.evisitor.border-date": "20261101"},
    )
    stay = Stay(
        id="S-1",
        profile_id=profile.id,
        property_id=P,
        arrival=date(2026, 11, 20),
        departure=date(2026, 11, 23),
        reference="R-1",
    )
    guest = Guest(profile, date(2026, 11, 20), stay, details)
    party = Party(stay, details, (guest,))
    here = EVENING.replace(tzinfo=None)
    setting = Setting(P, format.house(P), here, Tables(world.engine.store), **more)
    if list(format.missing(guest)):
        return None
    report = Report(guest, party, format.moments[0], number=1)
    try:
        text = format.write(report, setting)
    except Unwritable:
        return None
    from profilecore.model.fields import evolve

    file = format.assemble([evolve(report, text=text)], setting)
    assert "muster" not in file.name.casefold()
    return text, file.content


@settings(steady, max_examples=150)
@given(profile=profiles())
def test_a_police_record_of_italy_has_168_characters_of_its_letters(
    world: World, profile: Profile
) -> None:
    made = written(world, "it.alloggiati", profile)
    if made is not None:
        text, _ = made
        assert len(text) == 168
        assert re.fullmatch(r"[A-Z0-9 '/]{168}", text)
        assert text[14:64].strip()
        assert (text[64] != " ", text[14] != " ") == (True, True)


@settings(steady, max_examples=100)
@given(profile=profiles())
def test_a_unl_record_has_its_fields_lengths_and_letters(world: World, profile: Profile) -> None:
    made = written(world, "cz.ubyport", profile)
    if made is not None:
        text, content = made
        fields = text.split("|")
        assert len(fields) == 16
        assert content.decode("cp1250").split("\r\n")[1] == text
        assert 1 <= len(fields[3]) <= 50
        assert len(fields[4]) <= 24
        assert NAME.takes(fields[3])
        assert NAME.takes(fields[4])
        assert TEXT.takes(fields[10])
        assert len(fields[10]) <= 128
        assert all(re.fullmatch(r"\d\d\.\d\d\.\d{4}", fields[n]) for n in (1, 2, 6))


@settings(steady, max_examples=100)
@given(profile=profiles())
def test_a_line_of_sire_has_its_columns(world: World, profile: Profile) -> None:
    made = written(world, "co.sire", profile)
    if made is not None:
        columns = made[0].split("\t")
        assert len(columns) == 13
        assert all(re.fullmatch(r"[A-ZÑ ]*", columns[n]) for n in (5, 6, 7))
        assert re.fullmatch(r"[A-Z0-9]+", columns[3])


@settings(steady, max_examples=100)
@given(profile=profiles())
def test_a_line_of_the_dat_and_of_the_mossos_has_its_columns(
    world: World, profile: Profile
) -> None:
    for name, pipes in (("pt.siba-dat", 13), ("es.mossos", 32)):
        made = written(world, name, profile)
        if made is not None:
            assert made[0].count("|") == pipes
            assert "\n" not in made[0]


# ---- fixed and parted layouts are read back

ITALIAN = (
    ("type", 2), ("arrival", 10), ("days", 2), ("surname", 50), ("name", 30), ("sex", 1),
    ("born", 10), ("town", 9), ("province", 2), ("state", 9), ("citizen", 9), ("document", 5),
    ("number", 20), ("issued", 9),
)  # fmt: skip
ITALIAN_CODES = {"100000216": "DE", "100000239": "ES", "100000536": "US", "100000314": "CN"}
COLOMBIAN_CODES = {"23": "DE", "245": "ES", "249": "US", "215": "CN"}
ALPHA_3 = {"DEU": "DE", "ESP": "ES", "USA": "US", "CHN": "CN"}
PORTUGUESE = ("type", "surname", "name", "citizen", "place", "born", "number", "document",
              "issued", "lives", "town", "arrival", "departure", "end")  # fmt: skip
CZECH = ("type", "arrival", "departure", "surname", "name", "", "born", "", "", "citizen", "lives",
         "number", "visa", "purpose", "", "note")  # fmt: skip
COLOMBIAN = ("hotel", "city", "document", "number", "citizen", "surname", "second", "name", "way",
             "day", "from", "to", "born")  # fmt: skip
CATALAN = ("type", "spanish", "number", "document", "issued on", "surname", "second", "name",
           "sex", "born", "citizen", "arrival", "at", "departure", "until")  # fmt: skip


def cut(text: str) -> dict[str, str]:
    """Read a fixed record, and see that it is written again as it was."""
    cells, at = {}, 0
    for name, width in ITALIAN:
        cells[name] = text[at : at + width].rstrip()
        at += width
    assert "".join(cells[name].ljust(width) for name, width in ITALIAN) == text
    return cells


def agree(profile: Profile, cells: dict[str, str], form: str, codes: dict[str, str]) -> None:
    """See that what was read is what the profile says."""
    (document,) = profile.documents
    born = datetime.strptime(cells["born"], form)  # noqa: DTZ007  # a day has no zone
    assert born.date().isoformat() == profile.birth_date
    assert cells["number"] == document.number
    assert codes[cells["citizen"]] == profile.nationalities[0]
    if "issued" in cells:
        assert codes[cells["issued"]] == document.country


@settings(steady, max_examples=100)
@given(profile=profiles())
def test_a_police_record_of_italy_is_read_back(world: World, profile: Profile) -> None:
    made = written(world, "it.alloggiati", profile)
    if made is not None:
        cells = cut(made[0])
        agree(profile, cells, "%d/%m/%Y", ITALIAN_CODES)
        assert (cells["arrival"], cells["days"]) == ("20/11/2026", "03")
        assert cells["sex"] == ("1" if profile.sex is Sex.MALE else "2")
        assert ITALIAN_CODES[cells["state"]] == profile.birth_country
        surnames = " ".join(filter(None, (profile.last_name, profile.second_last_name)))
        assert UPPER_NAME.fit(surnames).startswith(cells["surname"])


@pytest.mark.parametrize(
    ("name", "mark", "columns", "form", "codes"),
    [
        ("pt.siba-dat", "|", PORTUGUESE, "%Y%m%d", ALPHA_3),
        ("cz.ubyport", "|", CZECH, "%d.%m.%Y", ALPHA_3),
        ("co.sire", "\t", COLOMBIAN, "%d/%m/%Y", COLOMBIAN_CODES),
        ("es.mossos", "|", CATALAN, "%Y%m%d", ALPHA_3),
    ],
)
@settings(steady, max_examples=60)
@given(profile=profiles())
def test_a_parted_record_is_read_back(
    world: World,
    name: str,
    mark: str,
    columns: tuple[str, ...],
    form: str,
    codes: dict[str, str],
    profile: Profile,
) -> None:
    made = written(world, name, profile)
    if made is not None:
        cells = made[0].split(mark)
        assert mark.join(cells) == made[0]
        read = dict(zip(columns, cells, strict=False))
        agree(profile, read, form, codes)
        if "departure" in read:
            days = (datetime.strptime(read[n], form).day for n in ("arrival", "departure"))  # noqa: DTZ007
            assert tuple(days) == (20, 23)


LETTERED = ("co.sire", "cz.ubyport", "cz.ubyport-ws", "it.alloggiati", "it.ross1000", "pt.siba",
            "pt.siba-dat", "th.tm30")  # fmt: skip
# What comes from lists of the authority, our own numbers, times and tags.
LISTED = re.compile(r"\b[0-9a-f]{20}\b|Non [sS]pecificato|T00:00:00|T\d\d:\d\d:\d\d|<[^>]*>|\\.")


@pytest.mark.parametrize("name", LETTERED)
@settings(steady, max_examples=60)
@given(profile=profiles())
def test_a_record_has_no_letters_but_those_of_its_format(
    world: World, name: str, profile: Profile
) -> None:
    format = world.format(name)
    assert format.letters is not None
    made = written(world, name, profile)
    if made is not None:
        text = LISTED.sub("", made[0])
        assert [c for c in text if c.isalpha() and not format.letters.takes(c)] == []
        if not name.startswith("th."):
            made[1].decode(format.encoding)


XML = {
    "es.ses-hospedajes": "ES/altaParteHospedaje.xsd",
    "es.ses-hospedajes-rh": "ES/altaReservaHospedaje.xsd",
    "pt.siba": "PT/RECONSTRUCTED-BAL.xsd",
    "si.eturizem": "SI/GuestBookSchema.xsd",
    "de.meldeschein": "DE/RECONSTRUCTED-BeherbMeldeschein.xsd",
}


@pytest.mark.parametrize("name", sorted({*XML, "cz.ubyport-ws", "it.ross1000"}))
@settings(steady, max_examples=40)
@given(profile=profiles())
def test_every_xml_file_is_well_formed(world: World, name: str, profile: Profile) -> None:
    made = written(world, name, profile)
    if made is not None:
        ElementTree.fromstring(made[1])


@pytest.mark.parametrize("name", sorted(XML))
def test_every_xml_file_validates(
    world: World,
    validate: Callable[[bytes, str], list[str]],
    shared: Callable[[str], Path],
    name: str,
) -> None:
    shared(f"schemas/{XML[name]}")

    @settings(steady, max_examples=25)
    @given(profile=profiles())
    def holds(profile: Profile) -> None:
        made = written(world, name, profile)
        if made is not None:
            assert validate(made[1], f"schemas/{XML[name]}") == []

    holds()


@given(text=st.text(max_size=80), limit=st.integers(1, 60))
@settings(steady, max_examples=300)
def test_fitted_texts_are_of_the_alphabet_short_enough_and_stay_what_they_are(
    text: str, limit: int
) -> None:
    for letters in (UPPER_NAME, NAME, TEXT):
        fitted = letters.fit(text, limit)
        assert letters.takes(fitted)
        assert len(fitted) <= limit
        assert letters.fit(fitted, limit) == fitted


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("Müller", "MUELLER"),
        ("Łódź", "LODZ"),
        ("Straße", "STRASSE"),
        ("Ångström", "AANGSTROEM"),
        ("Иванов", "IVANOV"),
        ("Ольга", "OLGA"),
        ("Юлия Щукина", "IULIIA SHCHUKINA"),
        ("Хрущёв", "KHRUSHCHEV"),
        ("D’Angelo", "D'ANGELO"),
        ("Jean-Luc", "JEAN LUC"),
    ],
)
def test_letters_are_written_as_passports_write_them(name: str, wanted: str) -> None:
    assert UPPER_NAME.fit(name) == wanted


def test_a_letter_of_the_alphabet_is_never_exchanged() -> None:
    assert Letters(frozenset("ÄA"), instead={"Ä": "A"}).fit("ä") == "Ä"


@pytest.mark.parametrize(
    ("codes", "file", "column"),
    [
        (lists.ES_PAYMENTS, "ES/catalogo_TIPO_PAGO.csv", "codigo"),
        (lists.ES_KINSHIPS, "ES/catalogo_TIPO_PARENTESCO.csv", "codigo"),
        (lists.ES_SEXES, "ES/catalogo_SEXO.csv", "codigo"),
        (lists.IT_KINDS, "IT/tipo_alloggiato.csv", "codice"),
        (lists.CZ_PURPOSES, "CZ/ucely_pobytu.csv", "kod"),
        (lists.HR_CATEGORIES, "HR/TTPaymentCategory.csv", "code"),
        (lists.HR_ORGANISATIONS, "HR/ArrivalOrganisation.csv", "CodeMI"),
        (lists.SI_DOCUMENTS, "SI/vrstaDok.csv", "koda"),
        (lists.SI_RELIEFS, "SI/ttObracun.csv", "koda"),
        (lists.SI_STATUSES, "SI/statusPor.csv", "koda"),
    ],
)
def test_a_short_list_has_the_codes_of_the_authority(
    codes: lists.CodeList, file: str, column: str, shared: Callable[[str], Path]
) -> None:
    with shared(f"schemas/{file}").open(encoding="utf-8", newline="") as opened:
        assert set(codes.codes) == {row[column] for row in csv.DictReader(opened)}


def test_every_code_that_is_written_is_in_its_list() -> None:
    assert set(PAYMENTS.values()) == set(lists.ES_PAYMENTS.codes)
    assert set(SEXES.values()) == set(lists.ES_SEXES.codes)
    assert set(_KIN.values()) <= set(lists.ES_KINSHIPS.codes)


DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"


@given(number=st.integers(0, 99_999_999), letter=st.sampled_from(DNI_LETTERS))
@settings(steady, max_examples=200)
def test_the_letter_of_a_nif_is_checked(number: int, letter: str) -> None:
    right = DNI_LETTERS[number % 23]
    assert is_valid_number("NIF", f"{number:08d}{letter}") == (letter == right)
    assert is_valid_number("NIE", f"X{number % 10**7:07d}{DNI_LETTERS[number % 10**7 % 23]}")
