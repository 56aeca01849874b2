"""The parts of a profile: items of its collections.

Each part has a ``key``: the canonical form by which the same item is recognised in an
update and in a merge.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import attrs

from profilecore.model import enums
from profilecore.model.fields import Other, item, lean, part
from profilecore.normalise import codes, contact, numbers
from profilecore.normalise.text import clean_lines, compact, fold, fold_once


@lean
class Stamp:
    """Where a value came from: when, which source, who, and whether it was verified."""

    at: datetime
    source: str | None = None
    actor: str | None = item(third_party=Other.STAFF)
    property_id: str | None = None
    verified: bool = False


@lean
class Provenance:
    """The stamp of every field: ``base``, unless ``fields`` names another."""

    base: Stamp | None = None
    fields: dict[str, Stamp] = attrs.field(factory=dict)

    def of(self, name: str) -> Stamp | None:
        """Give the stamp of one field."""
        return self.fields.get(name, self.base)


@part
class Name:
    """Another name of the same person."""

    type: enums.NameType = item(enums.NameType.ALTERNATE)
    first_name: str | None = item()
    middle_name: str | None = item()
    last_name: str | None = item()
    second_last_name: str | None = item()
    language: str | None = item(clean=codes.language)

    @property
    def key(self) -> str:
        return fold(" ".join(filter(None, self.words)))

    @property
    def words(self) -> tuple[str | None, ...]:
        return (self.first_name, self.middle_name, self.last_name, self.second_last_name)


@part
class Email:
    """``value`` is canonical; ``raw`` is what was typed where it differs."""

    value: str = item(attrs.NOTHING, limit=320)
    type: enums.ContactUse | None = item()
    primary: bool = item(False)
    relay: bool = item(False)
    verified_at: datetime | None = item()
    raw: str | None = item(limit=320)

    @property
    def key(self) -> str:
        return self.value


@part
class Phone:
    """``value`` is E.164; ``raw`` is what was typed where it differs."""

    value: str = item(attrs.NOTHING, limit=64)
    tech: enums.PhoneTech | None = item()
    use: enums.ContactUse | None = item()
    primary: bool = item(False)
    raw: str | None = item(limit=64)

    @property
    def key(self) -> str:
        return self.value


@part
class Address:
    """A postal address; ``text`` holds one that came undivided."""

    type: enums.AddressType | None = item()
    line1: str | None = item(limit=1023)
    line2: str | None = item()
    city: str | None = item()
    postal_code: str | None = item(limit=32)
    country: str | None = item(clean=codes.country)
    subdivision: str | None = item(clean=codes.subdivision)
    latitude: float | None = item()
    longitude: float | None = item()
    text: str | None = item(clean=clean_lines, limit=2048)
    primary: bool = item(False)
    validated: bool = item(False)

    @property
    def key(self) -> str:
        where = filter(None, (self.text, self.line1, self.line2, self.city))
        area = self.postal_code or self.subdivision or ""
        return f"{fold_once(' '.join(where))}:{fold(area)}:{self.country or ''}"

    def differs(self, other: Address) -> bool:
        """Tell, without making the keys, that they differ."""
        return fold(self.postal_code or "") != fold(other.postal_code or "")


@part
class IdentityDocument:
    """``number`` may be missing: some countries forbid collecting it."""

    type: enums.DocumentType = item(attrs.NOTHING)
    number: str | None = item(clean=numbers.document_number, limit=64)
    country: str | None = item(clean=codes.country)
    issued_on: date | None = item()
    expires_on: date | None = item()
    issuing_place: str | None = item()
    issuing_subdivision: str | None = item(clean=codes.subdivision)
    issuing_authority: str | None = item()
    support_number: str | None = item(clean=numbers.document_number, limit=64)
    verified: bool = item(False)
    primary: bool = item(False)
    raw: str | None = item(limit=64)

    @property
    def key(self) -> str:
        # Without numbers, as where the law forbids them, two are told apart by their ends.
        which = compact(self.number) if self.number else self.expires_on or ""
        return f"{self.type.value}:{self.country or ''}:{which}"


@part
class TaxId:
    """``valid`` tells whether the check digits hold; ``None`` where no rule is known."""

    value: str = item(attrs.NOTHING, clean=numbers.document_number, limit=64)
    country: str | None = item(clean=codes.country)
    type: str | None = item(limit=50)
    valid: bool | None = item()
    raw: str | None = item(limit=64)

    @property
    def key(self) -> str:
        return f"{self.country or ''}:{self.type or ''}:{compact(self.value)}"


@part
class Preference:
    group: str = item(attrs.NOTHING, limit=50)
    code: str = item(attrs.NOTHING, limit=50)
    value: str | None = item()
    property_id: str | None = item()

    @property
    def key(self) -> str:
        return f"{self.group}:{self.code}:{self.property_id or ''}"


@part
class Restriction:
    kind: enums.RestrictionKind = item(attrs.NOTHING)
    reason_code: str | None = item(limit=50)
    text: str | None = item(clean=clean_lines, limit=1000)
    property_id: str | None = item()
    set_by: str | None = item(third_party=Other.STAFF)
    until: date | None = item()

    @property
    def key(self) -> str:
        return f"{self.kind.value}:{self.reason_code or ''}:{self.property_id or ''}"


@part
class Note:
    """Notes are added, never overwritten; ``id``, ``at`` and ``by`` are set by the engine."""

    text: str = item(attrs.NOTHING, clean=clean_lines, limit=1000)
    note_class: enums.NoteClass = item(enums.NoteClass.GENERAL)
    property_id: str | None = item()
    at: datetime | None = item()
    by: str | None = item(third_party=Other.STAFF)
    id: str | None = item(limit=64)

    @property
    def key(self) -> str:
        key = self.id or f"{self.text}@{self.at.isoformat() if self.at else ''}"
        return f"{key}@{self.property_id}" if self.property_id else key


@part
class Relationship:
    """A directed edge: the person ``profile_id`` is this profile's ``type`` (its child, ...)."""

    type: enums.RelationshipType = item(attrs.NOTHING)
    profile_id: str = item(attrs.NOTHING, limit=64, third_party=Other.PERSON)

    @property
    def key(self) -> str:
        return f"{self.type.value}:{self.profile_id}"


