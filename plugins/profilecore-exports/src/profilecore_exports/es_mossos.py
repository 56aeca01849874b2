"""Catalonia: the file of travellers for the Mossos d'Esquadra, layout V24 (unverified)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from string import ascii_uppercase, digits

from profilecore_exports.codes import alpha_3
from profilecore_exports.contract import Deadline, Format, OutFile, Report, Setting, Trust
from profilecore_exports.es_people import (
    LISTS,
    NEEDS,
    PAYMENTS,
    POSTCODES,
    SEXES,
    TOWNS,
    SpanishHouse,
    checked_document,
    contract_day,
    kinship,
    municipality,
    payment_of,
)
from profilecore_exports.faults import unwritable
from profilecore_exports.guests import Guest
from profilecore_exports.letters import Letters
from profilecore_exports.naming import safe

MOSSOS = "es.mossos"
_TEXT = Letters(frozenset(ascii_uppercase + digits + " ÑÇ'-.,/ºª"))
MOST_FILES = 999


def _record(report: Report, setting: Setting) -> str:
    guest, party = report.guest, report.party
    stay, details = party.stay, party.details
    found = checked_document(guest)
    kind, document = found or ("", None)
    number = (document.number if document else None) or ""
    is_spanish = kind in ("NIF", "NIE")
    lives_here = guest.home_country == "ES"
    code = municipality(guest, setting.tables) if lives_here else ""
    leaves = guest.leaves
    assert guest.born is not None
    assert leaves is not None
    issued = document.issued_on if document else None
    internet = setting.house.internet if details.internet is None else details.internet
    fields = (
        "2",
        number if is_spanish else "",
        "" if is_spanish else number,
        kind,
        f"{issued:%Y%m%d}" if issued else "",
        _TEXT.fit(guest.name.last_name, 50),
        _TEXT.fit(guest.name.second_last_name, 50),
        _TEXT.fit(guest.given_names, 50),
        SEXES[guest.sex] if guest.sex else "",
        f"{guest.born:%Y%m%d}",
        alpha_3(guest.nationality),
        f"{guest.arrived:%Y%m%d}",
        f"{guest.arrived:%H%M}",
        f"{leaves:%Y%m%d}",
        f"{leaves:%H%M}",
        f"{contract_day(party):%Y%m%d}",
        "C",
        _plain(stay.reference or stay.id, 50),
        str(len(party.guests)),
        str(details.rooms or 1),
        "" if internet is None else "S" if internet else "N",
        PAYMENTS[payment_of(party, setting.house)],
        guest.phone,
        "" if guest.is_adult else kinship(report),
        _email(guest),
        _plain(document.support_number or "", 9) if document and is_spanish else "",
        _TEXT.fit(guest.street, 100),
        code[:2],
        code,
        _TEXT.fit(guest.town, 100),
        alpha_3(guest.home_country),
        _plain(guest.postal_code, 20),
    )
    return "|".join(fields) + "|"


def _email(guest: Guest) -> str:
    if "|" in guest.email:
        message = "The file takes no e-mail address with the sign |; correct it, or leave it out."
        raise unwritable("/emails", "email", message)
    return guest.email


def _plain(text: str, limit: int) -> str:
    return " ".join(text.replace("|", " ").split())[:limit]


def _file(reports: Sequence[Report], setting: Setting) -> OutFile:
    house: SpanishHouse = setting.house
    code = house.mossos_code or house.code
    made = setting.made_at
    lines = (
        f"0|{len(reports)}",
        f"1|{code}|{_TEXT.fit(house.name, 40)}|{made:%Y%m%d}|{made:%H%M}|{len(reports)}|V24",
        *(report.text for report in reports),
    )
    # The series of files begins anew when it is through.
    number = (setting.number - 1) % MOST_FILES + 1
    name = f"{safe(code)}.{number:03d}.txt"
    return OutFile(name, "\r\n".join(lines).encode("utf-8"), tuple(reports))


def mossos(houses: Mapping[str, SpanishHouse]) -> Format:
    """Make the format of travellers in Catalonia."""
    return Format(
        name=MOSSOS,
        title="Mossos d'Esquadra, travellers in Catalonia (V24)",
        country="ES",
        trust=Trust.THIRD_PARTY,
        source="one third-party driver",
        deadline=Deadline("24 hours from the arrival", hours=24),
        write=_record,
        assemble=_file,
        houses={id: house for id, house in houses.items() if house.name is not None},
        house_hint='[exports-es.properties.<id>] with code, mossos_code and name = "..."',
        needs=NEEDS,
        letters=_TEXT,
        tables=(TOWNS, POSTCODES),
        lists=LISTS,
        note="Unverified: compare a file with one that the portal took before you rely on it.",
    )
