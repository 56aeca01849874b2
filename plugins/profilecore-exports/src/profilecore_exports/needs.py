"""Needs that many formats share, so that each is worded once."""

from __future__ import annotations

from profilecore.errors import Problem
from profilecore.model.enums import Sex
from profilecore_exports.contract import Need
from profilecore_exports.faults import Unwritable
from profilecore_exports.guests import Guest

SEXES = {Sex.MALE, Sex.FEMALE}


def is_adult(guest: Guest) -> bool:
    """Tell whether a guest is of age; for the ``when`` of a need."""
    return guest.is_adult


def is_head(guest: Guest) -> bool:
    """Tell whether a guest is the head of the party; for the ``when`` of a need."""
    return guest.is_head


LAST_NAME = Need("/last_name", "last-name", "The surname is missing.", lambda g: g.name.last_name)
FIRST_NAME = Need(
    "/first_name", "first-name", "The first name is missing.", lambda g: g.given_names
)
BIRTH_DATE = Need(
    "/birth_date", "birth-date", "The whole date of birth is missing.", lambda g: g.born
)
BIRTH_YEAR = Need(
    "/birth_date",
    "birth-date",
    "The date of birth is missing; at least the year.",
    lambda g: g.profile.birth_date,
)
SEX = Need(
    "/sex",
    "sex",
    "The sex must be male or female: the authority has no third value.",
    lambda g: g.sex in SEXES,
)
NATIONALITY = Need(
    "/nationalities",
    "nationality",
    "The nationality is missing; of who has none, facets.registration.without_nationality.",
    lambda g: g.nationality,
)
BIRTH_COUNTRY = Need(
    "/birth_country",
    "birth-country",
    "The country of birth is missing.",
    lambda g: g.profile.birth_country,
)
BIRTH_PLACE = Need(
    "/birth_place", "birth-place", "The place of birth is missing.", lambda g: g.profile.birth_place
)
RESIDENCE = Need(
    "/country_of_residence",
    "residence",
    "The country of residence is missing.",
    lambda g: g.residence,
)
TOWN = Need("/addresses", "town", "The town of the address is missing.", lambda g: g.town)
DOCUMENT = Need(
    "/documents",
    "document",
    "An identity document with its number is missing.",
    lambda g: g.proof,
)
DOCUMENT_COUNTRY = Need(
    "/documents",
    "document-country",
    "The country that issued the document is missing.",
    lambda g: g.proof is not None and g.proof.country,
    when=lambda g: g.proof is not None,
)
ARRIVAL = Need(
    "/stay/arrival",
    "arrival",
    "The day of arrival is missing.",
    lambda g: g.stay is not None and g.stay.arrival,
    supplier="desk",
)
DEPARTURE = Need(
    "/stay/departure",
    "departure",
    "The day of departure is missing.",
    lambda g: g.stay is not None and g.stay.departure,
    supplier="desk",
)


def fits(text: str, path: str, what: str) -> str:
    """Give a text that a format's letters left something of.

    :raises Unwritable: if nothing is left of it.
    """
    if not text:
        message = f"Nothing of the {what} can be written in the authority's letters."
        raise Unwritable([Problem(path, "letters", message)])
    return text
