"""Czechia: UbyPort of the foreign police, as a UNL file and as the web service's XML."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from string import ascii_letters, digits

import attrs

from profilecore.errors import WrongValue
from profilecore.rules.retention import RetentionRule
from profilecore.values import frozen
from profilecore_exports.codes import alpha_3, stated
from profilecore_exports.contract import (
    Answer,
    Covers,
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
from profilecore_exports.letters import NUMBER, Letters
from profilecore_exports.lists import CZ_PURPOSES
from profilecore_exports.markup import HEAD, every, leaf, parse, tag
from profilecore_exports.naming import file_name
from profilecore_exports.needs import (
    ARRIVAL,
    BIRTH_DATE,
    BIRTH_YEAR,
    DEPARTURE,
    LAST_NAME,
    NATIONALITY,
    is_adult,
)

UNL, WS = "cz.ubyport", "cz.ubyport-ws"
SERVICE = "http://UBY.pcr.cz/WS_UBY"
DATA = "http://schemas.datacontract.org/2004/07/WS_UBY"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
NIL = "http://www.w3.org/2001/XMLSchema-instance"
MOST_UNL, MOST_WS = 99, 32
NO_PURPOSE = "99"
# In the police's list of states, which has ISO's codes for all the others.
KOSOVO = "XXK"
PURPOSE_KEY = f"{UNL}.purpose"
# Numbers that only tell something: the record was taken.
NOTICES = frozenset({"1", "112"})
_OWN = "ÁĄÄÂĂČĆÇĎĐÉĘËĚÍÎĹŁĽŃŇÓÔÖŐŔŘŠŚŤÚŰÜŮÝŽŹŻ"
# As the police's own table writes letters that it does not take.
_INSTEAD = {
    "À": "A", "Ã": "A", "Å": "A", "Æ": "AE", "Ð": "D", "Ñ": "N", "Ø": "O", "Õ": "O", "Œ": "OE",
    "Þ": "T", "Ĳ": "IJ", "Ŋ": "N", "Ħ": "H", "Ŧ": "T", "ĸ": "K", "ß": "SS", "ẞ": "SS",
}  # fmt: skip
NAME = Letters(frozenset(ascii_letters.upper() + _OWN + " '-"), instead=_INSTEAD)
TEXT = Letters(
    frozenset(ascii_letters + digits + _OWN + _OWN.lower() + "ß '-.,/"),
    upper=False,
    instead=_INSTEAD | {a.lower(): b.lower() for a, b in _INSTEAD.items() if a != "ß"},
)


def _digits(low: int, high: int) -> Callable[[object, attrs.Attribute[str], str], None]:
    def check(_: object, field: attrs.Attribute[str], value: str) -> None:
        if not re.fullmatch(rf"[0-9]{{{low},{high}}}", value):
            raise WrongValue(f"{field.name} must have {low} to {high} digits")

    return check


def _mark(_: object, field: attrs.Attribute[str], value: str) -> None:
    if len(value) != 5:
        raise WrongValue(f"{field.name} must have five characters")


def _purpose(_: object, field: attrs.Attribute[str], value: str) -> None:
    if value not in CZ_PURPOSES:
        raise WrongValue(f"{field.name} must be a code of the purposes of stay, as 10 for tourism")


@frozen
class CzechHouse:
    """A property in Czechia, as UbyPort knows it.

    ``idub`` and ``mark`` are its number and short name there; ``purpose`` is the purpose of stays
    that say no other, ``info`` the word at the end of a file's name.
    """

    idub: str = attrs.field(validator=_digits(12, 14))
    mark: str = attrs.field(validator=_mark)
    name: str
    town: str
    postal_code: str = attrs.field(validator=_digits(5, 5))
    house_number: str
    contact: str = ""
    district: str = ""
    part: str = ""
    street: str = ""
    orientation: str = ""
    purpose: str = attrs.field(default=NO_PURPOSE, validator=_purpose)
    info: str = "recepce"


@frozen
class CzechiaConfig:
    """The settings under ``exports-cz``."""

    properties: dict[str, CzechHouse] = attrs.field(factory=dict)


@frozen
class _Values:
    surname: str
    name: str
    nationality: str
    home: str
    document: str
    visa: str
    purpose: str
    note: str


def _values(report: Report, setting: Setting) -> _Values:
    guest = report.guest
    surname, name = NAME.fit(guest.surnames, 50), NAME.fit(guest.given_names, 24)
    if not surname:
        message = "Nothing of the surname can be written in the authority's letters."
        raise unwritable("/last_name", "letters", message)
    document, note = _document(report)
    purpose = guest.value(PURPOSE_KEY) or setting.house.purpose
    if purpose not in CZ_PURPOSES:
        message = f"{PURPOSE_KEY} must be a code of the purposes of stay, as 10 for tourism."
        raise unwritable("/stay/details/values", "purpose", message)
    visa = NUMBER.fit(guest.visa.number, 15) if guest.visa else ""
    home = ", ".join(filter(None, (TEXT.fit(guest.town), TEXT.fit(guest.street))))
    return _Values(
        surname,
        name,
        KOSOVO if guest.nationality == "XK" else alpha_3(stated(guest.nationality, "UbyPort")),
        home[:128].rstrip(),
        document,
        visa,
        purpose,
        note,
    )


def _document(report: Report) -> tuple[str, str]:
    """Give the document's number and the note: of a child in a parent's passport, that one's."""
    guest = report.guest
    document = guest.proof
    if document is None:
        adults = [g for g in report.party.guests if g.is_adult and g.proof is not None]
        parent = next((g for g in adults if g.id in guest.kin), next(iter(adults), None))
        if parent is None or parent.proof is None:
            message = "A child without a document needs the document of an adult of the party."
            raise unwritable("/documents", "document", message)
        return "INPASS", NUMBER.fit(parent.proof.number)
    number = NUMBER.fit(document.number)
    if not 4 <= len(number) <= 30:
        message = "The document's number must have 4 to 30 characters."
        raise unwritable("/documents", "document-number", message)
    return number, ""


