"""The desk's checklist."""

from __future__ import annotations

from datetime import date

import attrs
import pytest

from profilecore import Email, IdentityDocument, Phone, Profile
from profilecore.model import DocumentType
from profilecore.rules.checks import checklist

TODAY = date(2026, 3, 1)
PASSPORT = IdentityDocument(DocumentType.PASSPORT, number="AB1", expires_on=TODAY)
COMPLETE = Profile(
    first_name="Ana",
    last_name="García",
    documents=(PASSPORT,),
    phones=(Phone("+34600111222"),),
    emails=(Email("a@example.org"),),
    nationalities=("ES",),
    country_of_residence="ES",
    marketing_source="web",
    tags=("vip",),
)


def missing(**changes: object) -> list[str]:
    return [m.code for m in checklist(attrs.evolve(COMPLETE, **changes), TODAY)]


def test_a_complete_profile_lacks_nothing() -> None:
    assert missing() == []


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("first_name", None, "full-name"),
        ("documents", (), "document"),
        ("documents", (IdentityDocument(DocumentType.PASSPORT),), "document"),
        ("documents", (attrs.evolve(PASSPORT, expires_on=date(2026, 2, 28)),), "document-expired"),
        ("phones", (), "phone"),
        ("emails", (), "email"),
        ("emails", (Email("a@guest.booking.com", relay=True),), "email"),
        ("nationalities", (), "nationality"),
        ("country_of_residence", None, "residence"),
        ("marketing_source", None, "source"),
        ("tags", (), "tags"),
    ],
)
def test_each_missing_thing_is_named(field: str, value: object, code: str) -> None:
    assert missing(**{field: value}) == [code]


def test_an_empty_profile_lacks_everything_at_once() -> None:
    found = list(checklist(Profile(), TODAY))
    assert len(found) == 8
    assert {m.supplier for m in found} == {"guest", "desk"}
    assert all(m.path.startswith("/") for m in found)
