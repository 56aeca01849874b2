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
from profilecore_exports import ExportRefused, read_answer, record_details
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


def judged(world: World, text: str) -> list[tuple[bool, str]]:
    for guest in (HANS, LUCIA):
        world.stay(world.guest(guest))
    world.export("si.eturizem")
    answered = read_answer(world.engine, world.format("si.eturizem"), text.encode())
    return [(j.accepted, j.text) for j in answered.judged]


@pytest.mark.parametrize(
    "text",
    [
        '<a failure="1" packageGuid="g"><r rowPackageId="2" msgTxt="Napaka"/></a>',
        '{"data":{"@success":"1","row":[{"@id":"2","@msg":"7","@msgTxt":"Napaka"}]}}',
    ],
)
def test_ajpes_refuses_rows_by_their_place(world: World, text: str) -> None:
    assert judged(world, text) == [(True, ""), (False, "Napaka")]


def test_ajpes_takes_nothing_where_it_tells_no_success(world: World) -> None:
    text = '{"data":{"@success":"0","row":[{"@id":"2","@msg":"7","@msgTxt":"Napaka"}]}}'
    assert judged(world, text) == [(False, ""), (False, "Napaka")]


@pytest.mark.parametrize(
    "text",
    [
        '<Root failure="2" packageGuid="x" time="t"/>',
        '<Root failure="2"><row rowPackageId="2" msgTxt="Napaka"/></Root>',
        '<Root failure="many"/>',
        '{"data":{"@success":"0"}}',
        '{"data":{}}',
    ],
)
def test_an_answer_of_ajpes_that_does_not_say_whom_it_refuses_is_no_verdict(
    world: World, text: str
) -> None:
    with pytest.raises(ExportRefused) as refused:
        judged(world, text)
    assert refused.value.reason == "no-verdict"


@pytest.mark.parametrize(
    ("details", "codes"),
    [
        (TIMES, [["departure"]]),
        ({"arrived_at": "16:05"}, [["departure"]]),
        ({"arrived_at": "10:00", "departs_at": "18:00"}, []),
        ({}, []),
    ],
)
def test_a_departure_before_the_arrival_is_not_written(
    world: World, details: dict[str, Any], codes: list[list[str]]
) -> None:
    world.stay(world.guest(HANS), departure="2026-11-20", details=details)
    assert world.codes(world.export("si.eturizem")) == codes


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


@pytest.mark.parametrize(("first", "last"), [(10, 20), (1, 29), (2, 30)])
def test_part_of_a_month_is_not_reported_as_the_month(world: World, first: int, last: int) -> None:
    days = {"start": date(2026, 11, first), "end": date(2026, 11, last)}
    with pytest.raises(ExportRefused) as refused:
        world.export("si.eturizem-monthly", **days)
    assert refused.value.reason == "whole-months"


def test_a_month_is_reported_again_when_its_figures_are_what_they_were_before(
    world: World,
) -> None:
    month = {"start": date(2026, 11, 1), "end": date(2026, 11, 30)}
    stay = world.stay(world.guest(HANS))
    for rooms in (1, 2, 1):
        record_details(world.engine, stay.id, {"rooms": rooms})
        assert len(world.export("si.eturizem-monthly", **month).files) == 1
        october = {"start": date(2026, 10, 1), "end": date(2026, 10, 31)}
        world.export("si.eturizem-monthly", **october)
        assert world.export("si.eturizem-monthly", **month).counts == {"already": 1}
