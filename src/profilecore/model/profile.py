"""The profile: everything held about one guest of the chain, with its rules on the fields."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any, NewType

from profilecore.model import documents, enums, parts
from profilecore.model.dates import PartialDate, partial_date
from profilecore.model.fields import Clear, Search, Sensitivity, field, record
from profilecore.normalise import codes, numbers
from profilecore.normalise.text import clean_lines

ProfileId = NewType("ProfileId", str)

_own = partial(
    field,
    merge="survivor",
    clear=Clear.KEEP,
    sensitivity=Sensitivity.NONE,
    search=Search.NONE,
)
_value = partial(
    field,
    merge="best",
    clear=Clear.ERASE,
    sensitivity=Sensitivity.PERSONAL,
    search=Search.NONE,
)
_many = partial(
    field,
    merge="union",
    clear=Clear.ERASE,
    sensitivity=Sensitivity.PERSONAL,
    search=Search.NONE,
    default=(),
)
_name = partial(_value, search=Search.NAME)


@record
class Profile:
    """One guest.  Immutable: a change makes a new version through the engine.

    Only ``last_name`` is required while the profile is active.  ``id``, ``version``,
    ``state``, the dates and the provenance are the engine's.
    """

    id: str = _own(default="")
    number: str | None = _own(limit=19)
    version: int = _own(default=0)
    state: enums.State = _own(default=enums.State.ACTIVE)
    merged_into: str | None = _own()
    absorbed: tuple[str, ...] = field(
        merge="union",
        clear=Clear.KEEP,
        sensitivity=Sensitivity.NONE,
        search=Search.NONE,
        default=(),
    )
    created_at: datetime | None = field(
        merge="earliest",
        clear=Clear.KEEP,
        sensitivity=Sensitivity.NONE,
        search=Search.NONE,
    )
    updated_at: datetime | None = _own()
    cleared_at: datetime | None = _own()
    held: tuple[documents.Held, ...] = _own(default=())
    property_id: str | None = _own()
    shared_level: enums.SharedLevel = _own(default=enums.SharedLevel.CHAIN)
    profile_type: enums.ProfileType = _own(default=enums.ProfileType.GUEST)

    title: enums.Title | None = _value()
    sex: enums.Sex | None = _value()
    first_name: str | None = _name()
    middle_name: str | None = _name()
    last_name: str | None = _name()
    second_last_name: str | None = _name()
    name_prefix: str | None = _value(limit=50)
    name_suffix: str | None = _value(limit=50)
    alternate_names: tuple[parts.Name, ...] = _many(search=Search.NAME)

    birth_date: PartialDate | None = _value(
        clean=partial_date, limit=10, sensitivity=Sensitivity.IDENTITY
    )
    birth_place: str | None = _value(sensitivity=Sensitivity.IDENTITY)
    birth_country: str | None = _value(clean=codes.country, sensitivity=Sensitivity.IDENTITY)
    birth_subdivision: str | None = _value(
        clean=codes.subdivision, sensitivity=Sensitivity.IDENTITY
    )
    nationalities: tuple[str, ...] = _many(clean=codes.country)
    languages: tuple[str, ...] = _many(clean=codes.language)

    emails: tuple[parts.Email, ...] = _many(sensitivity=Sensitivity.CONTACT, search=Search.EMAIL)
    phones: tuple[parts.Phone, ...] = _many(sensitivity=Sensitivity.CONTACT, search=Search.PHONE)
    addresses: tuple[parts.Address, ...] = _many(sensitivity=Sensitivity.CONTACT)
    country_of_residence: str | None = _value(clean=codes.country)

    documents: tuple[parts.IdentityDocument, ...] = _many(
        sensitivity=Sensitivity.IDENTITY, search=Search.DOCUMENT
    )
    tax_ids: tuple[parts.TaxId, ...] = _many(
        sensitivity=Sensitivity.IDENTITY, search=Search.DOCUMENT
    )
    occupation: str | None = _value()
    car_registration: str | None = _value(clean=numbers.document_number)
    company_id: str | None = _value(limit=64)
    company_name: str | None = _value()
    accounting_code: str | None = _value(limit=50)
    billing_code: str | None = _value(limit=50)

    dietary_requirements: str | None = _value(clean=clean_lines, sensitivity=Sensitivity.SPECIAL)
    accessibility: str | None = _value(
        clean=clean_lines, limit=1000, sensitivity=Sensitivity.SPECIAL
    )
    preferences: tuple[parts.Preference, ...] = _many()
    classifications: tuple[enums.Classification, ...] = _many(search=Search.EXACT)
    category: str | None = _value(limit=50, search=Search.EXACT)
    tags: tuple[str, ...] = _many(limit=50, search=Search.EXACT)
    marketing_source: str | None = _value(limit=50, search=Search.EXACT)
    restrictions: tuple[parts.Restriction, ...] = _many()
    notes: tuple[parts.Note, ...] = _many(merge="append")
    relationships: tuple[parts.Relationship, ...] = _many()
    consents: tuple[parts.Consent, ...] = _many(merge="consents")
    external_ids: tuple[parts.ExternalId, ...] = _many(search=Search.EXACT)

    custom: dict[str, Any] = field(
        merge="by-key",
        clear=Clear.ERASE,
        sensitivity=Sensitivity.PERSONAL,
        search=Search.NONE,
        factory=dict,
    )
    facets: dict[str, Any] = field(
        merge="facets",
        clear=Clear.ERASE,
        sensitivity=Sensitivity.PERSONAL,
        search=Search.NONE,
        factory=dict,
    )
    provenance: parts.Provenance = field(
        merge="provenance",
        clear=Clear.ERASE,
        sensitivity=Sensitivity.PERSONAL,
        search=Search.NONE,
        factory=parts.Provenance,
    )

    def __repr__(self) -> str:
        return f"<Profile {self.id or 'new'} v{self.version} {self.state.value}>"

    @property
    def names(self) -> tuple[parts.Name, ...]:
        """All names of the person, the one they go by first."""
        own = parts.Name(enums.NameType.PRIMARY, *self.own_name)
        return (own, *self.alternate_names)

    @property
    def own_name(self) -> tuple[str | None, ...]:
        """The words of the name the person goes by: first, middle, last, second last."""
        return (self.first_name, self.middle_name, self.last_name, self.second_last_name)

    @property
    def family(self) -> tuple[str, ...]:
        """This id and every id that was merged into it."""
        return (self.id, *self.absorbed)


# What a host may not set: the engine keeps these itself.
ENGINE_FIELDS = frozenset(
    {
        "id", "version", "state", "merged_into", "absorbed", "created_at", "updated_at",
        "cleared_at", "held", "provenance",
    }
)  # fmt: skip
APPEND_ONLY = frozenset({"notes", "consents"})
