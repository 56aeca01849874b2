"""Italy: the regions' statistics of tourism, ROSS1000 (ISTAT C59)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from profilecore.model.enums import Sex
from profilecore_exports.contract import Deadline, Format, Moment, OutFile, Report, Setting, Trust
from profilecore_exports.guests import Guest
from profilecore_exports.it import (
    PERSON,
    SINGLE,
    STATES,
    TOWNS,
    ItalianHouse,
    ItalyConfig,
    birth_town,
    kind,
    state,
    town,
)
from profilecore_exports.letters import UPPER_NAME, printable
from profilecore_exports.lists import IT_KINDS
from profilecore_exports.markup import HEAD, escape, tag
from profilecore_exports.naming import file_name
from profilecore_exports.needs import ARRIVAL, DEPARTURE, RESIDENCE, fits

ROSS = "it.ross1000"
PRODUCT = "profilecore"
UNSTATED = "Non specificato"
# The list of the means of travel has it with a capital.
_UNSTATED_MEANS = "Non Specificato"


def number_of(report: Report, guest: Guest | None = None) -> str:
    """Give the number of a guest's stay: unique, the same at departure, 20 characters."""
    whole = f"{report.party.stay.id}/{guest.id if guest else report.guest_id}"
    return hashlib.blake2b(whole.encode(), digest_size=10).hexdigest()


def _field(name: str, value: object) -> str:
    """Give an element that stands there even without a text."""
    return f"<{name}>{escape(printable('' if value is None else str(value)))}</{name}>"


def _record(report: Report, setting: Setting) -> str:
    if report.moment is Moment.DEPARTURE:
        return _departure(report)
    guest, tables, type_ = report.guest, setting.tables, kind(report)
    p = guest.profile
    assert guest.born is not None
    place = birth_town(guest, tables)[0] if p.birth_country == "IT" else ""
    head = report.party.head
    is_member = not guest.is_head and type_ != SINGLE
    return tag(
        "arrivo",
        _field("idswh", number_of(report)),
        _field("tipoalloggiato", type_),
        _field("idcapo", number_of(report, head) if is_member else ""),
        _field("cognome", fits(UPPER_NAME.fit(guest.surnames, 50), "/last_name", "surname")),
        _field("nome", fits(UPPER_NAME.fit(guest.given_names, 30), "/first_name", "first name")),
        _field("sesso", "M" if guest.sex is Sex.MALE else "F"),
        _field("cittadinanza", state(guest.nationality, tables, "/nationalities")),
        _field("statoresidenza", state(guest.residence, tables, "/country_of_residence")),
        _field("luogoresidenza", _lives_in(guest, setting)),
        _field("datanascita", f"{guest.born:%Y%m%d}"),
        _field("statonascita", state(p.birth_country, tables, "/birth_country")),
        _field("comunenascita", place),
        _field("tipoturismo", guest.value(f"{ROSS}.tipoturismo") or UNSTATED),
        _field("mezzotrasporto", guest.value(f"{ROSS}.mezzotrasporto") or _UNSTATED_MEANS),
        _field("canaleprenotazione", guest.value(f"{ROSS}.canaleprenotazione") or UNSTATED),
        _field("titolostudio", guest.value(f"{ROSS}.titolostudio")),
        _field("professione", guest.value(f"{ROSS}.professione")),
        _field("esenzioneimposta", guest.value(f"{ROSS}.esenzioneimposta")),
    )


def _lives_in(guest: Guest, setting: Setting) -> str:
    """Give the municipality of an Italian resident; abroad it may be left empty."""
    if guest.residence != "IT":
        return ""
    code = guest.registration.residence_code
    return town(guest.town, code, "", setting.tables, "/addresses", guest.day)[0]


def _departure(report: Report) -> str:
    return tag(
        "partenza",
        _field("idswh", number_of(report)),
        _field("tipoalloggiato", kind(report)),
        _field("arrivo", f"{report.guest.arrived:%Y%m%d}"),
    )


