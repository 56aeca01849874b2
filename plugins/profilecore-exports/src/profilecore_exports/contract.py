"""The one contract of every format: whom it covers, what it needs, what it writes, until when.

A format is a value made by its country's module.  It is registered as its readiness check
(:class:`Readiness`), so ``engine.check(id, "es.ses-hospedajes")`` and the export ask the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from profilecore.errors import Problem
from profilecore.model import Profile
from profilecore.model.fields import restore
from profilecore.rules.checks import Check, Missing
from profilecore.rules.retention import RetentionRule
from profilecore.values import frozen
from profilecore_exports.faults import ExportRefused
from profilecore_exports.guests import Guest, Party

if TYPE_CHECKING:
    from profilecore_exports.letters import Letters
    from profilecore_exports.lists import CodeList
    from profilecore_exports.register import Entry
    from profilecore_exports.tables import Tables, TableSpec
    from profilecore_exports.transport import Transport


T = TypeVar("T")


def changed(value: T, **changes: Any) -> T:
    """Give a copy of a frozen value with some fields changed, fast: a run makes many of them."""
    return restore(type(value), vars(value) | changes)


class Trust(Enum):
    """How sure a layout is; all but the first two count as unverified."""

    OFFICIAL = "official"
    LAW = "law"
    THIRD_PARTIES = "third-parties"
    THIRD_PARTY = "third-party"

    @property
    def is_verified(self) -> bool:
        """Tell whether the layout was read in the authority's own paper or in the law."""
        return self in (Trust.OFFICIAL, Trust.LAW)


class Moment(Enum):
    """What of a stay is reported."""

    BOOKING = "booking"
    ARRIVAL = "arrival"
    DEPARTURE = "departure"


class Amends(Enum):
    """How something already sent is put right."""

    BY_HAND = "by-hand"
    AGAIN = "again"
    """The changed record is sent again under its own number, and replaces the first."""
    CANCEL = "cancel"
    """All under the authority's number is cancelled, then who is still true is sent anew."""


class Action(Enum):
    """What a record asks of the authority."""

    NEW = "new"
    CHANGE = "change"
    CANCEL = "cancel"


@frozen
class Covers:
    """Whom a format is about.  A guest of unknown nationality is covered: it has to be asked."""

    foreigners_only: bool = False
    from_age: int = 0
    heads_only: bool = False

    def covers(self, guest: Guest, country: str) -> bool:
        """Tell whether a guest has to be reported in a country."""
        if self.heads_only and not guest.is_head:
            return False
        if self.foreigners_only and country in guest.profile.nationalities:
            return False
        return guest.age is None or guest.age >= self.from_age

    @property
    def words(self) -> str:
        """Say it in words."""
        who = "foreign guests" if self.foreigners_only else "all guests"
        age = f" from {self.from_age} years" if self.from_age else ""
        return who + age + (", one form for each party" if self.heads_only else "")


@frozen
class Deadline:
    """Until when a stay has to be reported; the first rule that is set counts.

    ``hours`` run from the arrival, and ``short_hours`` where the stay lasts at most a day;
    ``days`` and ``working_days`` (Monday to Friday) end with their last day; ``month_day`` is a
    day of the month after.
    """

    text: str
    days: int | None = None
    hours: int | None = None
    short_hours: int | None = None
    working_days: int | None = None
    month_day: int | None = None

    def ends(self, moment: datetime, nights: int | None = None) -> datetime | None:
        """Give the last instant that is in time, by the clock of ``moment``; ``None`` if never."""
        if self.hours is not None:
            short = self.short_hours is not None and nights is not None and nights <= 1
            return moment + timedelta(hours=(self.short_hours or 0) if short else self.hours)
        day = moment.date()
        if self.days is not None:
            return _end_of(day + timedelta(days=self.days), moment)
        if self.working_days is not None:
            left = self.working_days
            while left:
                day += timedelta(days=1)
                left -= day.weekday() < 5
            return _end_of(day, moment)
        if self.month_day is not None:
            first = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
            return _end_of(first + timedelta(days=self.month_day - 1), moment)
        return None


def _end_of(day: date, moment: datetime) -> datetime:
    return datetime.combine(day, datetime.max.time(), moment.tzinfo)


