"""Spanish cards: the person's number and the card's own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from profilecore import Engine
from profilecore.model.enums import DocumentType
from profilecore_scanner import Form, Scan, Zone, scan, write

Lines = tuple[str, ...]


def card(number: str, code: str = "ID", issuer: str = "ESP") -> Lines:
    zone = Zone(
        Form.TD1, code, issuer, "BAA000589", "ESP", "800101", "F", "300101",
        primary="ESPANOLA ESPANOLA", secondary="CARMEN", optional=number,
    )  # fmt: skip
    return write(zone)


def test_the_number_is_the_persons_and_the_cards_own_is_its_support(
    reading: Callable[..., Scan],
) -> None:
    lines = card("99999999R")
    assert lines[0] == "IDESPBAA000589599999999R<<<<<<"
    found = reading(*lines)
    assert (found.type, found.number, found.support_number) == (
        DocumentType.DNI,
        "99999999R",
        "BAA000589",
    )
    assert found.is_sound
    assert found.zone.number == "BAA000589"


def test_a_foreigner_has_an_nie(reading: Callable[..., Scan]) -> None:
    found = reading(*card("X2482300W", code="IX"))
    assert (found.type, found.number) == (DocumentType.NIE, "X2482300W")


def test_a_control_letter_that_does_not_hold_is_doubted(reading: Callable[..., Scan]) -> None:
    found = reading(*card("99999999S"))
    assert (found.number, found.support_number) == (None, None)
    assert set(found.doubtful) == {"optional", "number"}
    assert [(f.line, f.position) for f in found.faults] == [(1, 24)]


def test_a_misread_person_number_is_never_replaced_by_the_cards_own(
    reading: Callable[..., Scan],
) -> None:
    first, *rest = card("99999999R")
    found = reading(first.replace("99999999R", "99999990R"), *rest)
    assert (found.number, "number" in found.doubtful) == (None, True)


@pytest.mark.parametrize(("number", "issuer"), [("", "ESP"), ("99999999R", "PRT"), ("12", "ESP")])
def test_other_cards_have_the_number_of_the_standard(
    reading: Callable[..., Scan], number: str, issuer: str
) -> None:
    found = reading(*card(number, issuer=issuer))
    assert (found.type, found.number, found.support_number) == (
        DocumentType.IDENTITY_CARD,
        "BAA000589",
        None,
    )


@pytest.mark.parametrize("kind", ["dni", "identity_card"])
def test_a_guest_is_found_by_the_number_that_was_typed(engine: Engine, kind: str) -> None:
    paper = {"type": kind, "number": "99999999-R", "country": "ES"}
    known = engine.create({"first_name": "Carmen", "last_name": "Española", "documents": [paper]})
    made = scan(engine, card("99999999R"))
    assert made.profile_id == known.id
    (document,) = engine.get(known.id).documents
    assert (document.number, document.support_number) == ("99999999R", "BAA000589")
    assert document.verified