def _file(reports: Sequence[Report], setting: Setting) -> OutFile:
    body = "".join(_movement(day, reports, setting) for day in _days(setting))
    return OutFile(file_name(ROSS, setting, "xml"), _whole(body, setting), tuple(reports))


def _whole(body: str, setting: Setting) -> bytes:
    head = _field("codice", setting.house.structure) + _field("prodotto", PRODUCT)
    return f"{HEAD}{tag('movimenti', head, body)}\n".encode()


def _days(setting: Setting) -> Iterator[date]:
    """Yield every day that was asked for and is not to come; closed ones belong in too."""
    day = setting.first
    while day <= min(setting.last, setting.made_at.date()):
        yield day
        day += timedelta(days=1)


def _movement(day: date, reports: Sequence[Report], setting: Setting) -> str:
    house: ItalianHouse = setting.house
    arrivals = [
        r.text for r in reports if r.moment is Moment.ARRIVAL and r.guest.arrived.date() == day
    ]
    departures = [
        r.text
        for r in reports
        if r.moment is Moment.DEPARTURE and r.guest.leaves and r.guest.leaves.date() == day
    ]
    # Whoever comes or goes says that it is open, whatever the settings say.
    is_open = bool(arrivals or departures) or house.is_open(day)
    figures = (setting.occupied.get(day, 0), house.rooms, house.beds) if is_open else (0, 0, 0)
    names = ("camereoccupate", "cameredisponibili", "lettidisponibili")
    return tag(
        "movimento",
        _field("data", f"{day:%Y%m%d}"),
        tag(
            "struttura",
            _field("apertura", "SI" if is_open else "NO"),
            *(_field(name, figure) for name, figure in zip(names, figures, strict=True)),
        ),
        tag("arrivi", *arrivals) if arrivals else "",
        tag("partenze", *departures) if departures else "",
    )


def _cancel(reports: Sequence[Report], setting: Setting) -> OutFile:
    """Give the corrections that take arrivals out again."""
    by_day: dict[date, list[Report]] = {}
    for report in reports:
        by_day.setdefault(report.guest.arrived.date(), []).append(report)
    body = "".join(
        tag(
            "movimento",
            _field("data", f"{day:%Y%m%d}"),
            tag("rettifiche", *(_elimination(report) for report in taken)),
        )
        for day, taken in sorted(by_day.items())
    )
    name = file_name(f"{ROSS}-rettifiche", setting, "xml")
    return OutFile(name, _whole(body, setting), tuple(reports), "cancellation")


def _elimination(report: Report) -> str:
    return tag(
        "eliminazione",
        _field("idswh", number_of(report)),
        _field("tipoalloggiato", kind(report)),
        _field("arrivo", f"{report.guest.arrived:%Y%m%d}"),
    )


def ross1000(config: ItalyConfig) -> Format:
    """Make the format of the regions' statistics."""
    return Format(
        name=ROSS,
        title="ROSS1000, the regions' statistics of tourism (ISTAT C59)",
        country="IT",
        trust=Trust.THIRD_PARTIES,
        source="tracciato v3 of 18 March 2026, as third parties quote it",
        deadline=Deadline("by region; the 5th of the next month in Lombardia", month_day=5),
        write=_record,
        assemble=_file,
        houses={id: house for id, house in config.properties.items() if house.structure},
        house_hint="[exports-it.properties.<id>] with structure, rooms and beds",
        needs=(*PERSON, RESIDENCE, ARRIVAL, DEPARTURE),
        moments=(Moment.ARRIVAL, Moment.DEPARTURE),
        letters=UPPER_NAME,
        headed=True,
        counts_rooms=True,
        cancel=_cancel,
        cancels_bare=True,
        tables=(STATES, TOWNS),
        lists=(IT_KINDS,),
        note="Regions differ in the words of their lists; Puglia has another format.",
    )
