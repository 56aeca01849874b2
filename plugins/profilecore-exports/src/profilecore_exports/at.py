"""Austria: the sheet of the register of guests, to print and sign."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from profilecore.errors import Problem
from profilecore.model.enums import DocumentType, Sex
from profilecore.rules.retention import Clock, RetentionRule
from profilecore.values import frozen
from profilecore_exports.codes import alpha_3
from profilecore_exports.contract import (
    Covers,
    Deadline,
    Format,
    Need,
    Report,
    Setting,
    Trust,
    changed,
)
from profilecore_exports.country import CountryPlugin
from profilecore_exports.guests import Guest
from profilecore_exports.needs import (
    ARRIVAL,
    BIRTH_DATE,
    DEPARTURE,
    FIRST_NAME,
    LAST_NAME,
    NATIONALITY,
    RESIDENCE,
    SEX,
    TOWN,
)
from profilecore_exports.sheets import House, Words, printed, sheet

FORMAT = "at.gaesteblatt"
WORDS = Words(
    language="de",
    title="Gästeblatt",
    law="§ 5 und § 10 Meldegesetz, § 19 Meldegesetz-Durchführungsverordnung",
    property="Beherbergungsbetrieb",
    companions="Mitreisende",
    signature="Datum und Unterschrift des Gastes",
)
_SEXES = {Sex.MALE: "männlich", Sex.FEMALE: "weiblich"}
_DOCUMENTS = {
    DocumentType.PASSPORT: "Reisepass",
    DocumentType.IDENTITY_CARD: "Personalausweis",
    DocumentType.DNI: "Personalausweis",
    DocumentType.DRIVERS_LICENSE: "Führerschein",
    DocumentType.RESIDENCE_PERMIT: "Aufenthaltstitel",
}


@frozen
class AustriaConfig:
    """The settings under ``exports-at``."""

    properties: dict[str, House] = attrs.field(factory=dict)


def _is_foreign(guest: Guest) -> bool:
    return "AT" not in guest.profile.nationalities


def _travels_by_document(guest: Guest) -> bool:
    return _is_foreign(guest) and guest.proof is not None


def _companions(reports: Sequence[Report], setting: Setting) -> Iterator[tuple[Report, Problem]]:
    """Companions stand on the sheet with their dates of birth."""
    message = "The date of birth of a companion is missing, which stands on this sheet."
    for report in reports:
        others = (guest for guest in report.party.guests if guest.id != report.guest.id)
        if any(not guest.profile.birth_date for guest in others):
            yield report, Problem("/stay/companions", "companion-birth-date", message)


def _sheet(report: Report, setting: Setting) -> str:
    guest, party = report.guest, report.party
    companions = [
        (f"{g.surnames} {g.given_names}", g.profile.birth_date or "", alpha_3(g.nationality))
        for g in party.guests
        if g is not guest and g.id != guest.id
    ]
    return sheet(WORDS, setting.house, _rows(report), companions)


def _rows(report: Report) -> Iterator[tuple[str, str]]:
    guest = report.guest
    yield "Laufende Nummer", str(report.number)
    yield "Familienname", guest.surnames
    yield "Vorname", guest.given_names
    yield "Geburtsdatum", guest.profile.birth_date or ""
    yield "Geschlecht", _SEXES.get(guest.sex, "") if guest.sex else ""
    yield "Staatsangehörigkeit", ", ".join(map(alpha_3, guest.nationalities))
    yield "Herkunftsland", alpha_3(guest.residence)
    yield "Wohnadresse", f"{guest.street}, {guest.postal_code} {guest.town}"
    document = guest.proof
    if document is not None and _is_foreign(guest):
        kind = _DOCUMENTS.get(document.type, "Reisedokument")
        issued = f" vom {document.issued_on:%d.%m.%Y}" if document.issued_on else ""
        by = document.issuing_authority or document.issuing_place or ""
        yield "Reisedokument", f"{kind} {document.number}{issued}"
        yield "Ausstellende Behörde und Staat", f"{by} {alpha_3(document.country)}".strip()
    yield "Ankunft", f"{guest.arrived:%d.%m.%Y}"
    yield "Voraussichtliche Abreise", f"{guest.leaves:%d.%m.%Y}" if guest.leaves else ""


_OF_THE_DOCUMENT = tuple(
    Need("/documents", f"document-{code}", message, given, _travels_by_document, soft=True)
    for code, message, given in (
        (
            "issued",
            "The day on which the travel document was issued is missing.",
            lambda g: g.proof.issued_on,
        ),
        (
            "authority",
            "The authority that issued the travel document is missing.",
            lambda g: g.proof.issuing_authority or g.proof.issuing_place,
        ),
        (
            "country",
            "The country that issued the travel document is missing.",
            lambda g: g.proof.country,
        ),
    )
)


class AustriaPlugin(CountryPlugin):
    """The sheet of Austria."""

    name = "exports-at"
    Config = AustriaConfig

    def formats(self) -> tuple[Format, ...]:
        made = Format(
            name=FORMAT,
            title="Gästeblatt, the sheet of the register of guests (HTML to print)",
            country="AT",
            trust=Trust.LAW,
            source="MeldeG §§ 5 and 10, MeldeV § 19",
            deadline=Deadline("24 hours from the arrival", hours=24),
            write=_sheet,
            assemble=printed(FORMAT, WORDS),
            houses=dict(self.config.properties),
            house_hint="[exports-at.properties.<id>] with name, street, town, postal_code",
            covers=Covers(heads_only=True),
            needs=(
                LAST_NAME,
                FIRST_NAME,
                BIRTH_DATE,
                SEX,
                NATIONALITY,
                Need("/addresses", "street", "The street is missing.", lambda g: g.street),
                TOWN,
                Need("/addresses", "postcode", "The postcode is missing.", lambda g: g.postal_code),
                Need(
                    "/documents",
                    "document",
                    "A travel document with its number is missing.",
                    lambda g: g.proof,
                    when=_is_foreign,
                ),
                changed(RESIDENCE, soft=True),
                *_OF_THE_DOCUMENT,
                ARRIVAL,
                DEPARTURE,
            ),
            by_party=True,
            rules=_companions,
            numbered=True,
            retention=(
                RetentionRule(
                    name="at.guest-sheets",
                    country="AT",
                    legal_basis="MeldeG § 10 (2), MeldeV § 19: seven years, then deleted",
                    record_kind="registration",
                    clock=Clock.ENTRY,
                    minimum="P7Y",
                    maximum="P7Y",
                    fields=("registration.copy",),
                    source="Meldegesetz 1991 and its ordinance, ris.bka.gv.at",
                ),
            ),
            note="Companions stand on the head's sheet; sheets are numbered without gaps.",
        )
        return (made,)
