"""Spain: documents, places and kinship as its authorities ask for them."""

from __future__ import annotations

import re
from datetime import date

import attrs

from profilecore.errors import WrongValue
from profilecore.model import IdentityDocument
from profilecore.model.enums import DocumentType, RelationshipType, Sex
from profilecore.values import frozen
from profilecore_exports.contract import Need, Report
from profilecore_exports.details import Payment
from profilecore_exports.faults import TableMissing, unwritable
from profilecore_exports.guests import Guest, Party
from profilecore_exports.lists import ES_DOCUMENTS, ES_KINSHIPS, ES_PAYMENTS, ES_SEXES
from profilecore_exports.needs import (
    ARRIVAL,
    BIRTH_DATE,
    DEPARTURE,
    FIRST_NAME,
    LAST_NAME,
    NATIONALITY,
    is_adult,
)
from profilecore_exports.tables import Tables, TableSpec

PV, RH = "es.ses-hospedajes", "es.ses-hospedajes-rh"
_INE = "the INE, ine.es: relación de municipios y sus códigos por provincias"
TOWNS = TableSpec("es.municipios", "Municipalities, with the codes of the INE", _INE)
POSTCODES = TableSpec(
    "es.codigos-postales",
    "Postcodes and the municipalities they belong to",
    "the INE, ine.es: callejero del censo electoral, postcode by municipality",
)
PAYMENTS = {
    Payment.CASH: "EFECT",
    Payment.CARD: "TARJT",
    Payment.PLATFORM: "PLATF",
    Payment.TRANSFER: "TRANS",
    Payment.MOBILE: "MOVIL",
    Payment.GIFT_CARD: "TREG",
    Payment.ON_SITE: "DESTI",
    Payment.OTHER: "OTRO",
}
LISTS = (ES_DOCUMENTS, ES_SEXES, ES_PAYMENTS, ES_KINSHIPS)
# "M" is mujer, a woman.
SEXES = {Sex.MALE: "H", Sex.FEMALE: "M", Sex.DIVERSE: "O", Sex.INTER: "O", Sex.OPEN: "O"}
# What somebody of the party is to the child says what the child is to that person.
_KIN = {
    RelationshipType.PARENT: "HJ",
    RelationshipType.GUARDIAN: "TU",
    RelationshipType.SPOUSE: "CY",
    RelationshipType.OTHER_FAMILY: "OT",
    RelationshipType.FRIEND: "OT",
    RelationshipType.COLLEAGUE: "OT",
    RelationshipType.OTHER: "OT",
}
KINSHIP_KEY = f"{PV}.parentesco"
_MUNICIPALITY = re.compile(r"[0-9]{5}")
_NIE = re.compile(r"[XYZ][0-9]{7}[A-Z]")
_NIF = re.compile(r"[0-9]{8}[A-Z]|[KLM][0-9]{7}[A-Z]")


def _ten(_: object, field: attrs.Attribute[str], value: str) -> None:
    if not 0 < len(value) <= 10:
        raise WrongValue(f"{field.name} must have 1 to 10 characters")


@frozen
class SpanishHouse:
    """A property in Spain.

    ``code`` is the establishment's at SES.HOSPEDAJES, ``landlord`` the code of who runs it, for
    the web service.  ``payment`` and ``internet`` hold where a stay says nothing else.
    ``mossos_code`` and ``name`` are for Catalonia's police.
    """

    code: str = attrs.field(validator=_ten)
    landlord: str | None = None
    payment: Payment | None = None
    internet: bool | None = None
    mossos_code: str | None = None
    name: str | None = None


# ---- documents


def document_type(document: IdentityDocument) -> str:
    """Give the kind of a document as the Ministry has it: NIF, NIE, PAS or OTRO."""
    number = document.number or ""
    if document.type is DocumentType.PASSPORT:
        return "PAS"
    if document.type is DocumentType.DNI:
        return "NIF"
    if document.type is DocumentType.NIE:
        return "NIE"
    if document.country == "ES":
        if document.type is DocumentType.IDENTITY_CARD and _NIF.fullmatch(number):
            return "NIF"
        if document.type is DocumentType.RESIDENCE_PERMIT and _NIE.fullmatch(number):
            return "NIE"
    return "OTRO"


def is_valid_number(kind: str, number: str) -> bool:
    """Tell whether the letter of a NIF or NIE is right; other documents have no rule."""
    from stdnum.es import dni, nie, nif

    if kind == "NIF":
        return bool(dni.is_valid(number) or (number[:1] in "KLM" and nif.is_valid(number)))
    return kind != "NIE" or bool(nie.is_valid(number))


def checked_document(guest: Guest) -> tuple[str, IdentityDocument] | None:
    """Give a guest's document and its kind, ``None`` if there is none.

    :raises Unwritable: if its number or its support number is wrong or too long.
    """
    document = guest.proof
    if document is None or document.number is None:
        return None
    kind = document_type(document)
    if not is_valid_number(kind, document.number):
        message = f"The number is no {kind}: its form or its letter is wrong."
        raise unwritable("/documents", "document-number", message)
    if len(document.number) > 15:
        message = "The document's number has more than 15 characters."
        raise unwritable("/documents", "document-number", message)
    if kind in ("NIF", "NIE") and len(document.support_number or "") > 9:
        message = "The support number of the card has more than 9 characters."
        raise unwritable("/documents", "document-support", message)
    return kind, document


