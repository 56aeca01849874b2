"""Italy: the regions' statistics of tourism, ROSS1000 (ISTAT C59)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

from profilecore.model.enums import Sex
from profilecore.values import frozen
from profilecore_exports.contract import (
    Deadline,
    Format,
    Moment,
    OutFile,
    Report,
    Setting,
    Trust,
    changed,
)
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
from profilecore_exports.markup import HEAD, escape, parse, tag
from profilecore_exports.naming import file_name, safe, stay_number
from profilecore_exports.needs import ARRIVAL, DEPARTURE, RESIDENCE, fits
from profilecore_exports.told import arrival_told

ROSS = "it.ross1000"
PRODUCT = "profilecore"
UNSTATED = "Non specificato"
# The list of the means of travel has it with a capital.
_UNSTATED_MEANS = "Non Specificato"
# The type of a guest, in what takes a stay out again, where it is not known.
UNKNOWN = "99"
_COMES, _GOES = "arrivi", "partenze"
_NO_LEAD = "<idcapo></idcapo>"
_MOVEMENT = re.compile(
    rf"<movimento><data>([0-9]{{8}})</data><({_COMES}|{_GOES})>(.*)</\2></movimento>"
)


def _field(name: str, value: object) -> str:
    """Give an element that stands there even without a text."""
    return f"<{name}>{escape(printable('' if value is None else str(value)))}</{name}>"


@frozen
class _Arrival:
    """An arrival as it is told, or was; ``type`` is ``None`` where that is not known any more."""

    number: str
    type: str | None
    day: date


def _number(report: Report) -> str:
    return stay_number(report.party.stay.id, report.guest_id)


def _moved(day: date, kind: str, record: str) -> str:
    """Give a record as it stands in the file: in the movement of its day."""
    return tag("movimento", _field("data", f"{day:%Y%m%d}"), tag(kind, record))


def _record(report: Report, setting: Setting) -> str:
    """Give the movement of a guest; whoever else is in the file is put in by :func:`_file`."""
    if report.moment is Moment.DEPARTURE:
        leaves = report.guest.leaves
        assert leaves is not None
        return _moved(leaves.date(), _GOES, tag("partenza", _field("idswh", _number(report))))
    guest, tables, type_ = report.guest, setting.tables, kind(report)
    p = guest.profile
    assert guest.born is not None
    place = birth_town(guest, tables)[0] if p.birth_country == "IT" else ""
    record = tag(
        "arrivo",
        _field("idswh", _number(report)),
        _field("tipoalloggiato", type_),
        _NO_LEAD,
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
    return _moved(guest.arrived.date(), _COMES, record)


def _lives_in(guest: Guest, setting: Setting) -> str:
    """Give the municipality of an Italian resident; abroad it may be left empty."""
    if guest.residence != "IT":
        return ""
    code = guest.registration.residence_code
    return town(guest.town, code, "", setting.tables, "/addresses", guest.day)[0]


def _departure(report: Report, arrival: _Arrival) -> str:
    """Give a departure under the number, the type and the day of its arrival."""
    leaves = report.guest.leaves
    assert leaves is not None
    record = tag(
        "partenza",
        _field("idswh", arrival.number),
        _field("tipoalloggiato", arrival.type or kind(report)),
        _field("arrivo", f"{arrival.day:%Y%m%d}"),
    )
    return _moved(leaves.date(), _GOES, record)


def _told(report: Report, setting: Setting) -> _Arrival:
    """Give a guest's arrival as the register has it, else as it would be told now."""
    day = report.guest.arrived.date()
    found = arrival_told(ROSS, report, setting)
    if found is None:
        return _Arrival(_number(report), None, day)
    arrival, entry = found
    if not entry.copy:
        return _Arrival(_number(arrival), None, day)
    movement = parse(entry.copy.encode())
    type_ = next((each.text for each in movement.iter("tipoalloggiato")), None)
    told = movement.findtext("data")
    return _Arrival(_number(arrival), type_, _day(told) if told else day)


def _day(text: str) -> date:
    return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007  # a day has no zone


