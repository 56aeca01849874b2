"""Targets: the field, item and part that a column or an assignment goes to."""

from __future__ import annotations

import re
import typing
from functools import lru_cache

import attrs

from profilecore.model.profile import Profile
from profilecore.normalise.text import fold
from profilecore.rules.changing import SETTABLE


@attrs.frozen
class Target:
    """Where a value goes.

    ``index`` counts the items of a collection from 0.  ``part`` is an attribute of the item,
    the system of an external id, the key of a custom field, or what kind of telephone it is.
    """

    field: str
    index: int | None = None
    part: str | None = None

    @property
    def is_single(self) -> bool:
        """Tell whether only one column of a table may go here."""
        if self.field in ("full_name", "nickname"):
            return False
        if self.field == "external_ids":
            return True
        if self.field in KINDS and KINDS[self.field] is not dict:
            many = ("street", "line1", "line2", "text", *QUALIFIERS.get(self.field, {}))
            if self.part is None:
                return self.field == "documents"
            return self.part not in many
        return True


def _kinds() -> dict[str, type]:
    hints = typing.get_type_hints(Profile)
    kinds = {}
    for name in SETTABLE:
        origin = typing.get_origin(hints[name])
        if origin is tuple:
            kinds[name] = typing.get_args(hints[name])[0]
        elif origin is dict:
            kinds[name] = dict
    return kinds


# What the items of each collection are; ``dict`` for custom fields and facets.
KINDS: typing.Final = _kinds()
SPECIAL: typing.Final = frozenset({"full_name", "nickname"})
_SINGULAR: typing.Final = {
    **{name.removesuffix("s"): name for name in KINDS if name.endswith("s")},
    "address": "addresses",
    "nationality": "nationalities",
    "tax_id": "tax_ids",
    "class": "classifications",
}
# Parts that say of which kind an item is: attribute and value.
QUALIFIERS: typing.Final[dict[str, dict[str, tuple[str, str]]]] = {
    "phones": {
        **{tech: ("tech", tech) for tech in ("fax", "mobile", "voice")},
        **{use: ("use", use) for use in ("home", "business", "emergency", "other")},
    },
    "emails": {use: ("type", use) for use in ("home", "business", "emergency", "other")},
}
_PARTS: typing.Final[dict[str, dict[str, str]]] = {
    "addresses": {
        "street": "street", "suite": "line2", "building": "line2", "zip": "postal_code",
        "postcode": "postal_code", "region": "state", "province": "state", "state": "state",
        "number": "number", "lat": "latitude", "lon": "longitude", "lng": "longitude",
    },
    "emails": {"address": "value"},
    "phones": {"number": "value"},
    "documents": {
        "expires": "expires_on", "expiry": "expires_on", "issued": "issued_on", "no": "number",
    },
    "notes": {"class": "note_class"},
}  # fmt: skip
_TARGET = re.compile(r"([A-Za-z_]+?)_?([1-9])?(?:[.:](.+))?", re.DOTALL)
_DOTTED = re.compile(r"([A-Za-z_]+?)_?[1-9]?[.:].*\w.*", re.DOTALL)


def parse(text: str) -> Target:
    """Read a target as people write it: ``email``, ``phone.fax``, ``address2.city``,
    ``emails.0.value``, ``external_id:wikidata``, ``custom.party``.

    :raises ValueError: unless it names a field of the profile and a part of it.
    """
    match = _TARGET.fullmatch(text.strip())
    name, number, rest = match.groups() if match else (text.strip(), None, None)
    field = name if name in SETTABLE or name in SPECIAL else _SINGULAR.get(name, name)
    if field not in SETTABLE and field not in SPECIAL:
        raise ValueError(f"{name} is no field of a profile")
    index = int(number) - 1 if number else None
    if field == "external_ids":
        if rest and rest[0].isdigit() and "." in rest:
            return _item_part(field, rest)
        if rest and ":" in rest:
            raise ValueError("the name of a system has no colon")
        return Target(field, index, rest)
    if field in ("custom", "facets"):
        return Target(field, None, rest)
    if field not in KINDS:
        if rest is not None or number is not None:
            raise ValueError(f"{field} has no parts and comes once")
        return Target(field)
    if rest is not None:
        return _item_part(field, rest, index)
    return Target(field, index)


