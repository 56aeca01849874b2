"""How long the law wants what kept, and from when on it wants it gone: rules as data.

A rule holds nothing by itself.  It is a clear that asks what is still held, and by which rule
until when; what nothing holds goes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, timedelta, tzinfo
from enum import Enum
from functools import cached_property
from typing import Any, NamedTuple

import attrs

from profilecore.errors import WrongValue
from profilecore.model.documents import DocumentKind, Held
from profilecore.model.enums import Classification, ConsentStatus, ProfileType, StayStatus
from profilecore.model.fields import is_record, rules_of
from profilecore.model.profile import Profile
from profilecore.model.stay import Stay
from profilecore.rules.periods import last_day, parts_of
from profilecore.rules.survivorship import current_consents
from profilecore.values import frozen

PROFILE = "profile"
# What is needed to tell when a rule ends is kept with what it keeps.
_GROUNDS = ("arrival", "departure")
# A tuple finds them by identity; a set would call their own slow method for a hash.
_NEVER_CAME = (StayStatus.ENQUIRED, StayStatus.CANCELLED, StayStatus.NO_SHOW)


class Clock(Enum):
    """From which day a period runs: that day itself is not counted."""

    CHECKOUT = "checkout"
    ENTRY = "entry"
    FISCAL_YEAR_END = "fiscal_year_end"
    LAST_ACTIVITY = "last_activity"
    CONSENT_END = "consent_end"

    @property
    def is_of_person(self) -> bool:
        """Tell whether it runs from the person, wherever that lives, and not from a property."""
        return self in (Clock.LAST_ACTIVITY, Clock.CONSENT_END)


class OnExpiry(Enum):
    """What becomes of a document when its time is over: deleted, or left without its person."""

    DELETE = "delete"
    ANONYMISE = "anonymise"


class Trust(Enum):
    """How sure a rule is: read in the law or an official paper, or only heard of."""

    LAW = "law"
    OFFICIAL = "official"
    UNVERIFIED = "unverified"


def _period(_: object, field: attrs.Attribute[str | None], value: str | None) -> None:
    if value is not None:
        try:
            parts_of(value)
        except ValueError as error:
            raise WrongValue(f"{field.name} {error}") from None


def is_country(code: str) -> bool:
    """Tell whether a code is written as those of ISO 3166-1: two capital letters."""
    return len(code) == 2 and code.isascii() and code.isalpha() and code.isupper()


def _country(_: object, field: attrs.Attribute[str | None], value: str | None) -> None:
    if value is not None and not is_country(value):
        raise WrongValue(f"{field.name} must be a country's two capital letters (ISO 3166-1)")


def time_zone(_: object, field: attrs.Attribute[Any], value: str | None) -> None:
    """Refuse a text that names no time zone; for the fields of settings.

    :raises WrongValue: naming the field.
    """
    if not value:
        return
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(value)
    except (ValueError, OSError, LookupError):
        raise WrongValue(f"{field.name} must be a time zone, as Europe/Madrid") from None


def _month_and_day(_: object, field: attrs.Attribute[str], value: str) -> None:
    try:
        date.fromisoformat(f"2024-{value}")
    except ValueError:
        raise WrongValue(f"{field.name} must be a month and a day, as 12-31") from None


@frozen
class RetentionRule:
    """How long a kind of record is kept, by which law.

    ``country`` is that of the property for what happened there (``checkout``, ``entry``,
    ``fiscal_year_end``), and that of the guest's residence for the other clocks; ``None`` is any.
    ``minimum`` is how long a clear must leave ``fields`` in place: ``profile.<field>``,
    ``stay.<field>``, a kind of document (``file``), or one's field; without ``fields`` the
    documents of the kind ``record_kind`` (of ``profile`` they must be named). ``maximum`` is when
    records of ``record_kind`` must be gone: of ``profile`` the whole person. ``foreigners_only``
    leaves out guests who are known to be nationals. A rule holds for what happened from
    ``valid_from`` to ``valid_to``. ``source`` tells where the law was read; a rule that is
    ``unverified`` is off until switched on by name.
    """

    name: str
    country: str | None = attrs.field(default=None, validator=_country)
    legal_basis: str = ""
    record_kind: str = "registration"
    clock: Clock = Clock.CHECKOUT
    minimum: str | None = attrs.field(default=None, validator=_period)
    maximum: str | None = attrs.field(default=None, validator=_period)
    fields: tuple[str, ...] = ()
    on_expiry: OnExpiry = OnExpiry.ANONYMISE
    source: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    foreigners_only: bool = False
    trust: Trust = Trust.LAW

    def in_force(self, day: date) -> bool:
        """Tell whether the rule holds for what happened on a day."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_to is None or day <= self.valid_to
        )

    @cached_property
    def kept(self) -> Mapping[str, tuple[str, ...]]:
        """The fields it keeps by kind; ``()`` is all of a document."""
        kept: dict[str, tuple[str, ...]] = {}
        for path in self.fields or (self.record_kind,):
            kind, _, name = path.partition(".")
            kept[kind] = with_name(kept.get(kind), name)
        return kept


