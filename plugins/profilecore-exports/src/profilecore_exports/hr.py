"""Croatia: eVisitor, one JSON document a guest, or an import of many as XML in JSON."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import attrs
import msgspec

from profilecore.model.enums import Sex
from profilecore.values import frozen
from profilecore_exports.codes import alpha_3
from profilecore_exports.contract import (
    Amends,
    Answer,
    Deadline,
    Format,
    Moment,
    OutFile,
    Report,
    Setting,
    Trust,
    Verdict,
)
from profilecore_exports.country import CountryPlugin
from profilecore_exports.faults import ExportRefused, unwritable
from profilecore_exports.guests import Guest
from profilecore_exports.letters import NUMBER, printable
from profilecore_exports.lists import HR_CATEGORIES, HR_ORGANISATIONS
from profilecore_exports.markup import leaf, tag
from profilecore_exports.naming import file_name
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
    TOWN,
)
from profilecore_exports.told import arrival_told

EVISITOR, IMPORT = "hr.evisitor", "hr.evisitor-import"
# The ids of check-ins are made of ours, so that an edit or a check-out finds them again.
_SPACE = uuid.UUID("6f0f2f0e-5d0b-5c57-9f0a-3a3b7f6a9c11")
EU = frozenset(
    {
        "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE",
        "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
    }
)  # fmt: skip
CHILD, YOUTH, ADULT = "1", "2", "14"
_PLACE = re.compile(r"[^-]+-[^-].*")
# What an operator cannot change later, in JSON and in XML.
_ARRIVED = re.compile(r'\b(?:Time)?StayFrom(?:":"|>)([^"<]+)')


@frozen
class CroatianHouse:
    """A property in Croatia.

    ``document_types`` maps our kinds of documents (``passport``, ...) to the codes that eVisitor
    lists for the account.  ``check_in`` and ``check_out`` are the usual times, for stays that
    tell no other; ``service`` is the name of what is offered.
    """

    facility: str
    document_types: dict[str, str] = attrs.field(factory=dict)
    service: str = "noćenje"
    check_in: str | None = None
    check_out: str | None = None
    unit_type: str | None = None


@frozen
class CroatiaConfig:
    """The settings under ``exports-hr``."""

    properties: dict[str, CroatianHouse] = attrs.field(factory=dict)


def check_in_id(report: Report, setting: Setting) -> str:
    """Give the id of a guest's check-in, the same whenever it is asked for.

    That of a check-out is the one under which the guest was checked in.
    """
    if report.moment is Moment.DEPARTURE:
        report, _ = arrival_told(EVISITOR, report, setting) or (report, None)
    return str(uuid.uuid5(_SPACE, f"{report.party.stay.id}/{report.guest_id}"))


def _check_in(report: Report, setting: Setting) -> dict[str, Any]:
    guest, house = report.guest, setting.house
    document = guest.proof
    leaves = guest.leaves
    assert guest.born is not None
    assert document is not None
    assert leaves is not None
    arrived = _time(guest.arrival_time or house.check_in, "arrived_at")
    leaving = _leaving(guest, leaves, house)
    kind = house.document_types.get(document.type.value)
    if kind is None:
        message = (
            f"exports-hr.properties has no document_types.{document.type.value}: take the code "
            "from the list of the account at eVisitor."
        )
        raise unwritable("/documents", "document-type", message)
    given = {
        "ID": check_in_id(report, setting),
        "Facility": house.facility,
        "StayFrom": _day(guest.arrived),
        "TimeStayFrom": arrived,
        "ForeseenStayUntil": _day(leaves),
        "TimeEstimatedStayUntil": leaving,
        "DocumentType": kind,
        "DocumentNumber": _number(document.number),
        "TouristName": _capitals(guest.given_names),
        "TouristSurname": _capitals(guest.surnames),
        "Gender": "muški" if guest.sex is Sex.MALE else "ženski",
        "CountryOfBirth": alpha_3(guest.profile.birth_country),
        "CityOfBirth": _place(
            guest.profile.birth_place, guest.profile.birth_country, guest.registration.birth_code
        ),
        "DateOfBirth": f"{guest.born:%Y%m%d}",
        "Citizenship": alpha_3(guest.nationality),
        "CountryOfResidence": alpha_3(guest.residence),
        "CityOfResidence": _place(guest.town, guest.residence, guest.registration.residence_code),
        "ResidenceAddress": printable(guest.street) or None,
        **_border(guest),
        "TTPaymentCategory": _category(guest),
        "TouristEmail": guest.email or None,
        "TouristTelephone": guest.phone or None,
        "ArrivalOrganisation": "I",
        **_agency(guest),
        "OfferedServiceType": house.service,
        "AccommodationUnitType": house.unit_type,
    }
    return {name: value for name, value in given.items() if value is not None}


def _capitals(text: str) -> str:
    # In capitals first: they may be more letters, as SS for ß.
    return printable(text.upper(), 64)


def _day(moment: datetime) -> str:
    return f"{moment:%Y%m%d}"


def _time(text: str | None, field: str) -> str:
    if text is None:
        message = f"The time is missing: {field} among the details of the stay, or the house's."
        raise unwritable(f"/stay/details/{field}", field.replace("_", "-"), message)
    return text


def _leaving(guest: Guest, leaves: datetime, house: CroatianHouse) -> str:
    """Give the time of departure, which must lie after the arrival."""
    leaving = _time(guest.details.departs_at or house.check_out, "departs_at")
    arrived = guest.arrival_time or house.check_in or ""
    if (leaves.date(), leaving.zfill(5)) <= (guest.arrived.date(), arrived.zfill(5)):
        message = "The departure must lie after the arrival; correct departs_at or arrived_at."
        raise unwritable("/stay/details/departs_at", "departure", message)
    return leaving


def _number(text: str | None) -> str:
    number = NUMBER.fit(text)
    if not 0 < len(number) <= 16:
        message = "The document's number must have 1 to 16 characters."
        raise unwritable("/documents", "document-number", message)
    return number


def _place(name: str | None, country: str | None, code: str | None) -> str:
    """Give a place; a Croatian one as eVisitor lists it, ``Grad-Naselje``."""
    text = printable(code or name, 128)
    if country == "HR" and not _PLACE.fullmatch(text):
        message = (
            "A place in Croatia must be as eVisitor lists it, as Zagreb-Zagreb; give it as "
            "birth_code or residence_code in facets.registration."
        )
        raise unwritable("/facets/registration", "place", message)
    return text


def _border(guest: Guest) -> Mapping[str, str]:
    """Give where and when somebody who lives outside the EU came into it."""
    if guest.residence in EU:
        return {}
    crossing, day = guest.value(f"{EVISITOR}.border"), guest.value(f"{EVISITOR}.border-date")
    if not crossing or not re.fullmatch(r"[0-9]{8}", day or ""):
        message = (
            "Guests from outside the EU need the border crossing: hr.evisitor.border (its code) "
            "and hr.evisitor.border-date (YYYYMMDD) among the details of the stay."
        )
        raise unwritable("/stay/details/values", "border", message)
    return {"BorderCrossingHr": crossing, "PassageDate": str(day)}


def _agency(guest: Guest) -> Mapping[str, str]:
    agency = guest.value(f"{EVISITOR}.agency")
    return {"ArrivalOrganisation": "A", "TouristAgency": agency} if agency else {}


def _category(guest: Guest) -> str:
    given = guest.value(f"{EVISITOR}.category")
    if given is not None:
        if given not in HR_CATEGORIES:
            message = "hr.evisitor.category must be a code of eVisitor's tourist tax categories."
            raise unwritable("/stay/details/values", "category", message)
        return given
    age = guest.age if guest.age is not None else 18
    return CHILD if age < 12 else YOUTH if age < 18 else ADULT


def _document(report: Report, setting: Setting) -> str:
    """Give the document of a check-in, or of a check-out where the departure is told."""
    if report.moment is Moment.DEPARTURE:
        leaves = report.guest.leaves
        assert leaves is not None
        given: dict[str, Any] = {
            "ID": check_in_id(report, setting),
            "CheckOutDate": _day(leaves),
            "CheckOutTime": _leaving(report.guest, leaves, setting.house),
        }
    else:
        given = _check_in(report, setting)
    return msgspec.json.encode(given).decode()


def _moves(sent: str, text: str) -> bool:
    """Tell whether a check-in has another arrival than the one that was sent."""
    return _ARRIVED.findall(sent) != _ARRIVED.findall(text)


def _file(reports: Sequence[Report], setting: Setting) -> OutFile:
    (report,) = reports
    verb = "CheckOutTourist" if report.moment is Moment.DEPARTURE else "CheckInTourist"
    return OutFile(_name(verb, report, setting), report.text.encode(), (report,))


def _name(verb: str, report: Report, setting: Setting) -> str:
    return f"{verb}_{setting.number:06d}_{check_in_id(report, setting)}.json"


def _cancel(reports: Sequence[Report], setting: Setting) -> OutFile:
    (report,) = reports
    verb = "CancelTouristCheckOut" if report.moment is Moment.DEPARTURE else "CancelTouristCheckIn"
    given = {"ID": check_in_id(report, setting), "Reason": "Storno"}
    content = msgspec.json.encode(given)
    return OutFile(_name(verb, report, setting), content, (report,), "cancellation")


def _element(report: Report, setting: Setting) -> str:
    values = _check_in(report, setting)
    if "ResidenceAddress" not in values:
        message = "The street of the address is missing, which an import needs."
        raise unwritable("/addresses", "street", message)
    # In the XML the crossing has a name of its own.
    named = {"BorderCrossingHr": "BorderCrossing"}
    return tag("TouristCheckIn", *(leaf(named.get(n, n), v) for n, v in values.items()))


def _import(reports: Sequence[Report], setting: Setting) -> OutFile:
    inner = tag("TouristCheckIns", *(report.text for report in reports))
    content = msgspec.json.encode({"Register": True, "Xml": inner})
    return OutFile(file_name(IMPORT, setting, "json"), content, tuple(reports))


def answer(content: bytes) -> Answer:
    """Read the answer to one request: nothing if it went well, else messages as JSON.

    :raises ExportRefused: if it is neither.
    """
    if not content.strip():
        return Answer(rest=True)
    try:
        found = msgspec.json.decode(content)
    except (ValueError, RecursionError):
        raise ExportRefused("no-verdict", "This is no answer of eVisitor.") from None
    if found is True:
        return Answer(rest=True)
    if not isinstance(found, dict):
        raise ExportRefused("no-verdict", "This is no answer of eVisitor.")
    said = found.get("UserMessage") or found.get("SystemMessage") or ""
    return Answer((Verdict(False, None, "refused", str(said)),))


_NEEDS = (
    LAST_NAME,
    FIRST_NAME,
    SEX,
    BIRTH_DATE,
    BIRTH_COUNTRY,
    BIRTH_PLACE,
    NATIONALITY,
    RESIDENCE,
    TOWN,
    DOCUMENT,
    ARRIVAL,
    DEPARTURE,
)
_HINT = "[exports-hr.properties.<id>] with facility and document_types"
_DEADLINE = Deadline("24 hours from the arrival", hours=24)


class CroatiaPlugin(CountryPlugin):
    """The formats of Croatia."""

    name = "exports-hr"
    Config = CroatiaConfig

    def formats(self) -> tuple[Format, ...]:
        houses = dict(self.config.properties)
        one = Format(
            name=EVISITOR,
            title="eVisitor, check-ins and check-outs one by one (JSON)",
            country="HR",
            trust=Trust.THIRD_PARTIES,
            source="the wiki of eVisitor, 3 April 2023, as a third party copied it",
            deadline=_DEADLINE,
            write=_document,
            assemble=_file,
            houses=houses,
            house_hint=_HINT,
            needs=_NEEDS,
            moments=(Moment.ARRIVAL, Moment.DEPARTURE),
            paired=True,
            single=True,
            amends=Amends.AGAIN,
            unchangeable=_moves,
            lists=(HR_CATEGORIES, HR_ORGANISATIONS),
            cancel=_cancel,
            cancels_bare=True,
            read_answer=answer,
            note="Codes of documents, borders and places come from the lists of the account.",
        )
        many = Format(
            name=IMPORT,
            title="eVisitor, import of many check-ins (XML in JSON)",
            country="HR",
            trust=Trust.THIRD_PARTY,
            source="one third party; the names of the XML elements are not confirmed",
            deadline=_DEADLINE,
            write=_element,
            assemble=_import,
            houses=houses,
            house_hint=_HINT,
            needs=_NEEDS,
            amends=Amends.AGAIN,
            unchangeable=_moves,
            lists=(HR_CATEGORIES, HR_ORGANISATIONS),
            read_answer=answer,
        )
        return (one, many)