# ---- UNL


def _line(report: Report, setting: Setting) -> str:
    guest, v = report.guest, _values(report, setting)
    leaves = guest.leaves
    assert guest.born is not None
    assert leaves is not None
    return "|".join(
        (
            "U",
            f"{guest.arrived:%d.%m.%Y}",
            f"{leaves:%d.%m.%Y}",
            v.surname,
            v.name,
            "",
            f"{guest.born:%d.%m.%Y}",
            "",
            "",
            v.nationality,
            v.home,
            v.document,
            v.visa,
            v.purpose,
            "",
            v.note,
        )
    )


def _unl(reports: Sequence[Report], setting: Setting) -> OutFile:
    house: CzechHouse = setting.house
    made = setting.made_at
    head = (
        "A",
        "2",
        house.idub,
        house.mark,
        TEXT.fit(house.name, 35),
        TEXT.fit(house.contact, 50),
        *(TEXT.fit(t) for t in (house.district, house.town, house.part, house.street)),
        *(TEXT.fit(t) for t in (house.house_number, house.orientation)),
        house.postal_code,
        f"{made:%d.%m.%Y %H:%M:%S}",
        "",
        "",
    )
    lines = ("|".join(head), *(report.text for report in reports))
    info = re.sub(r"[^A-Za-z0-9_]", "", house.info)
    name = f"{house.idub}_{made:%Y_%m_%d_%H%M}_{info}{setting.number}.unl"
    # No line end after the last record.
    return OutFile(name, "\r\n".join(lines).encode("cp1250"), tuple(reports))


# ---- the web service: members in the order of the alphabet, or WCF drops them unsaid


def _member(report: Report, setting: Setting) -> str:
    guest, v = report.guest, _values(report, setting)
    leaves = guest.leaves
    assert leaves is not None
    return tag(
        "d:Ubytovany",
        leaf("d:cDate", _birth(guest)),
        leaf("d:cDocN", v.document),
        _or_nil("d:cFirstN", v.name),
        leaf("d:cFrom", f"{guest.arrived:%Y-%m-%dT%H:%M:%S}"),
        leaf("d:cNati", v.nationality),
        _or_nil("d:cNote", v.note),
        _or_nil("d:cPlac", ""),
        leaf("d:cPurp", int(v.purpose)),
        _or_nil("d:cResi", v.home),
        _or_nil("d:cSpz", ""),
        leaf("d:cSurN", v.surname),
        leaf("d:cUntil", f"{leaves:%Y-%m-%dT%H:%M:%S}"),
        _or_nil("d:cVisN", v.visa),
    )


def _birth(guest: Guest) -> str:
    """Give the date of birth as DDMMRRRR, 00 for what is not known."""
    year, month, day = (*(guest.profile.birth_date or "").split("-"), "00", "00")[:3]
    return f"{day}{month}{year}"


def _or_nil(name: str, text: str) -> str:
    return leaf(name, text) or f'<{name} i:nil="true"/>'