def with_name(names: tuple[str, ...] | None, name: str) -> tuple[str, ...]:
    """Give the names of what is kept with another; without a name, or names, it is all."""
    return (*(names or ()), name) if name and names != () else ()


@frozen
class Place:
    """A property: the country whose law it is under, its time zone, and its business year."""

    country: str | None = attrs.field(default=None, validator=_country)
    timezone: str | None = attrs.field(default=None, validator=time_zone)
    fiscal_year_end: str = attrs.field(default="12-31", validator=_month_and_day)


_NOWHERE = Place()


@frozen
class Dated:
    """A document of a plugin's kind, and the day from which its retention runs."""

    kind: str
    id: str
    property_id: str | None
    day: date | None


@frozen
class LastSign:
    """The last day on which a guest was active, and at which property, if at one."""

    day: date
    property_id: str | None = None


@frozen
class Record:
    """What is known of a person that the rules ask about.

    ``sign`` is the guest's last one; the days of what happened nowhere are those of ``zone``.
    """

    profile: Profile
    stays: tuple[Stay, ...] = ()
    documents: tuple[Dated, ...] = ()
    sign: LastSign | None = None
    zone: tzinfo = UTC

    @cached_property
    def countries(self) -> Mapping[str, str]:
        """Where properties are, by the stays at them."""
        return {stay.property_id: stay.country for stay in self.stays if stay.country}


Today = Callable[[str | None], date]


class MustGo(NamedTuple):
    """The last day on which a person may be kept, by which rule, and at which property."""

    last_day: date
    rule: RetentionRule
    property_id: str | None


