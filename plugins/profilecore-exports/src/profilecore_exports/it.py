"""Italy: the police's guest cards (Alloggiati Web), and the codes it shares with ROSS1000."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

import attrs

from profilecore.errors import WrongValue
from profilecore.model.enums import DocumentType, Sex
from profilecore.rules.retention import Clock, RetentionRule
from profilecore.values import frozen
from profilecore_exports.codes import WITHOUT, spellings, stated
from profilecore_exports.contract import (
    Answer,
    Deadline,
    Format,
    Need,
    OutFile,
    Report,
    Setting,
    Trust,
    Verdict,
)
from profilecore_exports.country import CountryPlugin
from profilecore_exports.details import Group, WithoutNationality
from profilecore_exports.faults import ExportRefused, TableMissing, unwritable
from profilecore_exports.guests import Guest
from profilecore_exports.letters import NUMBER, UPPER_NAME
from profilecore_exports.lists import IT_KINDS
from profilecore_exports.markup import every, local, parse, texts
from profilecore_exports.naming import file_name
from profilecore_exports.needs import (
    ARRIVAL,
    BIRTH_COUNTRY,
    BIRTH_DATE,
    DEPARTURE,
    FIRST_NAME,
    LAST_NAME,
    NATIONALITY,
    SEX,
    fits,
)
from profilecore_exports.tables import Tables, TableSpec
from profilecore_exports.transport import Service

if TYPE_CHECKING:
    from profilecore_exports.it_service import ItalyTransport

ALLOGGIATI = "it.alloggiati"
ITALY, STATELESS = "100000100", "100000999"
MOST_DAYS = 30
MOST_LINES = 1_000
_PORTAL = "the portal Alloggiati Web of the Polizia di Stato (Supporto, Tabelle)"
STATES = TableSpec("it.stati", "States, with the police's codes", _PORTAL)
TOWNS = TableSpec("it.comuni", "Municipalities, with the police's codes", _PORTAL)

SINGLE, FAMILY_HEAD, GROUP_HEAD, FAMILY_MEMBER, GROUP_MEMBER = "16", "17", "18", "19", "20"
_DOCUMENTS = {
    DocumentType.PASSPORT: "PASOR",
    DocumentType.IDENTITY_CARD: "IDENT",
    DocumentType.DNI: "IDENT",
    DocumentType.DRIVERS_LICENSE: "PATEN",
}
# The number of an electronic identity card: CA00000AA.
_ELECTRONIC = re.compile(r"[A-Z]{2}[0-9]{5}[A-Z]{2}")
_DOCUMENT_KEY = f"{ALLOGGIATI}.document"
_CODE = re.compile(r"[A-Z]{5}")
_APARTMENT = re.compile(r"[0-9]{1,6}")


def _apartment(_: object, field: attrs.Attribute[str | None], value: str | None) -> None:
    if value is not None and not _APARTMENT.fullmatch(value):
        raise WrongValue(f"{field.name} must be the number of the apartment, 1 to 6 digits")


def _spans(_: object, field: attrs.Attribute[tuple[str, ...]], value: tuple[str, ...]) -> None:
    for text in value:
        try:
            first, last = span(text)
        except ValueError:
            first, last = date.max, date.min
        if last < first:
            raise WrongValue(f"{field.name} must be days or spans, as 2026-11-02/2026-12-18")


def span(text: str) -> tuple[date, date]:
    """Give the first and the last day of a text, as ``2026-11-02`` or ``2026-11-02/2026-12-18``.

    :raises ValueError: if it is none.
    """
    first, _, last = text.partition("/")
    return date.fromisoformat(first), date.fromisoformat(last or first)


@frozen
class ItalianHouse:
    """A property in Italy.

    With ``apartment``, its number at Alloggiati Web, records have 174 characters.  ``structure``
    is its code at the region's ROSS1000; ``rooms`` and ``beds`` are how many it has, ``closed``
    the days and spans of days on which it is shut.
    """

    apartment: str | None = attrs.field(default=None, validator=_apartment)
    structure: str | None = None
    rooms: int = 0
    beds: int = 0
    closed: tuple[str, ...] = attrs.field(default=(), validator=_spans)

    def is_open(self, day: date) -> bool:
        """Tell whether the property is open on a day."""
        return not any(first <= day <= last for first, last in map(span, self.closed))


@frozen
class ItalyConfig:
    """The settings under ``exports-it``; ``service`` is the police's, with the account's key."""

    properties: dict[str, ItalianHouse] = attrs.field(factory=dict)
    service: Service | None = None


# ---- codes


def state(country: str | None, tables: Tables, path: str, day: date | None = None) -> str:
    """Give the police's code of a country, or of being stateless.

    :raises TableMissing: if the table of states was never loaded.
    :raises Unwritable: if the country is not in it, or there is no code for who has none.
    """
    if country == "IT":
        return ITALY
    if country == WITHOUT[WithoutNationality.STATELESS]:
        return STATELESS
    country = stated(country, "The police")
    table = tables.need(STATES)
    for name in spellings(country or "", "it"):
        found = table.named(name, day=day) or table.named(name)
        if found:
            return found[0].code
    raise unwritable(path, "state", f"The country {country} is not in the table {STATES.name}.")


def town(
    name: str | None, code: str | None, area: str, tables: Tables, path: str, day: date | None
) -> tuple[str, str]:
    """Give the code and the province of an Italian municipality, as on a day.

    :raises Unwritable: if the table is not loaded, or the name leads to none or to several.
    """
    table = tables.get(TOWNS)
    if table is None:
        raise unwritable(path, "table-missing", str(TableMissing(TOWNS.name, TOWNS.where)))
    if code:
        row = table.by_code(code)
        if row is None:
            raise unwritable(path, "town", f"The code is not in the table {TOWNS.name}.")
        return row.code, row.area
    found = table.named(name or "", area, day)
    if len(found) == 1:
        return found[0].code, found[0].area
    what = "is not in" if not found else "stands more than once in"
    message = (
        f"The municipality {what} the table {TOWNS.name} as of that day; give its code in "
        "facets.registration, or the province."
    )
    raise unwritable(path, "town", message)


def province(subdivision: str | None) -> str:
    """Give the two letters of an Italian province, of a code as ``IT-RM``."""
    return subdivision[3:] if subdivision and re.fullmatch(r"IT-[A-Z]{2}", subdivision) else ""


def birth_town(guest: Guest, tables: Tables) -> tuple[str, str]:
    """Give the code and province of the Italian municipality of birth.

    :raises Unwritable: as :func:`town`.
    """
    p = guest.profile
    return town(
        p.birth_place,
        guest.registration.birth_code,
        province(p.birth_subdivision),
        tables,
        "/birth_place",
        guest.born,
    )


# ---- a record


def kind(report: Report) -> str:
    """Give the type of a guest: alone, head or member, of a family or a group."""
    if report.size == 1:
        return SINGLE
    is_family = report.party.group is Group.FAMILY
    if report.guest.is_head:
        return FAMILY_HEAD if is_family else GROUP_HEAD
    return FAMILY_MEMBER if is_family else GROUP_MEMBER


def _record(report: Report, setting: Setting) -> str:
    guest, tables = report.guest, setting.tables
    p = guest.profile
    assert guest.born is not None
    assert guest.stay is not None
    assert guest.stay.departure is not None
    nights = (guest.stay.departure - guest.arrived.date()).days
    born_in_italy = p.birth_country == "IT"
    place, area = birth_town(guest, tables) if born_in_italy else ("", "")
    type_ = kind(report)
    document = _document(guest, tables) if type_ in (SINGLE, FAMILY_HEAD, GROUP_HEAD) else ""
    fields = (
        type_,
        f"{guest.arrived:%d/%m/%Y}",
        f"{min(max(nights, 1), MOST_DAYS):02d}",
        fits(UPPER_NAME.fit(guest.surnames, 50), "/last_name", "surname").ljust(50),
        fits(UPPER_NAME.fit(guest.given_names, 30), "/first_name", "first name").ljust(30),
        "1" if guest.sex is Sex.MALE else "2",
        f"{guest.born:%d/%m/%Y}",
        place.ljust(9),
        area.ljust(2),
        state(p.birth_country, tables, "/birth_country"),
        state(guest.nationality, tables, "/nationalities"),
        document.ljust(34),
        _flat(setting),
    )
    return "".join(fields)


def _flat(setting: Setting) -> str:
    house: ItalianHouse | None = setting.house
    return house.apartment.zfill(6) if house is not None and house.apartment else ""


def _document(guest: Guest, tables: Tables) -> str:
    document = guest.proof
    assert document is not None
    assert document.number is not None
    code = guest.value(_DOCUMENT_KEY) or _DOCUMENTS.get(document.type)
    if code == "IDENT" and document.country == "IT" and _ELECTRONIC.fullmatch(document.number):
        code = "IDELE"
    if code is None or not _CODE.fullmatch(code):
        message = (
            "The police has no code for this kind of document; use another, or give the five "
            f"letters of its table as {_DOCUMENT_KEY} among the details of the stay."
        )
        raise unwritable("/documents", "document-type", message)
    number = fits(NUMBER.fit(document.number), "/documents", "document's number")
    if len(number) > 20:
        message = "The document's number has more than 20 characters."
        raise unwritable("/documents", "document-number", message)
    if document.country == "IT":
        area = province(document.issuing_subdivision)
        place, _ = town(
            document.issuing_place, None, area, tables, "/documents", document.issued_on
        )
    else:
        place = state(document.country, tables, "/documents")
    return f"{code}{number.ljust(20)}{place}"


def _file(reports: Sequence[Report], setting: Setting) -> OutFile:
    # No line end after the last line: the portal takes it for an empty record.
    content = "\r\n".join(report.text for report in reports).encode("ascii")
    return OutFile(file_name(ALLOGGIATI, setting, "txt"), content, tuple(reports))


# ---- the answer


def _answer(content: bytes) -> Answer:
    """Read the answer to Send: a verdict a row, in the order of the rows.

    :raises ExportRefused: if it is the answer to Test, which stores nothing, or tells no row.
    """
    root = parse(content)
    rows = [
        row
        for detail in every(root, "Dettaglio")
        for row in detail
        if row.tag.rpartition("}")[2] == "EsitoOperazioneServizio"
    ]
    verdicts = tuple(_verdict(texts(row), number) for number, row in enumerate(rows))
    if any(local(element).endswith(("TestResponse", "TestResult")) for element in root.iter()):
        raise _only_a_test(verdicts)
    if verdicts:
        return Answer(verdicts)
    sent = [element for element in root.iter() if local(element).endswith("SendResult")]
    whole = texts(next(iter(sent or every(root, "EsitoOperazioneServizio")), root))
    if whole.get("esito") != "false":
        raise ExportRefused("no-verdict", "This answer tells of no card whether it was taken.")
    return Answer((_verdict(whole, None),))


def _only_a_test(verdicts: Sequence[Verdict]) -> ExportRefused:
    wrong = ", ".join(
        f"{number} ({verdict.code})"
        for number, verdict in enumerate(verdicts, 1)
        if not verdict.accepted
    )
    told = f"card {wrong} would be refused" if wrong else "no card would be refused"
    message = f"This is the answer to Test, which stores nothing: {told}. Send the file."
    return ExportRefused("only-a-test", message)


def _verdict(row: dict[str, str], position: int | None) -> Verdict:
    said = " ".join(filter(None, (row.get("ErroreDes"), row.get("ErroreDettaglio"))))
    return Verdict(row.get("esito") == "true", position, row.get("ErroreCod", ""), said)


# ---- the format


def _is_head(guest: Guest) -> bool:
    return guest.is_head


_HEAD_DOCUMENT = Need(
    "/documents",
    "document",
    "An identity document with its number is missing.",
    lambda g: g.proof,
    when=_is_head,
)
_ISSUED_BY = Need(
    "/documents",
    "document-country",
    "The country that issued the document is missing.",
    lambda g: g.proof is not None and g.proof.country,
    when=lambda g: g.is_head and g.proof is not None,
)
_ISSUED_AT = Need(
    "/documents",
    "document-place",
    "The municipality that issued the document is missing.",
    lambda g: g.proof is not None and g.proof.issuing_place,
    when=lambda g: g.is_head and g.proof is not None and g.proof.country == "IT",
)
BORN_AT = Need(
    "/birth_place",
    "birth-place",
    "The municipality of birth is missing, which is needed of who was born in Italy.",
    lambda g: g.profile.birth_place or g.registration.birth_code,
    when=lambda g: g.profile.birth_country == "IT",
)
PERSON = (LAST_NAME, FIRST_NAME, SEX, BIRTH_DATE, BIRTH_COUNTRY, BORN_AT, NATIONALITY)


def alloggiati(config: ItalyConfig) -> Format:
    """Make the format of the police: 168 characters a guest, 174 with an apartment."""
    return Format(
        name=ALLOGGIATI,
        title="Alloggiati Web, guest cards of the Polizia di Stato",
        country="IT",
        trust=Trust.OFFICIAL,
        source="Manuale WS Alloggiati rev. 01 of 24 January 2022",
        deadline=Deadline(
            "24 hours from the arrival; 6 hours where the stay is of one day",
            hours=24,
            short_hours=6,
        ),
        write=_record,
        assemble=_file,
        houses=dict(config.properties),
        needs=(*PERSON, _HEAD_DOCUMENT, _ISSUED_BY, _ISSUED_AT, ARRIVAL, DEPARTURE),
        letters=UPPER_NAME,
        encoding="ascii",
        limit=MOST_LINES,
        headed=True,
        spell=MOST_DAYS,
        keeps_copy=False,
        read_answer=_answer,
        retention=(
            RetentionRule(
                name="it.registration-entries",
                country="IT",
                legal_basis="Garante: receipts of the questura five years",
                record_kind="registration",
                clock=Clock.ENTRY,
                maximum="P5Y",
                source="TULPS art. 109, decree of 7 January 2013",
            ),
        ),
        tables=(STATES, TOWNS),
        lists=(IT_KINDS,),
        transport=lambda property_id: _transport(config, property_id),
        note=(
            "The portal takes arrivals of today and yesterday only. A stay of more than 30 days "
            "is due again after each 30, with what is left of it."
        ),
    )


def _transport(config: ItalyConfig, property_id: str) -> ItalyTransport:
    """Make what sends the cards of a property.

    :raises ExportRefused: naming the settings that are missing.
    """
    if config.service is None:
        message = "Sending needs [exports-it.service] with url, user, password and key."
        raise ExportRefused("no-service", message)
    from profilecore_exports.it_service import ItalyTransport

    house = config.properties.get(property_id)
    return ItalyTransport(config.service, house is not None and house.apartment is not None)


class ItalyPlugin(CountryPlugin):
    """The formats of Italy."""

    name = "exports-it"
    Config = ItalyConfig

    def formats(self) -> tuple[Format, ...]:
        from profilecore_exports.it_ross import ross1000

        return (alloggiati(self.config), ross1000(self.config))
