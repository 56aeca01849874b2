"""A guest as an authority's form asks about one: a profile at a stay, and who travels along."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from functools import cached_property

import attrs

from profilecore.model import Address, IdentityDocument, Profile, Stay
from profilecore.model.dates import is_complete
from profilecore.model.enums import DocumentType, NameType, RelationshipType, Sex
from profilecore.model.parts import Name
from profilecore.values import frozen
from profilecore_exports.codes import WITHOUT
from profilecore_exports.details import FACET, Details, Group, Registration
from profilecore_exports.letters import is_latin

# What shows who somebody is; a visa or a student card does not.
PROVES = frozenset(
    {
        DocumentType.IDENTITY_CARD,
        DocumentType.PASSPORT,
        DocumentType.DRIVERS_LICENSE,
        DocumentType.RESIDENCE_PERMIT,
        DocumentType.DNI,
        DocumentType.NIE,
        DocumentType.OTHER,
    }
)
ADULT = 18
_MIDNIGHT = time()


@frozen
class Guest:
    """One guest at one stay, or a profile alone, as on the day ``day``.

    ``kin`` has what the others of the party are to this guest, by their profile id.
    """

    profile: Profile = attrs.field(repr=False)
    day: date
    stay: Stay | None = attrs.field(default=None, repr=False)
    details: Details = attrs.field(factory=Details, repr=False)
    is_head: bool = True
    kin: dict[str, RelationshipType] = attrs.field(factory=dict, repr=False, eq=False)

    @property
    def id(self) -> str:
        """The id of the profile."""
        return self.profile.id

    def value(self, key: str) -> str | None:
        """Give what was noted at the stay for one format alone."""
        return self.details.value(key, self.id)

    # ---- names

    @cached_property
    def name(self) -> Profile | Name:
        """The name to report: the profile's, but in Latin letters where another name has them.

        So is the name in the passport of somebody whose own name is of another script.
        """
        if is_latin(" ".join(filter(None, self.profile.own_name))):
            return self.profile
        for other in self.profile.alternate_names:
            words = " ".join(filter(None, other.words))
            if other.type is NameType.ALTERNATE and other.last_name and is_latin(words):
                return other
        return self.profile

    @cached_property
    def given_names(self) -> str:
        """First and middle names, one blank between them."""
        return " ".join(filter(None, (self.name.first_name, self.name.middle_name)))

    @cached_property
    def surnames(self) -> str:
        """All surnames, one blank between them."""
        return " ".join(filter(None, (self.name.last_name, self.name.second_last_name)))

    # ---- birth

    @cached_property
    def born(self) -> date | None:
        """The day of birth, if all of it is known."""
        text = self.profile.birth_date
        return date.fromisoformat(text) if text and is_complete(text) else None

    @cached_property
    def age(self) -> int | None:
        """How old the guest is on the day, in whole years; ``None`` if that cannot be told."""
        text = self.profile.birth_date
        if not text:
            return None
        # With a part of the date the youngest age is taken: a child's rules are the stricter.
        known = [int(part) for part in text.split("-")]
        year, month, day = known + [12, 31][len(known) - 1 :]
        return self.day.year - year - ((self.day.month, self.day.day) < (month, day))

    @property
    def is_adult(self) -> bool:
        """Tell whether the guest is of age; one whose age is unknown is taken to be."""
        return self.age is None or self.age >= ADULT

    @property
    def sex(self) -> Sex | None:
        """The sex as the profile has it."""
        return self.profile.sex

    # ---- where from

    @cached_property
    def nationalities(self) -> tuple[str, ...]:
        """The nationalities, as ISO 3166-1 alpha-2; of who has none the code of travel documents.

        That is one of :data:`~profilecore_exports.codes.WITHOUT`.
        """
        instead = self.registration.without_nationality
        return self.profile.nationalities or ((WITHOUT[instead],) if instead is not None else ())

    @property
    def nationality(self) -> str | None:
        """The first of the nationalities."""
        return next(iter(self.nationalities), None)

    @cached_property
    def address(self) -> Address | None:
        """Where the guest lives: the primary address, else the fullest."""
        return max(
            self.profile.addresses,
            key=lambda a: (a.primary, bool(a.line1 or a.text), bool(a.city), bool(a.country)),
            default=None,
        )

    @cached_property
    def residence(self) -> str | None:
        """The country of residence, as ISO 3166-1 alpha-2."""
        lived = self.address.country if self.address is not None else None
        return self.profile.country_of_residence or lived

    @property
    def home_country(self) -> str | None:
        """The country of the address, and of residence where the address names none."""
        lived = self.address.country if self.address is not None else None
        return lived or self.residence

    @cached_property
    def street(self) -> str:
        """The lines of the address but for town and postcode."""
        a = self.address
        return "" if a is None else " ".join(filter(None, (a.line1, a.line2))) or (a.text or "")

    @property
    def town(self) -> str:
        """The town of the address."""
        return (self.address.city or "") if self.address is not None else ""

    @property
    def postal_code(self) -> str:
        """The postcode of the address."""
        return (self.address.postal_code or "") if self.address is not None else ""

    @cached_property
    def registration(self) -> Registration:
        """The facet with codes of places."""
        found = self.profile.facets.get(FACET)
        return found if isinstance(found, Registration) else Registration()

    # ---- documents and contact

    def document(self, types: Collection[DocumentType] = PROVES) -> IdentityDocument | None:
        """Give the document that shows who the guest is: valid before expired, then primary.

        One without a number counts as none.
        """
        usable = [d for d in self.profile.documents if d.type in types and d.number]
        return max(
            usable,
            key=lambda d: (
                d.expires_on is None or d.expires_on >= self.day,
                d.primary,
                d.verified,
                d.type is DocumentType.PASSPORT,
            ),
            default=None,
        )

    @cached_property
    def proof(self) -> IdentityDocument | None:
        """The document of :meth:`document`, of any type that proves who somebody is."""
        return self.document()

    @cached_property
    def visa(self) -> IdentityDocument | None:
        """The visa, if there is one with a number."""
        return self.document((DocumentType.VISA,))

    @property
    def phone(self) -> str:
        """The primary telephone number, as E.164."""
        phones = sorted(self.profile.phones, key=lambda p: not p.primary)
        return phones[0].value if phones else ""

    @property
    def email(self) -> str:
        """The primary e-mail address."""
        emails = sorted(self.profile.emails, key=lambda e: (e.relay, not e.primary))
        return emails[0].value if emails else ""

    # ---- the stay

    @property
    def arrived(self) -> datetime:
        """When the guest arrived, by the clock of the property; midnight if the time is unknown.

        The day is the stay's, unless another was noted with the time.
        """
        day = (self.stay.arrival if self.stay else None) or self.day
        noted = (self.details.arrived_at or "").rpartition("T")[0]
        # A part of a long stay begins on its own day.
        if noted and date.fromisoformat(noted) >= day - timedelta(days=1):
            day = date.fromisoformat(noted)
        return datetime.combine(day, _at(self.arrival_time))  # the authority's local time

    @property
    def arrival_time(self) -> str | None:
        """The time of the arrival as it was noted, ``HH:MM``."""
        noted = self.details.arrived_at
        return noted and noted.rpartition("T")[2]

    @property
    def leaves(self) -> datetime | None:
        """When the guest leaves, likewise."""
        day = self.stay.departure if self.stay else None
        return None if day is None else datetime.combine(day, _at(self.details.departs_at))


def _at(text: str | None) -> time:
    return time.fromisoformat(text) if text else _MIDNIGHT


@frozen
class Party:
    """The guests of one stay, the head first: who booked, and the companions.

    Of a stay that a format divides ``part`` counts from 0, and ``stay`` begins with that part.
    """

    stay: Stay
    details: Details
    guests: tuple[Guest, ...]
    part: int = 0

    @property
    def head(self) -> Guest:
        """Whom the others travel with."""
        return self.guests[0]

    @property
    def group(self) -> Group:
        """What holds the party together; a family unless the stay says otherwise."""
        return self.details.group or Group.FAMILY

    @property
    def nights(self) -> int | None:
        """The nights of the stay, if they are known."""
        stay = self.stay
        if stay.arrival and stay.departure:
            return (stay.departure - stay.arrival).days
        return stay.nights