def _request(reports: Sequence[Report], setting: Setting) -> OutFile:
    house: CzechHouse = setting.house
    listed = (
        f'<Seznam xmlns:d="{DATA}" xmlns:i="{NIL}">'
        + tag("d:Ubytovani", *(report.text for report in reports))
        + leaf("d:VracetPDF", "true")
        + "".join(_unit(house))
        + "</Seznam>"
    )
    inner = f'<ZapisUbytovane xmlns="{SERVICE}">{leaf("AutentificationCode", "X")}{listed}'
    body = tag("s:Body", f"{inner}</ZapisUbytovane>")
    whole = f'{HEAD}<s:Envelope xmlns:s="{SOAP}">{body}</s:Envelope>\n'
    return OutFile(file_name(WS, setting, "xml"), whole.encode(), tuple(reports))


def _unit(house: CzechHouse) -> Iterator[str]:
    yield _or_nil("d:uCont", house.contact)
    yield _or_nil("d:uHomN", house.house_number)
    yield leaf("d:uIdub", house.idub)
    yield leaf("d:uMark", house.mark)
    yield leaf("d:uName", house.name)
    yield _or_nil("d:uOb", house.town)
    yield _or_nil("d:uObCa", house.part)
    yield _or_nil("d:uOkr", house.district)
    yield _or_nil("d:uOriN", house.orientation)
    yield leaf("d:uPsc", house.postal_code)
    yield _or_nil("d:uStr", house.street)


def answer(content: bytes) -> Answer:
    """Read the answer of the web service: numbers of faults of the head, and of each guest.

    What the numbers mean is told by the police's own list; those that only notify are no refusal.
    """
    root = parse(content)
    heads = every(root, "ChybyHlavicky")
    rows = [e for parent in every(root, "ChybyZaznamu") for e in parent]
    if not heads and not rows:
        raise ExportRefused("no-verdict", "This is no answer of UbyPort.")
    codes = _numbers(heads[0].text if heads else "")
    if not NOTICES.issuperset(codes):
        return Answer((Verdict(False, None, ";".join(codes)),), rest=False)
    verdicts = []
    for position, row in enumerate(rows):
        found = _numbers(row.text)
        refused = [code for code in found if code not in NOTICES]
        verdicts.append(Verdict(not refused, position, ";".join(found)))
    return Answer(tuple(verdicts), rest=True)


def _numbers(text: str | None) -> list[str]:
    return [part.lstrip("0") for part in re.findall(r"[0-9]+", text or "") if part.strip("0")]


# ---- the formats

_SHARED = (
    LAST_NAME,
    NATIONALITY,
    Need(
        "/documents",
        "document",
        "A travel document with its number is missing.",
        lambda g: g.proof,
        when=is_adult,
    ),
    ARRIVAL,
    DEPARTURE,
)
_HINT = (
    "[exports-cz.properties.<id>] with idub, mark, name, contact, district, town, part, street, "
    "house_number, orientation, postal_code"
)
_DEADLINE = Deadline("3 working days after the arrival", working_days=3)


class CzechiaPlugin(CountryPlugin):
    """The formats of Czechia."""

    name = "exports-cz"
    Config = CzechiaConfig

    def formats(self) -> tuple[Format, ...]:
        houses = dict(self.config.properties)
        unl = Format(
            name=UNL,
            title="UbyPort, file for the web site (UNL)",
            country="CZ",
            trust=Trust.THIRD_PARTIES,
            source="a sample that was taken, and the lengths of the web service's paper",
            deadline=_DEADLINE,
            write=_line,
            assemble=_unl,
            houses=houses,
            house_hint=_HINT,
            covers=Covers(foreigners_only=True),
            needs=(*_SHARED, BIRTH_DATE),
            letters=TEXT,
            encoding="cp1250",
            limit=MOST_UNL,
            lists=(CZ_PURPOSES,),
            retention=(
                RetentionRule(
                    name="cz.registrations",
                    country="CZ",
                    legal_basis="Act 326/1999 § 101: six years",
                    record_kind="registration",
                    minimum="P6Y",
                    fields=("registration.copy",),
                    source="zákon č. 326/1999 Sb.",
                ),
            ),
        )
        service = Format(
            name=WS,
            title="UbyPort, request of the web service",
            country="CZ",
            trust=Trust.OFFICIAL,
            source="Technický popis webové služby, annex 5 of 19 June 2019",
            deadline=_DEADLINE,
            write=_member,
            assemble=_request,
            houses=houses,
            house_hint=_HINT,
            covers=Covers(foreigners_only=True),
            needs=(*_SHARED, BIRTH_YEAR),
            letters=TEXT,
            limit=MOST_WS,
            lists=(CZ_PURPOSES,),
            read_answer=answer,
            note="The police certify software before they give an account of the web service.",
        )
        return (unl, service)
