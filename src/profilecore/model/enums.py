"""The fixed vocabularies of the model.  Values are what is stored, sent and typed."""

from __future__ import annotations

from enum import Enum


class State(Enum):
    """``RESTRICTED`` is cleared but for what the law or a legal hold keeps for a while."""

    ACTIVE = "active"
    MERGED = "merged"
    RESTRICTED = "restricted"
    CLEARED = "cleared"

    @property
    def is_cleared(self) -> bool:
        """Tell whether a clear has taken place, be something kept or not."""
        return self is State.CLEARED or self is State.RESTRICTED


class SharedLevel(Enum):
    """Who may see a profile: the whole chain or the property that made it."""

    CHAIN = "chain"
    PROPERTY = "property"


class ProfileType(Enum):
    GUEST = "guest"
    CONTACT = "contact"
    EMPLOYEE = "employee"
    COMPANY = "company"
    AGENT = "agent"
    GROUP = "group"
    SOURCE = "source"


class Title(Enum):
    MISTER = "mister"
    MISS = "miss"
    MISSES = "misses"
    MX = "mx"
    NONE = "none"


class Sex(Enum):
    MALE = "male"
    FEMALE = "female"
    DIVERSE = "diverse"
    INTER = "inter"
    OPEN = "open"
    NOT_STATED = "not_stated"


class NameType(Enum):
    PRIMARY = "primary"
    ALTERNATE = "alternate"
    INCOGNITO = "incognito"
    EXTERNAL = "external"
    PHONETIC = "phonetic"
    FORMER = "former"
    NICKNAME = "nickname"


class ContactUse(Enum):
    HOME = "home"
    BUSINESS = "business"
    EMERGENCY = "emergency"
    OTHER = "other"


class PhoneTech(Enum):
    VOICE = "voice"
    MOBILE = "mobile"
    FAX = "fax"


class AddressType(Enum):
    HOME = "home"
    BUSINESS = "business"
    BILLING = "billing"
    OTHER = "other"


class DocumentType(Enum):
    IDENTITY_CARD = "identity_card"
    PASSPORT = "passport"
    VISA = "visa"
    DRIVERS_LICENSE = "drivers_license"
    RESIDENCE_PERMIT = "residence_permit"
    DNI = "dni"
    NIE = "nie"
    STUDENT_ID = "student_id"
    SOCIAL_SECURITY_CARD = "social_security_card"
    OTHER = "other"


class Classification(Enum):
    """The fixed classes; where a guest is right now belongs to the stay, not here."""

    PAYMASTER_ACCOUNT = "paymaster_account"
    BLOCKLIST = "blocklist"
    MEDIA = "media"
    LOYALTY_PROGRAM = "loyalty_program"
    PREVIOUS_COMPLAINT = "previous_complaint"
    RETURNING = "returning"
    STAFF = "staff"
    FRIEND_OR_FAMILY = "friend_or_family"
    TOP_MANAGEMENT = "top_management"
    IMPORTANT = "important"
    VERY_IMPORTANT = "very_important"
    PROBLEMATIC = "problematic"
    CASHLIST = "cashlist"
    DISABLED_PERSON = "disabled_person"
    MILITARY = "military"
    AIRLINE = "airline"
    HEALTH_COMPLIANT = "health_compliant"
    STUDENT = "student"


class RestrictionKind(Enum):
    BLOCKLIST = "blocklist"
    CASHLIST = "cashlist"
    PROBLEMATIC = "problematic"


class RelationshipType(Enum):
    SPOUSE = "spouse"
    CHILD = "child"
    PARENT = "parent"
    OTHER_FAMILY = "other_family"
    FRIEND = "friend"
    COLLEAGUE = "colleague"
    GUARDIAN = "guardian"
    WARD = "ward"
    OTHER = "other"

    @property
    def inverse(self) -> RelationshipType:
        """What the other person is to this one: only one direction is stored."""
        return _INVERSE.get(self, self)


_INVERSE = {
    RelationshipType.CHILD: RelationshipType.PARENT,
    RelationshipType.PARENT: RelationshipType.CHILD,
    RelationshipType.GUARDIAN: RelationshipType.WARD,
    RelationshipType.WARD: RelationshipType.GUARDIAN,
}


class NoteClass(Enum):
    GENERAL = "general"
    FOOD_AND_BEVERAGE = "food_and_beverage"
    FRONT_OFFICE = "front_office"
    RESERVATIONS = "reservations"
    HOUSEKEEPING = "housekeeping"
    MAINTENANCE = "maintenance"
    PREVIOUS_STAY = "previous_stay"
    FAMILY_RELATIONS = "family_relations"
    GIFTS = "gifts"
    ACCOUNTING = "accounting"
    COMPLAINTS = "complaints"
    OTHER = "other"


class ConsentStatus(Enum):
    GRANTED = "granted"
    DENIED = "denied"
    REVOKED = "revoked"


class ConsentScope(Enum):
    CHAIN = "chain"
    PROPERTY = "property"
    PARTNER = "partner"


class Channel(Enum):
    EMAIL = "email"
    SMS = "sms"
    PHONE = "phone"
    POST = "post"


class StayStatus(Enum):
    ENQUIRED = "enquired"
    OPTIONAL = "optional"
    CONFIRMED = "confirmed"
    IN_HOUSE = "in_house"
    DEPARTED = "departed"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"
