"""Profiles as the records that matching compares.

A record has one value a field, a profile may have several: names, e-mail addresses, telephones,
homes, documents.  So a profile is a few records, its *views*: the n-th has the n-th of each
collection, or the first of those that have fewer.  Two profiles weigh what their heaviest two
views weigh.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# What is read of each profile.
FIELDS = (
    "id", "first_name", "middle_name", "last_name", "second_last_name", "alternate_names",
    "birth_date", "emails", "phones", "addresses", "documents", "tax_ids", "country_of_residence",
)  # fmt: skip
# The fields of a record, in an order that tables can rely on.
RECORD = (
    "first_name", "middle_name", "last_name", "second_last_name", "birth_date", "email", "phone",
    "address", "city", "postcode", "state", "country", "document", "document_type",
    "document_country",
)  # fmt: skip
# Beyond it a profile is a collection rather than a person, and costs the square in comparisons.
MAX_VIEWS = 4

Row = Mapping[str, Any]
Record = dict[str, str | None]


def views(row: Row) -> list[Record]:
    """Give the records of a profile's plain fields; always at least one."""
    names = [row, *(row["alternate_names"] or ())]
    emails, phones = _values(row["emails"]), _values(row["phones"])
    homes, papers = row["addresses"] or (), _papers(row)
    count = max(len(names), len(emails), len(phones), len(homes), len(papers), 1)
    made: list[Record] = []
    for at in range(min(count, MAX_VIEWS)):
        name = _at(names, at) or row
        view: Record = {
            "first_name": name.get("first_name"),
            "middle_name": name.get("middle_name"),
            "last_name": name.get("last_name"),
            "second_last_name": name.get("second_last_name"),
            "birth_date": row["birth_date"],
            "email": _at(emails, at),
            "phone": _at(phones, at),
            **_home(_at(homes, at) or {}, row["country_of_residence"]),
            **(_at(papers, at) or {}),
        }
        if view not in made:
            made.append(view)
    return made


def _at(items: Sequence[Any], at: int) -> Any:
    if not items:
        return None
    return items[at] if at < len(items) else items[0]


def _values(items: Sequence[Mapping[str, Any]] | None) -> list[str]:
    # A relay address belongs to a booking site.
    return [item["value"] for item in items or () if not item.get("relay")]


def _home(address: Mapping[str, Any], country: str | None) -> Record:
    lines = [address[line] for line in ("line1", "line2") if address.get(line)]
    return {
        "address": " ".join(lines) or None,
        "city": address.get("city"),
        "postcode": address.get("postal_code"),
        "state": address.get("subdivision"),
        "country": country or address.get("country"),
    }


def _papers(row: Row) -> list[Record]:
    found: list[Record] = [
        {
            "document": paper["number"],
            "document_type": paper["type"],
            "document_country": paper.get("country"),
        }
        for paper in row["documents"] or ()
        if paper.get("number")
    ]
    found += [
        {"document": tax["value"], "document_type": "tax", "document_country": tax.get("country")}
        for tax in row["tax_ids"] or ()
    ]
    return found