@frozen
class Retention:
    """The rules in force, the properties they apply to, and the rules that are switched off.

    ``today`` of the methods gives the date at a property now; a period's last day still holds.
    """

    rules: tuple[RetentionRule, ...] = ()
    places: Mapping[str, Place] = attrs.field(factory=dict)
    off: frozenset[str] = frozenset()

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of the rules in force."""
        return frozenset(rule.name for rule in self.rules)

    @cached_property
    def kinds(self) -> frozenset[str]:
        """The kinds of documents that a rule speaks of."""
        return frozenset(kind for rule in self.rules for kind in (rule.record_kind, *rule.kept))

    def held(self, record: Record, today: Today) -> list[Held]:
        """Give what the rules hold of a person, each with its last day, ordered by rule."""
        found: list[Held] = []
        places: list[str | None] = [stay.property_id for stay in record.stays]
        places += [document.property_id for document in record.documents]
        countries = {self._country(property_id, record) for property_id in places}
        for rule, is_of_person in self._holding:
            # Most people have nothing that a country's rule could run from.
            may_hold = is_of_person or (rule.country in countries if rule.country else bool(places))
            if may_hold and not _is_spared(rule, record.profile):
                found += self._held_by(rule, record, today)
        return found

    def _place(self, property_id: str | None) -> Place:
        return self.places.get(property_id or "", _NOWHERE)

    def _country(self, property_id: str | None, record: Record) -> str | None:
        """Give where a property is: by the settings, or by a stay where these do not say it."""
        return self._place(property_id).country or record.countries.get(property_id or "")

    @cached_property
    def _holding(self) -> tuple[tuple[RetentionRule, bool], ...]:
        """The rules that hold something, and whether each runs from the person."""
        return tuple(
            (rule, rule.clock.is_of_person) for rule in self.rules if rule.minimum is not None
        )

    @cached_property
    def _deleting(self) -> frozenset[str]:
        """The rules whose documents are deleted whole at the end."""
        return frozenset(r.name for r in self.rules if r.on_expiry is OnExpiry.DELETE)

    @cached_property
    def _ending(self) -> tuple[RetentionRule, ...]:
        return tuple(rule for rule in self.rules if rule.maximum is not None)

    @cached_property
    def limited(self) -> frozenset[str]:
        """The kinds of documents that some rule limits in time; a stay goes with its guest."""
        return frozenset(rule.record_kind for rule in self._ending) - {PROFILE, "stay"}

    @cached_property
    def _ending_people(self) -> tuple[RetentionRule, ...]:
        return tuple(rule for rule in self._ending if rule.record_kind == PROFILE)

    def _held_by(self, rule: RetentionRule, record: Record, today: Today) -> Iterator[Held]:
        assert rule.minimum is not None
        kept = rule.kept
        latest: date | None = None
        for property_id, day, stay in self._grounds(rule, record):
            until = last_day(day, rule.minimum)
            if until < today(property_id):
                continue
            latest = until if latest is None else max(latest, until)
            if stay is not None and stay.id and "stay" in kept:
                fields = kept["stay"] and tuple(sorted({*kept["stay"], *_GROUNDS}))
                yield Held("stay", rule.name, fields, stay.id, until, property_id=property_id)
        if latest is not None and PROFILE in kept:
            yield Held(PROFILE, rule.name, tuple(sorted(kept[PROFILE])), until=latest)
        for document in record.documents:
            if document.kind in kept:
                own = self._day(rule, document, record)
                until_ = None if own is None else last_day(own, rule.minimum)
                if own is None and self._goes_with_stays(rule, document, record):
                    until_ = latest
                if until_ is not None and until_ >= today(document.property_id):
                    fields = tuple(sorted(kept[document.kind]))
                    yield Held(
                        document.kind, rule.name, fields, document.id, until_,
                        property_id=document.property_id,
                    )  # fmt: skip

    def to_delete(self, held: Iterable[Held]) -> set[tuple[str, str | None]]:
        """Give the documents that are to be deleted whole once nothing holds them any more."""
        return {(h.kind, h.id) for h in held if h.id is not None and h.rule in self._deleting}

    def over(self, record: Record, held: Iterable[Held]) -> set[tuple[str, str | None]]:
        """Give the documents that a rule once held and wants deleted, now that nothing does."""
        if not self._deleting:
            return set()
        ever = self.held(record, lambda _: date.min)
        return self.to_delete(ever) - {(h.kind, h.id) for h in held}

    def expired(self, record: Record, today: Today) -> list[tuple[Dated, RetentionRule]]:
        """Give the documents whose longest time is over and that no rule holds."""
        over = [
            (document, rule)
            for document, rule, last in self._lasting(record)
            if last < today(document.property_id)
        ]
        holding = {(held.kind, held.id) for held in (self.held(record, today) if over else ())}
        return [each for each in over if (each[0].kind, each[0].id) not in holding]

    def must_go(self, record: Record) -> MustGo | None:
        """Give the last day on which a guest may be kept, where that is, and by which rule.

        The house's own accounts, companies, agents, contacts and staff are no guests.
        """
        ends: list[MustGo] = []
        for rule in self._ending_people if is_guest(record.profile) else ():
            if rule.maximum is None or _is_spared(rule, record.profile):
                continue
            days = [(day, place or "") for place, day, _ in self._grounds(rule, record)]
            if days:
                day, place = max(days)
                ends.append(MustGo(last_day(day, rule.maximum), rule, place or None))
        return min(ends, key=lambda end: end.last_day, default=None)

    def shortest(self, day: date) -> int | None:
        """Give the days of the shortest of all maxima from a day on; ``None`` without one."""
        lasts = (last_day(day, r.maximum) for r in self._ending if r.maximum is not None)
        return min(((last - day).days for last in lasts), default=None)

    def expiries(self, record: Record, today: Today) -> set[tuple[date, str | None]]:
        """Give the last days to come of documents whose longest time is limited, and where.

        Of one that is held for longer it is the last day on which it is held.
        """
        lasting = [(document, last) for document, _, last in self._lasting(record)]
        ends = {(last, d.property_id) for d, last in lasting if last >= today(d.property_id)}
        over = {(d.kind, d.id) for d, last in lasting if last < today(d.property_id)}
        for held in self.held(record, today) if over else ():
            if (held.kind, held.id) in over and held.until is not None:
                ends.add((held.until, held.property_id))
        return ends

    def _lasting(self, record: Record) -> Iterator[tuple[Dated, RetentionRule, date]]:
        """Yield each document whose longest time is limited, by which rule, and its last day."""
        for document in record.documents:
            for rule in self._ending:
                if rule.maximum is not None and document.kind == rule.record_kind:
                    day = self._day(rule, document, record)
                    if day is not None:
                        yield document, rule, last_day(day, rule.maximum)

    def _grounds(
        self, rule: RetentionRule, record: Record
    ) -> Iterator[tuple[str | None, date, Stay | None]]:
        """Yield each day from which the rule's period runs, where that was, and by which stay."""
        if rule.clock.is_of_person:
            day = None if record.sign is None else record.sign.day
            if rule.clock is Clock.CONSENT_END:
                day = _consent_end(record)
            if day is not None and rule.in_force(day) and _lives_in(record.profile, rule.country):
                yield None, day, None
            return
        for stay in record.stays:
            country = self._country(stay.property_id, record)
            if stay.status in _NEVER_CAME or rule.country not in (None, country):
                continue
            day = stay.arrival if rule.clock is Clock.ENTRY else stay.departure
            day = day or stay.departure or stay.arrival or _noted(stay)
            if day is not None and rule.in_force(day):
                if rule.clock is Clock.FISCAL_YEAR_END:
                    day = _year_end(day, self._place(stay.property_id).fiscal_year_end)
                yield stay.property_id, day, stay

    def _goes_with_stays(self, rule: RetentionRule, document: Dated, record: Record) -> bool:
        """Tell whether a document that the rule has no day for is kept as long as the stays."""
        if document.property_id is None:
            return True
        country = self._country(document.property_id, record)
        return document.day is None and rule.country in (None, country)

    def _day(self, rule: RetentionRule, document: Dated, record: Record) -> date | None:
        """Give the day from which a rule's period runs for a document, if it speaks of it."""
        if rule.clock.is_of_person:
            return max((day for _, day, _ in self._grounds(rule, record)), default=None)
        country, day = self._country(document.property_id, record), document.day
        if day is None or not rule.in_force(day) or rule.country not in (None, country):
            return None
        if rule.clock is not Clock.FISCAL_YEAR_END:
            return day
        return _year_end(day, self._place(document.property_id).fiscal_year_end)