def _file(reports: Sequence[Report], setting: Setting) -> OutFile:
    come = [report for report in reports if report.moment is Moment.ARRIVAL]
    leads = {report.party.stay.id: _number(report) for report in come if report.guest.is_head}
    here = {
        (report.party.stay.id, report.guest.id): _Arrival(
            _number(report), kind(report), report.guest.arrived.date()
        )
        for report in come
    }
    whole = []
    for report in reports:
        stay = report.party.stay.id
        if report.moment is Moment.DEPARTURE:
            arrival = here.get((stay, report.guest.id)) or _told(report, setting)
            text = _departure(report, arrival)
        else:
            is_member = not report.guest.is_head and kind(report) != SINGLE
            lead = _field("idcapo", leads.get(stay) if is_member else "")
            text = report.text.replace(_NO_LEAD, lead, 1)
        whole.append(changed(report, text=text))
    content = _whole("".join(_movements(whole, setting)), setting)
    return OutFile(file_name(ROSS, setting, "xml"), content, tuple(whole))


def _quiet(setting: Setting) -> OutFile:
    """Give the file of days on which nobody comes or goes."""
    span = f"{setting.first:%Y%m%d}-{setting.last:%Y%m%d}"
    name = f"{ROSS}_{safe(setting.property_id)}_{span}_{setting.number:04d}.xml"
    return OutFile(name, _whole("".join(_movements((), setting)), setting))


def _whole(body: str, setting: Setting) -> bytes:
    head = _field("codice", setting.house.structure) + _field("prodotto", PRODUCT)
    return f"{HEAD}{tag('movimenti', head, body)}\n".encode()


def _movements(reports: Sequence[Report], setting: Setting) -> Iterator[str]:
    """Yield a movement for every day that was asked for and is not to come, and of each report.

    Closed days belong in too.
    """
    moved: dict[date, dict[str, list[str]]] = {day: {} for day in _days(setting)}
    for report in reports:
        found = _MOVEMENT.fullmatch(report.text)
        assert found is not None
        moved.setdefault(_day(found[1]), {}).setdefault(found[2], []).append(found[3])
    for day, records in sorted(moved.items()):
        yield _movement(day, records, setting)


def _days(setting: Setting) -> Iterator[date]:
    day = setting.first
    while day <= min(setting.last, setting.made_at.date()):
        yield day
        day += timedelta(days=1)


def _movement(day: date, records: Mapping[str, Sequence[str]], setting: Setting) -> str:
    house: ItalianHouse = setting.house
    # Whoever comes or goes says that it is open, whatever the settings say.
    is_open = bool(records) or house.is_open(day)
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
        *(tag(name, *records[name]) for name in (_COMES, _GOES) if name in records),
    )


def _cancel(reports: Sequence[Report], setting: Setting) -> OutFile:
    """Give the corrections that take stays out again, each once and as its arrival was told."""
    told: dict[str, _Arrival] = {}
    for report in reports:
        arrival = _told(report, setting)
        told.setdefault(arrival.number, arrival)
    by_day: dict[date, list[_Arrival]] = {}
    for arrival in told.values():
        by_day.setdefault(arrival.day, []).append(arrival)
    body = "".join(
        tag(
            "movimento",
            _field("data", f"{day:%Y%m%d}"),
            tag("rettifiche", *map(_elimination, taken)),
        )
        for day, taken in sorted(by_day.items())
    )
    name = file_name(f"{ROSS}-rettifiche", setting, "xml")
    return OutFile(name, _whole(body, setting), tuple(reports), "cancellation")


def _elimination(arrival: _Arrival) -> str:
    return tag(
        "eliminazione",
        _field("idswh", arrival.number),
        _field("tipoalloggiato", arrival.type or UNKNOWN),
        _field("arrivo", f"{arrival.day:%Y%m%d}"),
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
        statement=_quiet,
        tables=(STATES, TOWNS),
        lists=(IT_KINDS,),
        note="Regions differ in the words of their lists; Puglia has another format.",
    )