@part
class Consent:
    """One entry of the consent history; the newest of a purpose, channel and scope holds.

    Of one that is ``imported`` the date is that of an import, and not of the guest's word.
    """

    purpose: str = item(attrs.NOTHING, limit=50)
    status: enums.ConsentStatus = item(attrs.NOTHING)
    channel: enums.Channel | None = item()
    scope: enums.ConsentScope = item(enums.ConsentScope.CHAIN)
    property_id: str | None = item()
    at: datetime | None = item()
    expires_at: datetime | None = item()
    source: str | None = item()
    text_version: str | None = item()
    evidence: str | None = item()
    recorded_by: str | None = item(third_party=Other.STAFF)
    imported: bool = item(False)

    @property
    def subject(self) -> tuple[str, str, str, str]:
        """What the consent is about: purpose, channel, scope and property."""
        channel = self.channel.value if self.channel else ""
        return (self.purpose, channel, self.scope.value, self.property_id or "")

    @property
    def key(self) -> str:
        at = self.at.isoformat() if self.at else ""
        return ":".join((*self.subject, self.status.value, at))


@part
class ExternalId:
    """The id under which another system knows this person."""

    system: str = item(attrs.NOTHING, clean=codes.system, limit=50)
    value: str = item(attrs.NOTHING)
    type: str | None = item(limit=50)
    first_seen: datetime | None = item()

    @property
    def key(self) -> str:
        return f"{self.system}:{self.value}"


Values = dict[str, Any]


def complete_email(values: Values, _region: str | None) -> None:
    """Bring an e-mail to canonical form and mark a booking site's alias."""
    _canonical(values, contact.email(values["value"]))
    if contact.is_relay(values["value"]):
        values["relay"] = True
    else:
        values.pop("relay", None)


def complete_phone(values: Values, region: str | None) -> None:
    """Bring a telephone number to E.164, reading national forms by ``region``."""
    _canonical(values, contact.phone(values["value"], region))


def complete_tax_id(values: Values, _region: str | None) -> None:
    """Check the check digits of a tax id where the country's rule is known."""
    country = values.get("country")
    if country is None:
        return
    checked = numbers.is_valid_tax_id(values["value"], country)
    if checked is None:
        values.pop("valid", None)
    else:
        values["valid"] = checked


def _canonical(values: Values, value: str) -> None:
    if value != values["value"] and not values.get("raw"):
        values["raw"] = values["value"]
    values["value"] = value


# What completes the values of a part once each is read; raises ValueError for its first one.
COMPLETE: dict[type, Callable[[Values, str | None], None]] = {
    Email: complete_email,
    Phone: complete_phone,
    TaxId: complete_tax_id,
}
