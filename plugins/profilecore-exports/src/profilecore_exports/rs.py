"""Serbia: eTurista, the check-in of foreign guests (unverified)."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import msgspec

from profilecore.model.enums import DocumentType, Sex
from profilecore.values import frozen
from profilecore_exports.codes import alpha_3
from profilecore_exports.contract import (
    Action,
    Amends,
    Covers,
    Deadline,
    Format,
    OutFile,
    Report,
    Setting,
    Trust,
)
from profilecore_exports.country import CountryPlugin
from profilecore_exports.faults import unwritable
from profilecore_exports.letters import NUMBER, printable
from profilecore_exports.lists import RS_DOCUMENTS
from profilecore_exports.naming import safe, stay_number
from profilecore_exports.needs import (
    ARRIVAL,
    BIRTH_COUNTRY,
    BIRTH_DATE,
    BIRTH_PLACE,
    DEPARTURE,
    DOCUMENT,
    FIRST_NAME,
    LAST_NAME,
    NATIONALITY,
    RESIDENCE,
    SEX,
)

FORMAT = "rs.eturista"
_KINDS = {
    DocumentType.PASSPORT: "73",
    DocumentType.IDENTITY_CARD: "74",
    DocumentType.DNI: "74",
    DocumentType.DRIVERS_LICENSE: "75",
}


@frozen
class SerbianHouse:
    """A property in Serbia.

    ``code`` is its identifier at eTurista; ``service``, ``arrival`` and ``reason`` are codes of
    the authority's code books, of the services, the way of arrival and the reason of the stay.
    """

    code: str
    service: str | None = None
    arrival: str | None = None
    reason: str | None = None


@frozen
class SerbiaConfig:
    """The settings under ``exports-rs``."""

    properties: dict[str, SerbianHouse] = attrs.field(factory=dict)


def _check_in(report: Report, setting: Setting) -> str:
    guest, house = report.guest, setting.house
    p, document, leaves = guest.profile, guest.proof, guest.leaves
    assert document is not None
    assert leaves is not None
    kind = _KINDS.get(document.type)
    if kind is None:
        message = "eTurista has no code for this kind of document; use a passport or a card."
        raise unwritable("/documents", "document-type", message)
    given = {
        "OsnovniPodaci": {
            "ExternalId": stay_number(report.party.stay.id, report.guest_id),
            "Izmena": report.action is Action.CHANGE,
            "DaLiJeLiceDomace": False,
            "DaLiJeLiceRodjenoUInostranstvu": p.birth_country != "RS",
            "Ime": printable(guest.given_names),
            "Prezime": printable(guest.surnames),
            "DatumRodjenja": str(guest.born),
            "PolSifra": "M" if guest.sex is Sex.MALE else "Z",
            "DrzavaRodjenjaAlfa3": alpha_3(p.birth_country),
            "DrzavljanstvoAlfa3": alpha_3(guest.nationality),
            "DrzavaPrebivalistaAlfa3": alpha_3(guest.residence),
            "MestoRodjenjaNaziv": printable(p.birth_place),
        },
        "PodaciOBoravku": {
            "UgostiteljskiObjekatJedinstveniIdentifikator": house.code,
            "VrstaPruzenihUslugaSifra": guest.value(f"{FORMAT}.service") or house.service,
            "NacinDolaskaSifra": guest.value(f"{FORMAT}.arrival") or house.arrival,
            "DatumICasDolaska": f"{guest.arrived:%Y-%m-%d %H:%M}",
            "UslovZaUmanjenjeBoravisneTakseSifra": guest.value(f"{FORMAT}.relief"),
            "RazlogBoravkaSifra": guest.value(f"{FORMAT}.reason") or house.reason,
            "PlaniraniDatumOdlaska": f"{leaves:%Y-%m-%d}",
        },
        "IdentifikacioniDokumentStranogLica": {
            "VrstaPutneIspraveSifra": kind,
            "BrojPutneIsprave": NUMBER.fit(document.number),
        },
    }
    return msgspec.json.encode(given).decode()


def _file(reports: Sequence[Report], setting: Setting) -> OutFile:
    (report,) = reports
    day = f"{setting.made_at:%Y%m%d}"
    name = f"{FORMAT}_{safe(setting.property_id)}_{day}_{setting.number:06d}.json"
    return OutFile(name, report.text.encode(), (report,))


class SerbiaPlugin(CountryPlugin):
    """The format of Serbia."""

    name = "exports-rs"
    Config = SerbiaConfig

    def formats(self) -> tuple[Format, ...]:
        made = Format(
            name=FORMAT,
            title="eTurista, check-ins of foreign guests (JSON)",
            country="RS",
            trust=Trust.THIRD_PARTY,
            source="one third party",
            deadline=Deadline("24 hours from the arrival", hours=24),
            write=_check_in,
            assemble=_file,
            houses=dict(self.config.properties),
            house_hint="[exports-rs.properties.<id>] with code, service, arrival and reason",
            covers=Covers(foreigners_only=True),
            needs=(
                LAST_NAME,
                FIRST_NAME,
                SEX,
                BIRTH_DATE,
                BIRTH_COUNTRY,
                BIRTH_PLACE,
                NATIONALITY,
                RESIDENCE,
                DOCUMENT,
                ARRIVAL,
                DEPARTURE,
            ),
            single=True,
            amends=Amends.AGAIN,
            lists=(RS_DOCUMENTS,),
            note="Unverified. Guests from Serbia, and check-outs, are not covered.",
        )
        return (made,)
