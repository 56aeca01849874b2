"""Colombia: SIRE of Migración Colombia, arrivals and departures of foreign guests."""

from __future__ import annotations

import re
from collections.abc import Sequence
from string import ascii_uppercase

import attrs

from profilecore.errors import WrongValue
from profilecore.model.enums import DocumentType
from profilecore.values import frozen
from profilecore_exports.codes import spellings, stated
from profilecore_exports.contract import (
    Covers,
    Deadline,
    Format,
    Moment,
    OutFile,
    Report,
    Setting,
    Trust,
)
from profilecore_exports.country import CountryPlugin
from profilecore_exports.faults import unwritable
from profilecore_exports.guests import Guest
from profilecore_exports.letters import NUMBER, Letters
from profilecore_exports.lists import CO_DOCUMENTS
from profilecore_exports.naming import file_name
from profilecore_exports.needs import (
    ARRIVAL,
    BIRTH_DATE,
    DEPARTURE,
    DOCUMENT,
    FIRST_NAME,
    LAST_NAME,
    NATIONALITY,
    RESIDENCE,
    fits,
)
from profilecore_exports.tables import Tables, TableSpec

SIRE = "co.sire"
FROM_KEY, TO_KEY, KIND_KEY = (f"{SIRE}.{name}" for name in ("from", "to", "document"))
_SOURCE = "Migración Colombia, SIRE: the tables beside the instruction for uploading files"
COUNTRIES = TableSpec("co.paises", "Countries, with the numbers of SIRE", _SOURCE)
CITIES = TableSpec("co.ciudades", "Cities, with the numbers of the DIVIPOLA", _SOURCE)
NAME = Letters(frozenset(ascii_uppercase + "Ñ "))
PASSPORT, RESIDENT, FOREIGN = "3", "5", "10"
_KINDS = {
    DocumentType.PASSPORT: PASSPORT,
    DocumentType.RESIDENCE_PERMIT: RESIDENT,
    DocumentType.IDENTITY_CARD: FOREIGN,
    DocumentType.DNI: FOREIGN,
}


def _number(_: object, field: attrs.Attribute[str], value: str) -> None:
    if not re.fullmatch(r"[0-9]{1,9}", value):
        raise WrongValue(f"{field.name} must be a number")


@frozen
class ColombianHouse:
    """A property in Colombia: its number at SIRE and that of its city."""

    code: str = attrs.field(validator=_number)
    city: str = attrs.field(validator=_number)


@frozen
class ColombiaConfig:
    """The settings under ``exports-co``."""

    properties: dict[str, ColombianHouse] = attrs.field(factory=dict)


def _country(country: str | None, tables: Tables, path: str) -> str:
    table = tables.need(COUNTRIES)
    for name in spellings(country or "", "es"):
        found = table.named(name)
        if found:
            return found[0].code
    message = f"The country {country} is not in the table {COUNTRIES.name}."
    raise unwritable(path, "country", message)


def _place(guest: Guest, key: str, tables: Tables) -> str:
    """Give where a guest comes from or goes to: what the desk noted, else the country at home.

    Two letters are a country, digits the number of a Colombian city.
    """
    given = guest.value(key)
    if given is None:
        return _country(guest.residence, tables, "/country_of_residence")
    if re.fullmatch(r"[A-Z]{2}", given):
        return _country(given, tables, "/stay/details/values")
    code = given.lstrip("0")
    cities = tables.get(CITIES)
    if not code.isdecimal() or (cities is not None and not cities.has(code)):
        message = f"{key} must be a country, as DE, or the number of a Colombian city."
        raise unwritable("/stay/details/values", "place", message)
    return code


def _line(report: Report, setting: Setting) -> str:
    guest, house, tables = report.guest, setting.house, setting.tables
    is_entry = report.moment is Moment.ARRIVAL
    moment = guest.arrived if is_entry else guest.leaves
    document = guest.proof
    assert document is not None
    assert guest.born is not None
    assert moment is not None
    kind = guest.value(KIND_KEY) or _KINDS.get(document.type)
    if kind not in CO_DOCUMENTS:
        message = (
            f"SIRE has no number for this kind of document; give 3, 5, 46 or 10 as {KIND_KEY}."
        )
        raise unwritable("/documents", "document-type", message)
    return "\t".join(
        (
            house.code,
            house.city,
            str(kind),
            fits(NUMBER.fit(document.number), "/documents", "document's number"),
            _country(stated(guest.nationality, "SIRE"), tables, "/nationalities"),
            fits(NAME.fit(guest.name.last_name), "/last_name", "surname"),
            NAME.fit(guest.name.second_last_name),
            fits(NAME.fit(guest.given_names), "/first_name", "first name"),
            "E" if is_entry else "S",
            f"{moment:%d/%m/%Y}",
            _place(guest, FROM_KEY, tables),
            _place(guest, TO_KEY, tables),
            f"{guest.born:%d/%m/%Y}",
        )
    )


def _file(reports: Sequence[Report], setting: Setting) -> OutFile:
    content = "\r\n".join(report.text for report in reports).encode("utf-8")
    return OutFile(file_name(SIRE, setting, "txt"), content, tuple(reports))


class ColombiaPlugin(CountryPlugin):
    """The format of Colombia."""

    name = "exports-co"
    Config = ColombiaConfig

    def formats(self) -> tuple[Format, ...]:
        sire = Format(
            name=SIRE,
            title="SIRE, arrivals and departures of foreign guests",
            country="CO",
            trust=Trust.THIRD_PARTY,
            source="a third party's copy of the authority's instruction",
            deadline=Deadline("24 hours from the arrival, and from the departure", hours=24),
            write=_line,
            assemble=_file,
            houses=dict(self.config.properties),
            house_hint="[exports-co.properties.<id>] with code and city",
            covers=Covers(foreigners_only=True),
            needs=(
                LAST_NAME, FIRST_NAME, BIRTH_DATE, NATIONALITY, RESIDENCE, DOCUMENT, ARRIVAL,
                DEPARTURE,
            ),
            moments=(Moment.ARRIVAL, Moment.DEPARTURE),
            letters=NAME,
            tables=(COUNTRIES, CITIES),
            lists=(CO_DOCUMENTS,),
            note="The encoding of the file (UTF-8) and the deadline are not verified.",
        )  # fmt: skip
        return (sire,)