@frozen
class Need:
    """Something that a format needs of a guest: where it goes, and by ``given`` if it is there.

    ``when`` says for whom it is needed.  ``supplier`` is who can tell: ``guest``, ``desk`` or
    ``property``.  What is ``soft`` breaks a rule of the authority but can be written without.
    """

    path: str
    code: str
    message: str
    given: Callable[[Guest], object]
    when: Callable[[Guest], object] | None = None
    supplier: str = "guest"
    soft: bool = False

    def lacks(self, guest: Guest) -> bool:
        """Tell whether it is needed of this guest and not there."""
        return (self.when is None or bool(self.when(guest))) and not self.given(guest)

    @property
    def is_of_stay(self) -> bool:
        """Tell whether it is asked of the stay, which a profile alone cannot answer."""
        return self.path.startswith("/stay")


@frozen
class Report:
    """One guest to be reported at one moment.

    ``text`` is the record as it goes into the file; ``number`` is the record's own running
    number where the format has one; ``reference`` the authority's number of what it amends;
    ``size`` is how many guests of the party go into the same file.
    """

    guest: Guest
    party: Party
    moment: Moment
    action: Action = Action.NEW
    number: int | None = None
    reference: str | None = attrs.field(default=None, repr=False)
    text: str = attrs.field(default="", repr=False)
    size: int = 1
    reported_as: str | None = None

    @property
    def guest_id(self) -> str:
        """The id under which the guest was reported first, be it merged away since."""
        return self.reported_as or self.guest.id

    @property
    def key(self) -> str:
        """What is reported once: this guest, this stay or part of it, this moment."""
        part = f":{self.party.part}" if self.party.part else ""
        return f"{self.party.stay.id}:{self.moment.value}:{self.guest_id}{part}"


@frozen
class Setting:
    """What a file is made in: the property, its own settings, when, and a number for the file.

    ``first`` and ``last`` are the days that were asked for; ``occupied`` has the rooms taken in
    each night, where the format asks for it.  ``entries`` are those of the register of all the
    guests of the run, by their ids.
    """

    property_id: str
    house: Any = attrs.field(repr=False)
    made_at: datetime
    tables: Tables = attrs.field(repr=False, eq=False)
    number: int = 1
    first: date = date.min
    last: date = date.min
    occupied: Mapping[date, int] = attrs.field(factory=dict, eq=False)
    entries: Mapping[str, Entry] = attrs.field(factory=dict, eq=False, repr=False)


