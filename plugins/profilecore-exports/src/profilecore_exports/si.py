"""Slovenia: the guest book and the monthly report of AJPES eTurizem."""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from datetime import date

import attrs
import msgspec

from profilecore.errors import WrongValue
from profilecore.model.enums import DocumentType, Sex
from profilecore.values import frozen
from profilecore_exports.codes import stated
from profilecore_exports.contract import (
    Amends,
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
from profilecore_exports.faults import ExportRefused, unwritable
from profilecore_exports.guests import Guest
from profilecore_exports.letters import printable
from profilecore_exports.lists import SI_DOCUMENTS, SI_RELIEFS, SI_STATUSES
from profilecore_exports.markup import HEAD, attributes, every, parse, whole
from profilecore_exports.naming import file_name, safe
from profilecore_exports.needs import (
    ARRIVAL,
    BIRTH_DATE,
    DOCUMENT,
    FIRST_NAME,
    LAST_NAME,
    NATIONALITY,
    SEX,
)

BOOK, MONTH = "si.eturizem", "si.eturizem-monthly"
TAX_KEY, KIND_KEY = f"{BOOK}.tax", f"{BOOK}.document"
VALID, CANCELLED = "1", "2"
OPEN_WITH_GUESTS, OPEN_WITHOUT = "11", "12"
_KINDS = {
    DocumentType.PASSPORT: "P",
    DocumentType.IDENTITY_CARD: "I",
    DocumentType.DNI: "I",
    DocumentType.DRIVERS_LICENSE: "V",
    DocumentType.RESIDENCE_PERMIT: "U",
    DocumentType.NIE: "U",
}
NO_DOCUMENT = "L"
_AMOUNT = re.compile(r"[0-9]{1,9}(\.[0-9]{1,4})?")
# The schema takes no arrivals from before the register began, and no births from before.
_FIRST_ARRIVAL, _FIRST_BIRTH = date(2017, 1, 1), date(1800, 1, 1)


def _tax(_: object, field: attrs.Attribute[str], value: str) -> None:
    if not _AMOUNT.fullmatch(value):
        raise WrongValue(f"{field.name} must be an amount in EUR with at most 4 decimals, as 2.50")


def _status(_: object, field: attrs.Attribute[str | None], value: str | None) -> None:
    if value is not None and value not in SI_STATUSES:
        raise WrongValue(f"{field.name} must be one of {', '.join(SI_STATUSES.codes)}")


@frozen
class SlovenianHouse:
    """A property in Slovenia.

    ``number`` is its number in the register of accommodation (0 for tests), ``tax`` the full
    tourist tax a night in EUR.  ``extra_beds``, ``open_days`` and ``status`` are for the monthly
    report; without them there are none, all days, and what the guests tell.
    """

    number: int = attrs.field(validator=attrs.validators.ge(0))
    tax: str = attrs.field(validator=_tax)
    extra_beds: int = 0
    open_days: int | None = None
    status: str | None = attrs.field(default=None, validator=_status)


@frozen
class SloveniaConfig:
    """The settings under ``exports-si``."""

    properties: dict[str, SlovenianHouse] = attrs.field(factory=dict)


# ---- the guest book


def _row(report: Report, setting: Setting) -> str:
    guest, house = report.guest, setting.house
    kind, number = _document(guest)
    if guest.arrived.date() < _FIRST_ARRIVAL:
        raise unwritable("/stay/arrival", "arrival", "eTurizem takes arrivals from 2017 on.")
    if guest.leaves is not None and guest.leaves < guest.arrived:
        message = "The departure lies before the arrival; correct departs_at or arrived_at."
        raise unwritable("/stay/details/departs_at", "departure", message)
    if guest.born is not None and guest.born < _FIRST_BIRTH:
        raise unwritable("/birth_date", "birth-date", "eTurizem takes births from 1800 on.")
    return _written(
        {
            "idNO": house.number,
            "zst": report.number,
            "ime": _name(guest.given_names, "/first_name", "first name"),
            "pri": _name(guest.surnames, "/last_name", "surname"),
            "sp": "M" if guest.sex is Sex.MALE else "F",
            "dtRoj": guest.born,
            "drzava": stated(guest.nationality, "AJPES"),
            "vrstaDok": kind,
            "idStDok": number,
            "casPrihoda": f"{guest.arrived:%Y-%m-%dT%H:%M:%S}",
            "casOdhoda": f"{guest.leaves:%Y-%m-%dT%H:%M:%S}" if guest.leaves else None,
            "ttObracun": _relief(guest),
            "ttVisina": house.tax,
            "status": VALID,
        }
    )


def _written(values: dict[str, object]) -> str:
    return f"<row{attributes(values)}/>"


def _name(text: str, path: str, what: str) -> str:
    name = printable(text, 141)
    if len(name) < 2:
        message = f"AJPES takes no {what} of one letter; write it out."
        raise unwritable(path, "name-too-short", message)
    return name


def _document(guest: Guest) -> tuple[str, str]:
    document = guest.proof
    if document is None:
        return NO_DOCUMENT, "0"  # a child of Slovenia, by the needs
    kind = guest.value(KIND_KEY) or _KINDS.get(document.type)
    if kind not in SI_DOCUMENTS:
        message = f"AJPES has no code for this kind of document; give its letter as {KIND_KEY}."
        raise unwritable("/documents", "document-type", message)
    return str(kind), printable(document.number)


def _relief(guest: Guest) -> str:
    """Give the reason of a relief from the tourist tax: by age, unless the desk says another."""
    given = guest.value(TAX_KEY)
    if given is not None:
        if given not in SI_RELIEFS:
            message = f"{TAX_KEY} must be a reason of tax relief, 0 to 19."
            raise unwritable("/stay/details/values", "tax", message)
        return given
    age = guest.age if guest.age is not None else 18
    return "1" if age < 7 else "11" if age < 18 else "0"


def _book(reports: Sequence[Report], setting: Setting) -> OutFile:
    rows = "\n".join(report.text for report in reports)
    content = f"{HEAD}<knjigaGostov>\n{rows}\n</knjigaGostov>\n".encode()
    return OutFile(file_name(BOOK, setting, "xml"), content, tuple(reports))


def _cancel(reports: Sequence[Report], setting: Setting) -> OutFile:
    """Give the same rows under the same numbers, marked as taken back."""
    valid, cancelled = (f' status="{status}"' for status in (VALID, CANCELLED))
    rows = "\n".join(
        _row(report, setting).replace(valid, cancelled)
        if report.text == ""
        else report.text.replace(valid, cancelled)
        for report in reports
    )
    content = f"{HEAD}<knjigaGostov>\n{rows}\n</knjigaGostov>\n".encode()
    name = file_name(f"{BOOK}-storno", setting, "xml")
    return OutFile(name, content, tuple(reports), "cancellation")


def answer(content: bytes) -> Answer:
    """Read the answer, XML or JSON: the rows that were refused; the others were taken.

    :raises ExportRefused: if it does not tell which rows were refused.
    """
    text = content.strip()
    if text.startswith(b"{"):
        return _json(text)
    root = parse(content)
    results = every(root, "oddajPorociloResult")
    inner = (results[0].text or "").strip() if results else ""
    if inner.startswith("{"):
        return _json(inner.encode())
    if inner.startswith("<"):
        root = parse(inner.encode())
    holder = next((e for e in root.iter() if "failure" in e.attrib), None)
    if holder is None:
        raise ExportRefused("no-verdict", "This is no answer of eTurizem.")
    verdicts = [
        Verdict(False, _position(e.get("rowPackageId")), e.get("msg", ""), e.get("msgTxt", ""))
        for e in holder
    ]
    if whole(holder.get("failure")) != len({verdict.position for verdict in verdicts}):
        raise ExportRefused(
            "no-verdict",
            "The answer counts other rows as refused than it names; look at the portal of AJPES.",
        )
    return Answer(tuple(verdicts), rest=True, lot=holder.get("packageGuid"))


def _json(text: bytes) -> Answer:
    """Read an answer in JSON; only what says of itself that it succeeded accepts anything."""
    try:
        found = msgspec.json.decode(text)["data"]
        taken = whole(str(found.get("@success", "")))
        rows = found.get("row", ())
        rows = [rows] if isinstance(rows, dict) else rows
        verdicts = [
            Verdict(
                False, _position(r.get("@id")), str(r.get("@msg", "")), str(r.get("@msgTxt", ""))
            )
            for r in rows
        ]
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
        raise ExportRefused("no-verdict", "This is no answer of eTurizem.") from None
    if not verdicts and not taken:
        message = "The answer names no row and tells no success; look at the portal of AJPES."
        raise ExportRefused("no-verdict", message)
    return Answer(tuple(verdicts), rest=taken if taken is None else taken > 0)


def _position(text: object) -> int | None:
    number = whole(str(text))
    return number - 1 if number else None


# ---- the monthly report


def _monthly(setting: Setting) -> OutFile:
    """Give the report of whole months.

    :raises ExportRefused: if the days asked for are part of a month.
    """
    house: SlovenianHouse = setting.house
    last = setting.last
    if (setting.first.day, last.day) != (1, calendar.monthrange(last.year, last.month)[1]):
        raise ExportRefused(
            "whole-months",
            "The monthly report is of whole months: ask from the first day of one to the last.",
        )
    rows = []
    for year, month in _months(setting.first, setting.last):
        days = calendar.monthrange(year, month)[1]
        sold = sum(
            rooms
            for day, rooms in setting.occupied.items()
            if (day.year, day.month) == (year, month)
        )
        rows.append(
            _written(
                {
                    "idNO": house.number,
                    "leto": year,
                    "mesec": month,
                    "statusPor": house.status or (OPEN_WITH_GUESTS if sold else OPEN_WITHOUT),
                    "stDodatnihlezisc": house.extra_beds,
                    "stProdanihNE": sold,
                    "odprtDni": min(days if house.open_days is None else house.open_days, days),
                }
            )
        )
    root = "knjigaGostovMesecnoPorocilo"
    content = f"{HEAD}<{root}>\n" + "\n".join(rows) + f"\n</{root}>\n"
    period = f"{setting.first:%Y-%m}"
    name = f"{MONTH}_{safe(setting.property_id)}_{period}_{setting.number:04d}.xml"
    return OutFile(name, content.encode())


def _months(first: date, last: date) -> list[tuple[int, int]]:
    """Give the months that two days and all between them lie in."""
    numbers = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    return [(number // 12, number % 12 + 1) for number in numbers]


def _no_row(report: Report, setting: Setting) -> str:
    raise ExportRefused("statement", "The monthly report is about no guest.")


def _no_file(reports: Sequence[Report], setting: Setting) -> OutFile:
    raise ExportRefused("statement", "The monthly report is about no guest.")


_HINT = "[exports-si.properties.<id>] with number and tax"
_DOCUMENT = Need(
    DOCUMENT.path,
    DOCUMENT.code,
    DOCUMENT.message,
    DOCUMENT.given,
    when=lambda g: g.is_adult or "SI" not in g.profile.nationalities,
)


class SloveniaPlugin(CountryPlugin):
    """The formats of Slovenia."""

    name = "exports-si"
    Config = SloveniaConfig

    def formats(self) -> tuple[Format, ...]:
        houses = dict(self.config.properties)
        daily = Format(
            name=BOOK,
            title="AJPES eTurizem, guest book",
            country="SI",
            trust=Trust.OFFICIAL,
            source="GuestBookSchema.xsd of AJPES",
            deadline=Deadline("daily, at the latest on the next day", days=1),
            write=_row,
            assemble=_book,
            houses=houses,
            house_hint=_HINT,
            needs=(
                LAST_NAME, FIRST_NAME, SEX, BIRTH_DATE, NATIONALITY, _DOCUMENT, ARRIVAL,
            ),
            numbered=True,
            amends=Amends.AGAIN,
            cancel=_cancel,
            lists=(SI_DOCUMENTS, SI_RELIEFS),
            read_answer=answer,
            note="Sending a row again under its number changes it: inferred, try it on the test.",
        )  # fmt: skip
        monthly = Format(
            name=MONTH,
            title="AJPES eTurizem, monthly report of the property",
            country="SI",
            trust=Trust.OFFICIAL,
            source="GuestBookMRschema.xsd of AJPES",
            deadline=Deadline("monthly"),
            write=_no_row,
            assemble=_no_file,
            houses=houses,
            house_hint=_HINT,
            moments=(),
            counts_rooms=True,
            lists=(SI_STATUSES,),
            statement=_monthly,
            note="Rooms sold are counted from the stays of the month.",
        )
        return (daily, monthly)
