"""Who has to be reported: the stays of a property that are due, and the guests of each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec

from profilecore.codec import Codec
from profilecore.errors import NotFound
from profilecore.model import Profile, Stay
from profilecore.model.enums import RelationshipType, State, StayStatus
from profilecore.model.fields import evolve
from profilecore.values import frozen
from profilecore_exports.contract import Format, Moment
from profilecore_exports.details import DETAILS, Details
from profilecore_exports.guests import Guest, Party
from profilecore_exports.register import reported, reported_between

if TYPE_CHECKING:
    from profilecore import Engine

PAGE = 2_000
A_DAY = timedelta(days=1)
NEVER = frozenset({StayStatus.ENQUIRED, StayStatus.OPTIONAL})
OFF = frozenset({StayStatus.CANCELLED, StayStatus.NO_SHOW})
Watch = Callable[[str, int, int | None], object]
# A moment of a stay, its day, the stay or its part, and the number of that.
_Found = tuple[Moment, date, Stay, int]


class _Agreed(msgspec.Struct):
    """As much of stored details as tells when a stay was booked."""

    contracted_on: str | None = None


class _Glance(msgspec.Struct):
    """As much of a stored stay as tells whether it is due."""

    id: str = ""
    property_id: str = ""
    arrival: str | None = None
    departure: str | None = None
    booked_at: str | None = None
    status: str = StayStatus.CONFIRMED.value


@frozen
class Due:
    """A party that is due at a moment, or was to be; ``is_off`` if the stay did not come about.

    ``unknown`` counts companions of whom there is no profile; ``cleared`` those who are gone.
    ``left`` were reported and are no guests of this stay any more; they are the party where there
    is nobody else.  ``reported`` are the ids of everybody who was reported of the stay.
    """

    moment: Moment
    day: date
    party: Party
    is_off: bool = False
    unknown: int = 0
    cleared: int = 0
    left: tuple[Guest, ...] = ()
    reported: tuple[str, ...] = ()

    @property
    def is_deserted(self) -> bool:
        """Tell whether nobody is there but those who left."""
        return self.party.guests is self.left


def due(
    engine: Engine,
    property_id: str,
    format: Format,
    start: date,
    end: date,
    zone: ZoneInfo,
    watch: Watch = lambda *_: None,
) -> list[Due]:
    """Give the parties of a property whose moment lies between two days, both included.

    They come by day, then arrival, then the id of the stay; a guest of two stays of one day comes
    once, under the one that was reported, else in the larger party.  With a ``spell`` a stay of
    more days arrives anew after so many.  A stay is due, too, on the days that were reported of
    it, if it is on others by now.
    """
    wanted, spell = frozenset(format.moments), format.spell
    agreed = _agreed(engine) if Moment.BOOKING in wanted else {}
    before = reported_between(engine, format.name, property_id, start, end)
    near = _near(wanted, start, end, spell, before, agreed)
    found: list[_Found] = []
    for given in _all_stays(engine, property_id, near, watch):
        local = _by_the_clock_of(zone, given)
        days = list(_days(local, wanted, spell, agreed.get(given.id)))
        told = before.get(given.id, {})
        moved = {m for m in told if told[m] - {day for moment, day, *_ in days if moment is m}}
        found += (each for each in days if start <= each[1] <= end or each[0] in moved)
    found.sort(key=lambda each: (-len(each[2].companions), each[1], each[2].id))
    gather = _Gathering(engine, format, found)
    made = []
    for number, (moment, day, stay, part) in enumerate(found):
        if number % 200 == 0:
            watch("Reading guests", number, len(found))
        one = gather.party(moment, day, stay, part)
        if one is not None:
            made.append(one)
    order = list(Moment)
    return sorted(made, key=lambda d: (d.day, order.index(d.moment), d.party.stay.id))


def _agreed(engine: Engine) -> dict[str, date]:
    """Give by stay the day of the contract, where its details tell one."""
    glance = msgspec.json.Decoder(_Agreed).decode
    found: dict[str, date] = {}
    after: str | None = None
    while True:
        with engine.store.read() as reader:
            page = reader.listing(DETAILS, after, PAGE)
        if not page:
            return found
        for document in page:
            day = glance(document.body).contracted_on
            if day is not None:
                found[document.id] = date.fromisoformat(day)
        after = page[-1].id


def _days(
    stay: Stay, wanted: Collection[Moment], spell: int | None, agreed: date | None
) -> Iterator[_Found]:
    """Yield the moments of a stay and of its parts, each with its day."""
    for part, each in enumerate(_parts(stay, spell)):
        for moment in Moment:
            day = day_of(each, moment, agreed)
            if day and moment in wanted and (part == 0 or moment is Moment.ARRIVAL):
                yield moment, day, each, part


def _parts(stay: Stay, spell: int | None) -> Iterator[Stay]:
    """Yield a stay, then what is left of it after each spell."""
    yield stay
    while spell and stay.arrival and stay.departure:
        begins = stay.arrival + timedelta(days=spell)
        if begins >= stay.departure:
            return
        stay = evolve(stay, arrival=begins)
        yield stay


def _by_the_clock_of(zone: ZoneInfo, stay: Stay) -> Stay:
    """Give a stay whose booking is told by the clock of its property."""
    booked = stay.booked_at
    if booked is None or booked.tzinfo is None:
        return stay
    return evolve(stay, booked_at=booked.astimezone(zone))


def day_of(stay: Stay, moment: Moment, agreed: date | None) -> date | None:
    """Give the day on which a moment of a stay is; it is booked on the day ``agreed`` at last."""
    if moment is Moment.BOOKING:
        return stay.booked_at.date() if stay.booked_at else agreed
    return stay.arrival if moment is Moment.ARRIVAL else stay.departure


def occupied(
    engine: Engine, property_id: str, start: date, end: date, watch: Watch = lambda *_: None
) -> dict[date, int]:
    """Count the rooms of a property that are taken in each night from one day to another."""
    counts: dict[date, int] = {}
    first, last = start.isoformat(), end.isoformat()

    def overlaps(stay: _Glance) -> bool:
        return (stay.arrival or "~") <= last and first < (stay.departure or "")

    stays = list(_all_stays(engine, property_id, overlaps, watch))
    details = details_of(engine, stays)
    for stay in stays:
        if stay.status in NEVER | OFF or not stay.arrival or not stay.departure:
            continue
        rooms = (details[stay.id].rooms if stay.id in details else None) or 1
        day = max(stay.arrival, start)
        while day < stay.departure and day <= end:
            counts[day] = counts.get(day, 0) + rooms
            day += timedelta(days=1)
    return counts


def _near(
    moments: Collection[Moment],
    start: date,
    end: date,
    spell: int | None,
    before: Collection[str],
    agreed: Mapping[str, date],
) -> Callable[[_Glance], bool]:
    """Make what tells of a stored stay whether it may be due."""
    # A booking is kept in UTC, where its day may be the one before or after.
    first = (max(start, date.min + A_DAY) - A_DAY).isoformat()
    last = (min(end, date.max - A_DAY) + A_DAY).isoformat()

    def is_near(stay: _Glance) -> bool:
        booked = stay.booked_at or agreed.get(stay.id) or ""
        days = {
            Moment.BOOKING: str(booked)[:10],
            Moment.ARRIVAL: stay.arrival or "",
            Moment.DEPARTURE: stay.departure or "",
        }
        goes_on = (
            spell is not None and days[Moment.ARRIVAL] <= last and first < days[Moment.DEPARTURE]
        )
        is_on = any(first <= days[moment] <= last for moment in moments)
        return is_on or goes_on or stay.id in before

    return is_near


def _all_stays(
    engine: Engine, property_id: str, wanted: Callable[[_Glance], bool], watch: Watch
) -> Iterator[Stay]:
    """Yield the stored stays of a property that are wanted, and all that the host keeps."""
    glance = msgspec.json.Decoder(_Glance).decode
    codec, after, seen = Codec(), None, 0
    with engine.store.read() as reader:
        everything = reader.count("stay")
    while True:
        with engine.store.read() as reader:
            page = reader.listing("stay", after, PAGE)
        for document in page:
            short = glance(document.body)
            if short.property_id == property_id and wanted(short):
                yield codec.load(Stay, document.body)
        if not page:
            break
        seen += len(page)
        watch("Looking through stays", seen, everything)
        after = page[-1].id
    yield from (s for s in _hosts_stays(engine) if s.property_id == property_id)


def _hosts_stays(engine: Engine) -> Iterator[Stay]:
    """Yield the stays that the host keeps itself; they are asked for by profile."""
    sources = engine.plugins.contributions.stays
    after: str | None = None
    while sources:
        with engine.store.read() as reader:
            page = reader.listing("profile", after, PAGE)
        if not page:
            return
        for source in sources:
            yield from source([document.id for document in page])
        after = page[-1].id


class _Gathering:
    """Puts parties together; nobody arrives or leaves in two of one day."""

    def __init__(self, engine: Engine, format: Format, found: Sequence[_Found]) -> None:
        stays = [stay for _, _, stay, _ in found]
        self._engine = engine
        self._details = details_of(engine, stays)
        self._entries = reported(engine, format.name, [stay.id for stay in stays])
        self._seen: set[tuple[Moment, date, str]] = set()
        self._profiles: dict[str, Profile | None] = {}
        self._standing: dict[tuple[Moment, date, str], str] = {}
        for moment, day, stay, _ in found:
            for profile in self._who_stand(stay):
                self._standing.setdefault((moment, day, profile.id), stay.id)

    def _who_stand(self, stay: Stay) -> list[Profile]:
        """Give the guests of a stay who were reported of it."""
        ids = {entry.guest_id for entry in self._entries.get(stay.id, ()) if entry.stands}
        if not ids or stay.status in NEVER | OFF:
            return []
        here = {p.id for p in map(self._profile, (stay.profile_id, *stay.companions)) if p}
        return [p for p in map(self._profile, sorted(ids)) if p and p.id in here]

    def party(self, moment: Moment, day: date, stay: Stay, part: int) -> Due | None:
        if stay.status in NEVER:
            return None
        profiles, unknown, cleared = [], 0, 0
        is_off = stay.status in OFF
        left = self._left(stay)
        ids = (stay.profile_id, *stay.companions)
        for profile in (*map(self._profile, ids), *(left if is_off else ())):
            if profile is None:
                unknown += 1
                continue
            is_cleared = profile.state is not State.ACTIVE
            cleared += is_cleared
            if is_off:
                # What was reported of such a stay is taken back, wherever the guest is by now.
                profiles.append(profile)
            elif not is_cleared and self._is_free(moment, day, stay, profile):
                profiles.append(profile)
        # Of who was cleared the report stays true where the stay does.
        gone = [] if is_off else [each for each in left if each.state is State.ACTIVE]
        if not profiles and not gone:
            return None
        details = self._details.get(stay.id) or Details(id=stay.id)
        first = stay.arrival or day
        kin = _kin(profiles)
        guests = tuple(
            Guest(profile, first, stay, details, number == 0, kin.get(profile.id, {}))
            for number, profile in enumerate(profiles)
        )
        others = tuple(Guest(profile, first, stay, details, False, {}) for profile in gone)
        party = Party(stay, details, guests or others, part)
        told = tuple(self._told(stay))
        return Due(moment, day, party, is_off, unknown, cleared, others, told)

    def _is_free(self, moment: Moment, day: date, stay: Stay, profile: Profile) -> bool:
        """Tell whether a guest goes into this party: each booking is for itself."""
        key = (moment, day, profile.id)
        if moment is not Moment.BOOKING:
            if key in self._seen or self._standing.get(key, stay.id) != stay.id:
                return False
            self._seen.add(key)
        return True

    def _told(self, stay: Stay) -> list[str]:
        """Give the ids of those who were ever reported of a stay."""
        return sorted({entry.guest_id for entry in self._entries.get(stay.id, ())})

    def _left(self, stay: Stay) -> list[Profile]:
        """Give those who were reported of a stay and are not among its guests now."""
        ids = self._told(stay)
        if not ids:
            return []
        here = [self._profile(id) for id in (stay.profile_id, *stay.companions)]
        roots = {profile.id for profile in here if profile is not None}
        found = {p.id: p for p in map(self._profile, ids) if p is not None and p.id not in roots}
        return list(found.values())

    def _profile(self, id: str) -> Profile | None:
        if id not in self._profiles:
            try:
                self._profiles[id] = self._engine.get(id)
            except NotFound:
                self._profiles[id] = None
        return self._profiles[id]


def details_of(engine: Engine, stays: Iterable[Stay]) -> dict[str, Details]:
    """Give what is noted of stays, by their ids; nothing of those of whom nothing is noted."""
    codec, ids = Codec(), list(dict.fromkeys(stay.id for stay in stays))
    found: dict[str, Details] = {}
    for start in range(0, len(ids), PAGE):
        with engine.store.read() as reader:
            for document in reader.get_many(DETAILS, ids[start : start + PAGE]):
                found[document.id] = codec.load(Details, document.body)
    return found


def _kin(profiles: Sequence[Profile]) -> dict[str, dict[str, RelationshipType]]:
    """Give what the others are to each, from edges of either of them."""
    if len(profiles) == 1:
        return {}
    by_id = {id: profile.id for profile in profiles for id in profile.family}
    found: dict[str, dict[str, RelationshipType]] = {}

    def note(of: str, other: str, kind: Any) -> None:
        found.setdefault(of, {}).setdefault(other, kind)

    for profile in profiles:
        for edge in profile.relationships:
            other = by_id.get(edge.profile_id)
            if other is not None and other != profile.id:
                note(profile.id, other, edge.type)
    for profile in profiles:
        for edge in profile.relationships:
            other = by_id.get(edge.profile_id)
            if other is not None and other != profile.id:
                note(other, profile.id, edge.type.inverse)
    return found
