"""The fields that matching knows, and which columns of a file go to them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from profilecore_duplicates.faults import InputRefused

# The names that people give to columns, by field.  Case, blanks, "-" and "_" do not count.
COLUMNS: dict[str, tuple[str, ...]] = {
    "id": ("id", "record_id", "rec_id", "unique_id", "profile_id", "guest_id", "customer_id"),
    "first_name": (
        "first_name", "given_name", "forename", "firstname", "givenname", "first", "fname",
        "given_names", "first_names", "vorname", "prenom", "nombre", "nome",
    ),
    "last_name": (
        "last_name", "surname", "family_name", "lastname", "last", "lname", "nachname", "nom",
        "apellido", "apellidos", "cognome",
    ),
    "second_last_name": ("second_last_name", "second_surname", "apellido2", "surname2"),
    "middle_name": ("middle_name", "middlename", "second_name"),
    "full_name": ("full_name", "name", "fullname", "guest_name", "customer_name"),
    "birth_date": (
        "birth_date", "dob", "date_of_birth", "birthdate", "birthday", "born", "geburtsdatum",
        "fecha_nacimiento", "birth",
    ),
    "email": ("email", "e_mail", "email_address", "mail"),
    "phone": ("phone", "telephone", "phone_number", "mobile", "tel", "mobile_phone", "cell"),
    "address": (
        "address", "street", "address_1", "address1", "address_line_1", "street_name", "line1",
        "street_address", "addr",
    ),
    "house": ("street_number", "house", "house_number", "house_no", "number"),
    "address_2": ("address_2", "address2", "address_line_2", "line2"),
    "city": ("city", "suburb", "town", "place", "locality", "ort", "ville", "ciudad"),
    "postcode": ("postcode", "zip", "zip_code", "postal_code", "zipcode", "post_code", "plz"),
    "state": ("state", "province", "region", "subdivision"),
    "country": ("country", "country_code", "nationality"),
    "document": (
        "document", "doc_no", "document_number", "soc_sec_id", "ssn", "passport", "passport_no",
        "passport_number", "id_number", "national_id", "document_no", "tax_id",
    ),
    "document_type": ("document_type", "doc_type"),
    "document_country": ("document_country", "doc_country", "issuing_country"),
}  # fmt: skip
# What tells people apart; a file needs at least one such column.
TELLING = frozenset(COLUMNS) - {
    "id", "house", "address_2", "state", "country", "document_type", "document_country",
}  # fmt: skip


def _plain(name: str) -> str:
    return re.sub(r"[\s_.-]+", "", name).lower()


def map_columns(columns: Iterable[str], given: Mapping[str, str | None]) -> dict[str, str]:
    """Say which column goes to which field, as ``{field: column}``.

    ``given`` goes before the names; a column given ``None`` goes nowhere.  Of several columns
    with names of one field the one that stands first in the field's list is taken.

    :raises InputRefused: a given column is not there, a given field is unknown, two columns are
        given to one field, or no column tells people apart.
    """
    present = list(columns)
    mapped = _given(present, given)
    free = {_plain(c): c for c in reversed(present) if c not in given}
    for field, names in COLUMNS.items():
        found = next((free[p] for n in names if (p := _plain(n)) in free), None)
        if field not in mapped and found is not None:
            mapped[field] = found
    if not TELLING & set(mapped):
        raise InputRefused(
            "no-usable-column",
            "No column tells people apart by its name; say what a column holds with "
            f"--map COLUMN=FIELD. The fields are: {', '.join(sorted(COLUMNS))}.",
        )
    return mapped


def _given(present: list[str], given: Mapping[str, str | None]) -> dict[str, str]:
    mapped: dict[str, str] = {}
    for column, field in given.items():
        if column not in present:
            raise InputRefused(
                "no-such-column", f"There is no column {column}; it has: {', '.join(present)}."
            )
        if field is None:
            continue
        if field not in COLUMNS:
            raise InputRefused(
                "no-such-field", f"{field} is no field; there are: {', '.join(sorted(COLUMNS))}."
            )
        if field in mapped:
            raise InputRefused("field-given-twice", f"Two columns are mapped to {field}.")
        mapped[field] = column
    return mapped