# ---- the stay


def contract_day(party: Party) -> date:
    """Give the day of the contract.

    :raises Unwritable: if neither the stay nor its details tell.
    """
    booked = party.stay.booked_at
    day = party.details.contracted_on or (booked.date() if booked else None)
    if day is None:
        message = "The day of the contract is missing: booked_at of the stay, or contracted_on."
        raise unwritable("/stay/booked_at", "contract-date", message)
    return day


def payment_of(party: Party, house: SpanishHouse) -> Payment:
    """Tell how a stay is paid.

    :raises Unwritable: if neither its details nor the property tell.
    """
    payment = party.details.payment or house.payment
    if payment is None:
        message = "How the stay is paid is missing: payment among its details."
        raise unwritable("/stay/details/payment", "payment", message)
    return payment


# ---- where somebody lives


def municipality(guest: Guest, tables: Tables) -> str:
    """Give the INE's code of the Spanish municipality where a guest lives.

    By the facet's code, else by the postcode, and by the town's name where that has several.

    :raises Unwritable: if it leads to none or to several, or no table is loaded.
    """
    code = guest.registration.residence_code
    if code is not None:
        if not _MUNICIPALITY.fullmatch(code):
            message = "The code of the municipality must be the INE's five digits."
            raise unwritable("/facets/registration/residence_code", "municipality", message)
        return code
    postcodes, towns = tables.get(POSTCODES), tables.get(TOWNS)
    if postcodes is None and towns is None:
        missing = TableMissing(POSTCODES.name, POSTCODES.where)
        raise unwritable("/addresses", "table-missing", str(missing))
    found = {row.code for row in postcodes.by_key(guest.postal_code)} if postcodes else set()
    if len(found) != 1:
        named: set[str] = set()
        for table in filter(None, (postcodes, towns)):
            named |= {row.code for row in table.named(guest.town)}
        # The first two digits of a postcode are the province's, as those of the code.
        named = {c for c in named if c[:2] == guest.postal_code[:2]}
        found = (found & named) or found or named
    if len(found) == 1:
        return found.pop()
    message = (
        "Postcode and town do not lead to one Spanish municipality; correct them, or give its "
        "code as facets.registration.residence_code."
    )
    raise unwritable("/addresses", "municipality", message)


def kinship(report: Report) -> str:
    """Give the code of what a child is to an adult of the party.

    :raises Unwritable: if nothing tells, or what was noted is no code.
    """
    guest = report.guest
    given = guest.value(KINSHIP_KEY)
    if given is not None:
        if given not in ES_KINSHIPS:
            message = f"{KINSHIP_KEY} must be one of {', '.join(ES_KINSHIPS.codes)}."
            raise unwritable("/stay/details/values", "kinship", message)
        return given
    adults = {g.id for g in report.party.guests if g.is_adult}
    kinds = [kind for id, kind in guest.kin.items() if id in adults and kind in _KIN]
    if not kinds:
        message = (
            "How the child is related to an adult of the party is missing: add the relationship, "
            f"or {KINSHIP_KEY} to the details of the stay."
        )
        raise unwritable("/relationships", "kinship", message)
    return _KIN[min(kinds, key=list(_KIN).index)]


# ---- needs


def _is_spanish(guest: Guest) -> bool:
    return guest.proof is not None and document_type(guest.proof) in ("NIF", "NIE")


def _has_nif(guest: Guest) -> bool:
    return guest.proof is not None and document_type(guest.proof) == "NIF"


NEEDS = (
    LAST_NAME,
    FIRST_NAME,
    Need(
        "/second_last_name",
        "second-last-name",
        "The second surname is missing, which is needed with a NIF.",
        lambda g: g.name.second_last_name,
        when=_has_nif,
    ),
    Need(
        "/documents",
        "document",
        "An identity document with its number is missing.",
        lambda g: g.proof,
        when=is_adult,
    ),
    Need(
        "/documents",
        "document-support",
        "The support number of the card is missing, which is needed with a NIF or NIE.",
        lambda g: g.proof is not None and g.proof.support_number,
        when=_is_spanish,
    ),
    BIRTH_DATE,
    NATIONALITY,
    Need("/sex", "sex", "The sex is missing.", lambda g: g.sex in SEXES),
    Need("/addresses", "street", "The street of the address is missing.", lambda g: g.street),
    Need("/addresses", "town", "The town of the address is missing.", lambda g: g.town),
    Need("/addresses", "postcode", "The postcode is missing.", lambda g: g.postal_code),
    Need(
        "/addresses",
        "country",
        "The country of the address is missing.",
        lambda g: g.home_country,
    ),
    Need(
        "/phones",
        "contact",
        "A telephone number or an e-mail address is missing.",
        lambda g: g.phone or g.email,
        when=is_adult,
    ),
    ARRIVAL,
    DEPARTURE,
)
