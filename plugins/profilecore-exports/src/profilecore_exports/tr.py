"""Turkey: KBS of the Jandarma, arrivals and departures of foreign guests (unverified)."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_uppercase

import attrs

from profilecore.model.enums import DocumentType, Sex
from profilecore.values import frozen
from profilecore_exports.contract import (
    Covers,
    Deadline,
    Format,
    Moment,
    Need,
    OutFile,
    Report,
    Setting,
    Trust,
)
from profilecore_exports.country import CountryPlugin
from profilecore_exports.faults import unwritable
from profilecore_exports.letters import NUMBER, Letters
from profilecore_exports.lists import TR_COUNTRIES
from profilecore_exports.markup import HEAD, leaf
from profilecore_exports.naming import safe
from profilecore_exports.needs import (
    ARRIVAL,
    BIRTH_DATE,
    DEPARTURE,
    FIRST_NAME,
    LAST_NAME,
    NATIONALITY,
    SEX,
    fits,
)

FORMAT = "tr.kbs"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
SERVICE = "http://tempuri.org/"
DATA = "http://schemas.datacontract.org/2004/07/KBS_Tesis_Servis"
NAME = Letters(frozenset(ascii_uppercase + "ÇĞİÖŞÜ "))


@frozen
class TurkishHouse:
    """A property in Turkey: the user's number and the facility's; never the password."""

    user: str
    facility: str


@frozen
class TurkeyConfig:
    """The settings under ``exports-tr``."""

    properties: dict[str, TurkishHouse] = attrs.field(factory=dict)


def _passport(report: Report) -> str:
    document = report.guest.document((DocumentType.PASSPORT,))
    assert document is not None
    return fits(NUMBER.fit(document.number), "/documents", "passport's number")


def _member(name: str, value: object) -> str:
    return leaf(f"d:{name}", value) or f"<d:{name}></d:{name}>"


def _arrival(report: Report) -> str:
    guest = report.guest
    assert guest.born is not None
    symbol = guest.value(f"{FORMAT}.country") or TR_COUNTRIES.codes.get(guest.nationality or "")
    if symbol is None:
        message = f"The symbol of the nationality is not known; give it as {FORMAT}.country."
        raise unwritable("/nationalities", "country", message)
    # The service drops members that are not in the order of the alphabet.
    values = {
        "ADI": fits(NAME.fit(guest.given_names), "/first_name", "first name"),
        "ANAADI": "",
        "BABADI": "",
        "BELGENO": _passport(report),
        "CINSIYET": "ERKEK" if guest.sex is Sex.MALE else "KADIN",
        "DOGUMTARIHI": f"{guest.born}T00:00:00",
        "GRSTRH": guest.arrived.isoformat(timespec="seconds"),
        "ILERITARIHLI": "false",
        "KULLANIMSEKLI": "KONAKLAMA",
        "ODANO": guest.stay.unit if guest.stay else "",
        "PLKNO": guest.profile.car_registration,
        "SOYADI": fits(NAME.fit(guest.surnames), "/last_name", "surname"),
        "TELNO": guest.phone,
        "ULKKOD": symbol,
    }
    return "".join(_member(name, value) for name, value in values.items())


def _departure(report: Report) -> str:
    leaves = report.guest.leaves
    assert leaves is not None
    return (
        _member("BELGENO", _passport(report))
        + _member("CKSTIP", "TESISTENCIKIS")
        + _member("CKSTRH", leaves.isoformat(timespec="seconds"))
    )


def _record(report: Report, setting: Setting) -> str:
    return _departure(report) if report.moment is Moment.DEPARTURE else _arrival(report)


def _file(reports: Sequence[Report], setting: Setting) -> OutFile:
    """Give the request, with stars where whoever sends it puts the password."""
    (report,) = reports
    house: TurkishHouse = setting.house
    verb = "MusteriYabanciCikis" if report.moment is Moment.DEPARTURE else "MusteriYabanciGiris"
    who = leaf("KullaniciTC", house.user) + leaf("TssKod", house.facility) + leaf("Sifre", "***")
    guest = f'<musteri xmlns:d="{DATA}">{report.text}</musteri>'
    request = f'<{verb} xmlns="{SERVICE}">{who}{guest}</{verb}>'
    whole = f'{HEAD}<s:Envelope xmlns:s="{SOAP}"><s:Body>{request}</s:Body></s:Envelope>\n'
    day = f"{setting.made_at:%Y%m%d}"
    name = f"{FORMAT}_{safe(setting.property_id)}_{day}_{setting.number:06d}_{verb}.xml"
    return OutFile(name, whole.encode(), (report,))


class TurkeyPlugin(CountryPlugin):
    """The format of Turkey."""

    name = "exports-tr"
    Config = TurkeyConfig

    def formats(self) -> tuple[Format, ...]:
        made = Format(
            name=FORMAT,
            title="KBS of the Jandarma, foreign guests",
            country="TR",
            trust=Trust.THIRD_PARTIES,
            source="two third parties; the description of the service was not seen",
            deadline=Deadline("not verified"),
            write=_record,
            assemble=_file,
            houses=dict(self.config.properties),
            house_hint="[exports-tr.properties.<id>] with user and facility",
            covers=Covers(foreigners_only=True),
            needs=(
                LAST_NAME,
                FIRST_NAME,
                SEX,
                BIRTH_DATE,
                NATIONALITY,
                Need(
                    "/documents",
                    "passport",
                    "A passport with its number is missing.",
                    lambda g: g.document((DocumentType.PASSPORT,)),
                ),
                ARRIVAL,
                DEPARTURE,
            ),
            moments=(Moment.ARRIVAL, Moment.DEPARTURE),
            letters=NAME,
            single=True,
            lists=(TR_COUNTRIES,),
            note="Unverified; outside the Jandarma's zone another service is in use.",
        )
        return (made,)
