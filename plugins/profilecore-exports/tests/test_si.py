"""Slovenia: the guest book and the monthly report of eTurizem, and what AJPES answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from exports_kit import EVENING, HANS, LUCIA, MIA, TIMES, P, World, plain

from profilecore import Engine
from profilecore_exports import read_answer
from profilecore_exports.si import SloveniaPlugin

Validate = Callable[[bytes, str], list[str]]
Shared = Callable[[str], Path]


def test_rows_of_the_guest_book_validate_and_are_those_of_the_sample(
    world: World, shared: Shared, validate: Validate
) -> None:
    passport = {"type": "passport", "number": "C02X00T47", "country": "DE"}
    hans, mia = world.guest(HANS), world.guest(MIA, documents=[passport], birth_date="2021-05-09")
    world.stay(hans, mia, details=TIMES)
    (content,) = world.contents(world.export("si.eturizem"))
    assert validate(content, "schemas/SI/GuestBookSchema.xsd") == []
    made = [e.attrib for e in ElementTree.fromstring(content)]
    worked = ElementTree.parse(shared("samples/SI/worked-knjigaGostov.xml")).getroot()
    first, second = (e.attrib for e in worked)
    assert made[0] == first
    # The tax is the full one, whatever the relief; the departure of the stay is known.
    assert made[1] == second | {"ttVisina": "2.50", "casOdhoda": "2026-11-23T11:00:00"}


def test_an_edit_goes_again_under_its_number_and_new_guests_get_new_ones(
    world: World, validate: Validate
) -> None:
    stay = world.stay(world.guest(HANS))
    world.export("si.eturizem")
    world.engine.update(stay.profile_id, {"first_name": "Johann"})
    world.stay(world.guest(LUCIA))
    (content,) = world.contents(world.export("si.eturizem"))
    assert validate(content, "schemas/SI/GuestBookSchema.xsd") == []
    rows = {e.get("ime"): e.get("zst") for e in ElementTree.fromstring(content)}
    assert rows == {"Johann": "1", "Lucía": "2"}


def test_a_cancelled_stay_is_marked_as_taken_back(world: World, validate: Validate) -> None:
    stay = world.stay(world.guest(HANS))
    world.export("si.eturizem")
    off = {"property_id": P, "reference": stay.reference, "status": "cancelled"}
    world.engine.record_stay(stay.profile_id, off)
    (content,) = world.contents(world.export("si.eturizem"))
    assert validate(content, "schemas/SI/GuestBookSchema.xsd") == []
    (row,) = ElementTree.fromstring(content)
    assert (row.get("zst"), row.get("status")) == ("1", "2")


@pytest.mark.parametrize(
    "wrong", [{"tax": "1E-2"}, {"tax": "2,50"}, {"tax": "NaN"}, {"number": -1}]
)
def test_settings_that_the_schema_would_refuse_are_refused(wrong: dict[str, Any]) -> None:
    config = {"exports-si": {"properties": {P: {"number": 1, "tax": "2.50"} | wrong}}}
    options: Any = {"plugins": [SloveniaPlugin], "discover": False, "config": config}
    with Engine.open("memory://", **options) as engine:
        assert [failure.hook for failure in engine.plugins.failures] == ["config"]


def test_ajpes_takes_no_arrival_from_before_its_register(world: World) -> None:
    world.stay(world.guest(HANS), arrival="2016-12-31", departure="2017-01-02")
    run = world.export("si.eturizem", start=date(2016, 12, 31), end=date(2016, 12, 31))
    assert world.codes(run) == [["arrival"]]


def test_ajpes_takes_no_name_of_one_letter(world: World) -> None:
    world.stay(world.guest(HANS, first_name="X"))
    assert world.codes(world.export("si.eturizem")) == [["name-too-short"]]


@pytest.mark.parametrize(
    "text",
    [
        '<a failure="1" packageGuid="g"><r rowPackageId="2" msgTxt="Napaka"/></a>',
        '{"data":{"@success":"0","row":[{"@id":"2","@msg":"7","@msgTxt":"Napaka"}]}}',
    ],
)
def test_ajpes_refuses_rows_by_their_place(world: World, text: str) -> None:
    for guest in (HANS, LUCIA):
        world.stay(world.guest(guest))
    world.export("si.eturizem")
    judged = read_answer(world.engine, world.format("si.eturizem"), text.encode()).judged
    assert [(j.accepted, j.text) for j in judged] == [(True, ""), (False, "Napaka")]


def test_the_monthly_report_counts_rooms_sold_and_goes_once(
    world: World, shared: Shared, validate: Validate
) -> None:
    for _ in range(14):
        world.stay(world.guest(HANS))
    month = {"start": EVENING.date().replace(day=1), "end": EVENING.date().replace(day=30)}
    (content,) = world.contents(world.export("si.eturizem-monthly", **month))
    assert plain(content) == plain(shared("samples/SI/worked-mesecno.xml").read_bytes())
    assert validate(content, "schemas/SI/GuestBookMRschema.xsd") == []
    assert world.export("si.eturizem-monthly", **month).counts == {"already": 1}