def faults_of(rule: RetentionRule, kinds: Mapping[str, DocumentKind]) -> Iterator[str]:
    """Yield what is wrong with a rule: a text each, naming the field."""
    if rule.minimum is None and rule.maximum is None:
        yield f"{rule.name}: a minimum or a maximum is needed"
    if rule.minimum is not None and rule.record_kind == PROFILE and not rule.fields:
        yield f"{rule.name}: fields: name what of the profile is kept, as profile.last_name"
    if rule.valid_from and rule.valid_to and rule.valid_from > rule.valid_to:
        yield f"{rule.name}: valid_to: must not lie before valid_from"
    if rule.maximum is not None and rule.record_kind == "stay":
        yield f"{rule.name}: maximum: a stay goes with its person; set record_kind to profile"
    for path in rule.fields:
        if not names_something(path, kinds):
            yield f"{rule.name}: fields: {path} is no field or kind"


def names_something(path: str, kinds: Mapping[str, DocumentKind]) -> bool:
    """Tell whether ``profile.<field>``, ``<kind>`` or ``<kind>.<field>`` is known."""
    kind, _, name = path.partition(".")
    if kind == PROFILE:
        return name in rules_of(Profile)
    cls = kinds[kind].cls if kind in kinds else None
    return cls is not None and (not name or (is_record(cls) and name in rules_of(cls)))


def _is_spared(rule: RetentionRule, profile: Profile) -> bool:
    return rule.foreigners_only and rule.country in profile.nationalities


def is_guest(profile: Profile) -> bool:
    """Tell whether time runs for a profile: not for the house's accounts, companies and staff."""
    return (
        profile.profile_type is ProfileType.GUEST
        and Classification.PAYMASTER_ACCOUNT not in profile.classifications
    )


def _lives_in(profile: Profile, country: str | None) -> bool:
    return country is None or residence(profile) == country


def residence(profile: Profile) -> str | None:
    """Give the country where the person lives, as far as it is known."""
    addresses = sorted(profile.addresses, key=lambda address: not address.primary)
    lived = (address.country for address in addresses if address.country)
    return profile.country_of_residence or next(lived, None)


def _noted(stay: Stay) -> date | None:
    """Give the day on which a stay without dates was booked or recorded: it holds from then."""
    at = stay.booked_at or (stay.stamp and stay.stamp.at)
    return at.date() if at else None


def _consent_end(record: Record) -> date | None:
    """Give the day on which the last consent ended; ``None`` while one holds or none was given."""
    ends: list[date] = []
    for consent in current_consents(record.profile.consents, None).values():
        ended = consent.at if consent.status is not ConsentStatus.GRANTED else consent.expires_at
        if ended is None:
            return None
        ends.append(ended.astimezone(record.zone).date())
    return max(ends, default=None)


def _year_end(day: date, month_and_day: str) -> date:
    """Give the end of the business year that a day lies in."""
    if day.year == date.max.year:
        return date.max
    month, number = (int(part) for part in month_and_day.split("-"))
    for year in (day.year, day.year + 1):
        # The day before the first of the next month is the last, in leap years too.
        following = date(year + month // 12, month % 12 + 1, 1)
        end = min(following - timedelta(days=1), date(year, month, 1) + timedelta(days=number - 1))
        if end >= day:
            return end
    return day