def _item_part(field: str, rest: str, index: int | None = None) -> Target:
    head, dot, tail = rest.partition(".")
    if head.isdecimal():
        index, rest = int(head), tail
        if not dot:
            return Target(field, index)
    part = _PARTS.get(field, {}).get(rest, rest)
    item = KINDS[field]
    known = {a.name for a in attrs.fields(item)} if attrs.has(item) else set()
    if part not in {*known, *QUALIFIERS.get(field, {}), *_PARTS.get(field, {}).values()}:
        raise ValueError(f"{field} has no part {rest}")
    return Target(field, index, part)


# How systems name their columns, folded and without separators; the targets as people write them.
_COLUMNS: typing.Final = {
    "first_name": "firstname givenname forename vorname nombre prenom",
    "middle_name": "middlename",
    "last_name": "lastname surname familyname nachname apellido apellidos cognome",
    "second_last_name": "secondlastname secondsurname segundoapellido",
    "full_name": "fullname name officialfull guestname displayname",
    "nickname": "nickname knownas",
    "name_prefix": "prefix nameprefix",
    "name_suffix": "suffix namesuffix",
    "title": "title salutation anrede",
    "sex": "sex gender",
    "birth_date": "birthdate dob birthday dateofbirth birth geburtsdatum",
    "birth_place": "birthplace placeofbirth",
    "birth_country": "birthcountry countryofbirth",
    "nationality": "nationality nationalities citizenship",
    "language": "language languages lang",
    "email": "email emails mail emailaddress",
    "email2": "email2 secondemail alternateemail",
    "phone": "phone phones telephone tel phonenumber telephonenumber",
    "phone2": "phone2 telephone2",
    "phone.mobile": "mobile cell cellphone mobilephone",
    "phone.fax": "fax faxnumber",
    "address": "address address1 addressline1",
    "address2": "address2 addressline2",
    "address.street": "street",
    "address.line1": "line1 streetaddress",
    "address.line2": "line2 suite building apartment unit",
    "address.number": "streetnumber housenumber",
    "address.city": "city suburb town locality",
    "address.zip": "zip zipcode postcode postalcode plz",
    "address.state": "state region province subdivision",
    "address.country": "country countrycode",
    "address.latitude": "latitude lat",
    "address.longitude": "longitude lon lng",
    "country_of_residence": "countryofresidence residence",
    "company_name": "company companyname employer",
    "occupation": "occupation profession job",
    "document": "passport docno documentno documentnumber document docnumber passportnumber",
    "document.type": "documenttype doctype",
    "document.country": "documentcountry doccountry",
    "document.expires": "documentexpires docexpires documentexpiry passportexpires",
    "document.issued": "documentissued docissued",
    "tax_id": "taxid taxids vat vatid vatnumber taxnumber",
    "tag": "tags tag",
    "classification": "classification classifications class",
    "marketing_source": "marketingsource",
    "category": "category",
    "note": "notes note comment comments remarks",
    "external_id": "externalid id guestid customerid clientid profileid",
    "car_registration": "carregistration plate licenceplate licenseplate",
    "dietary_requirements": "dietaryrequirements diet",
}
_BY_COLUMN: typing.Final = {
    name: parse(target) for target, names in _COLUMNS.items() for name in names.split()
}
PASSPORT: typing.Final = frozenset({"passport", "passportnumber"})


def known_columns() -> dict[str, tuple[str, ...]]:
    """Give each target that columns map to by themselves, with the names of those columns."""
    return {target: tuple(names.split()) for target, names in _COLUMNS.items()}


def fold_column(column: str) -> str:
    """Fold a column's name: case, accents, blanks and separators do not count."""
    return fold(column).replace(" ", "")


@lru_cache(maxsize=4_096)
def of_column(column: str) -> Target | None:
    """Find where a column of this name goes by itself; ``None`` if nobody can tell.

    A field's name with a dot or a colon behind it names a part, never the whole field.
    """
    name = column.strip()
    match = _DOTTED.fullmatch(name)
    if match is None or not _is_field(match[1].lower()):
        return _BY_COLUMN.get(fold_column(name)) or _parsed(name)
    # The names of systems and custom fields are told apart by their case.
    alike = _parsed(name.lower())
    is_free = alike is None or alike.field in ("external_ids", "custom", "facets")
    return _parsed(name) if is_free else alike


def _is_field(name: str) -> bool:
    return name in SETTABLE or name in SPECIAL or name in _SINGULAR


def _parsed(text: str) -> Target | None:
    try:
        return parse(text)
    except ValueError:
        return None