@frozen
class OutFile:
    """A file ready to be written.  Its name holds no personal data.

    ``reports`` are the guests in it, in the order of its records; ``kind`` is ``report`` or
    ``cancellation``.
    """

    name: str
    content: bytes = attrs.field(repr=False)
    reports: tuple[Report, ...] = attrs.field(default=(), repr=False)
    kind: str = "report"

    @cached_property
    def checksum(self) -> str:
        """The SHA-256 of the content, in hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()


@frozen
class Verdict:
    """What the authority says of one record: ``position`` counts from 0, ``None`` is the file."""

    accepted: bool
    position: int | None = None
    code: str = ""
    text: str = attrs.field(default="", repr=False)
    reference: str | None = attrs.field(default=None, repr=False)


@frozen
class Answer:
    """An answer of the authority to one file; ``lot`` is the number it gave to the whole.

    ``rest`` is what holds for records without a verdict of their own: accepted, refused, or
    ``None`` if nothing was decided yet.  ``others`` are about further lots, each with its number.
    """

    verdicts: tuple[Verdict, ...] = ()
    rest: bool | None = None
    lot: str | None = attrs.field(default=None, repr=False)
    others: tuple[Answer, ...] = ()


@frozen
class Format:
    """A country's format of guest registration.

    ``write`` gives the text of one report and may raise :class:`Unwritable`; ``assemble`` makes
    a file of reports whose text is written.  ``letters`` are those that what guests are called is
    written in, if not all are taken, and ``encoding`` is that of the file.  ``limit`` is the most
    records of a file, counted in parties where ``by_party``; a party is divided only if it alone
    has more.  ``rules`` looks at those of a party who go into one file and gives (report, problem)
    of who may not; ``common`` gives what all its records share, so that a change of it is noticed.
    ``unchangeable`` tells of the record that was sent and of the one that would be whether they
    differ in what the authority takes no change of: that is left to a person.
    A ``headed`` format wants the head of a party before its members, with a document.  ``cancel``
    makes a file that takes back what was sent; ``cancels_bare`` if it needs nothing personal for
    that, so that it can for somebody who was cleared since.  In a ``paired`` format a departure
    ends the record of its arrival: it goes only after that, and is taken back before it.
    ``numbered`` records have a running
    number of the property.  ``counter`` names the series of the file's number.  ``query`` asks what
    became of lots that the authority has numbered.  ``choose`` picks those of a party who get a
    form, in place of ``covers``. After ``spell`` days a stay that goes on is reported anew, as if
    it began then.  A ``single`` format has one record a file.  ``statement`` makes the file of a
    period in which nobody is due, its name being the period's, "_" and the file's number; a format
    without ``moments`` has no other files.  ``counts_rooms`` asks for the rooms taken in each
    night.  ``transport`` makes what sends the files of a property, where the settings say how.
    ``tables`` are loaded from the authority's files, ``lists`` are the short ones it brings along.
    """

    name: str
    title: str
    country: str
    trust: Trust
    source: str
    deadline: Deadline
    write: Callable[[Report, Setting], str]
    assemble: Callable[[Sequence[Report], Setting], OutFile]
    houses: dict[str, Any] = attrs.field(factory=dict, repr=False)
    house_hint: str = ""
    covers: Covers = attrs.field(factory=Covers)
    needs: tuple[Need, ...] = ()
    moments: tuple[Moment, ...] = (Moment.ARRIVAL,)
    letters: Letters | None = None
    encoding: str = "utf-8"
    limit: int | None = None
    by_party: bool = False
    one_position_a_party: bool = False
    headed: bool = False
    keeps_copy: bool = True
    rules: Callable[[Sequence[Report], Setting], Iterable[tuple[Report, Problem]]] | None = None
    common: Callable[[Party, Setting], str] | None = None
    amends: Amends = Amends.BY_HAND
    unchangeable: Callable[[str, str], bool] | None = None
    cancel: Callable[[Sequence[Report], Setting], OutFile] | None = None
    cancels_bare: bool = False
    paired: bool = False
    query: Callable[[Sequence[str]], bytes] | None = None
    numbered: bool = False
    counter: Callable[[Sequence[Report], Setting], str] | None = None
    choose: Callable[[Party], Iterable[Guest]] | None = None
    spell: int | None = None
    single: bool = False
    counts_rooms: bool = False
    statement: Callable[[Setting], OutFile] | None = None
    transport: Callable[[str], Transport] | None = None
    read_answer: Callable[[bytes], Answer] | None = None
    retention: tuple[RetentionRule, ...] = ()
    tables: tuple[TableSpec, ...] = ()
    lists: tuple[CodeList, ...] = ()
    note: str = ""

    def house(self, property_id: str) -> Any:
        """Give a property's own settings.

        :raises ExportRefused: naming the settings to add.
        """
        found = self.houses.get(property_id)
        if found is None and self.house_hint:
            raise ExportRefused(
                "no-settings",
                f"{self.name} needs settings of the property {property_id}: {self.house_hint}",
            )
        return found

    def chosen(self, party: Party) -> Iterable[Guest]:
        """Give those of a party who have to be reported."""
        if self.choose is not None:
            return self.choose(party)
        return [guest for guest in party.guests if self.covers.covers(guest, self.country)]

    def missing(self, guest: Guest, *, stay: bool = True) -> Iterator[tuple[Need, Missing]]:
        """Yield what a guest lacks; without ``stay`` only what a profile can hold."""
        for need in self.needs:
            if (stay or not need.is_of_stay) and need.lacks(guest):
                yield need, Missing(need.path, need.code, need.message, need.supplier)

    def ready(self, profile: Profile, on: date) -> Iterator[Missing]:
        """Yield what is missing from a profile, long before the guest arrives."""
        guest = Guest(profile, on)
        if self.covers.covers(guest, self.country):
            for _, missing in self.missing(guest, stay=False):
                yield missing


@frozen
class Readiness(Check):
    """The check of a format, under the format's name; registering it registers the format."""

    format: Format | None = attrs.field(default=None, repr=False, eq=False)

    @classmethod
    def of(cls, format: Format) -> Readiness:
        """Make the check of a format."""
        return cls(format.name, f"Before the export {format.name}", format.ready, format)


def formats_of(checks: Iterable[Check]) -> dict[str, Format]:
    """Give the formats that were registered, by name in its order."""
    found = {c.name: c.format for c in checks if isinstance(c, Readiness) and c.format}
    return dict(sorted(found.items()))
