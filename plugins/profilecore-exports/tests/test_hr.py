"""Croatia: check-ins and check-outs of eVisitor, and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest
from exports_kit import DEPARTURE, EVENING, HANS, TIMES, P, World

from profilecore_exports import read_answer

Shared = Callable[[str], Path]
LATER = EVENING.replace(day=DEPARTURE.day)


def test_a_check_in_is_that_of_the_worked_sample(world: World, shared: Shared) -> None:
    world.stay(world.guest(HANS, emails=[]), details=TIMES)
    run = world.export("hr.evisitor")
    made = msgspec.json.decode(world.contents(run)[0])
    worked = msgspec.json.decode(shared("samples/HR/worked-CheckInTourist.json").read_bytes())
    assert len(made.pop("ID")) == len(worked.pop("ID"))
    assert made == worked
    assert list(made) == list(worked)


def test_an_import_is_that_of_the_worked_sample(world: World, shared: Shared) -> None:
    world.stay(world.guest(HANS, emails=[]), details=TIMES)
    made = msgspec.json.decode(world.contents(world.export("hr.evisitor-import"))[0])
    worked = msgspec.json.decode(shared("samples/HR/worked-ImportTourists.json").read_bytes())

    def rows(given: Any) -> list[tuple[str, str | None]]:
        (guest,) = ElementTree.fromstring(given["Xml"])
        return [(e.tag, e.text) for e in guest if e.tag != "ID"]

    assert made["Register"] is True
    assert rows(made) == rows(worked)


def test_a_check_out_and_an_edit_have_the_id_of_the_check_in(world: World) -> None:
    stay = world.stay(world.guest(HANS), details=TIMES)
    first = msgspec.json.decode(world.contents(world.export("hr.evisitor"))[0])
    world.engine.update(stay.profile_id, {"birth_place": "Bonn"})
    run = world.export("hr.evisitor", now=LATER)
    made = [msgspec.json.decode(content) for content in world.contents(run)]
    assert {each["ID"] for each in made} == {first["ID"]}
    assert made[0]["CityOfBirth"] == "Bonn"
    assert made[1] == {"ID": first["ID"], "CheckOutDate": "20261123", "CheckOutTime": "11:00"}


@pytest.mark.parametrize(
    ("changes", "details", "code"),
    [
        ({"country_of_residence": "US"}, TIMES, "border"),
        ({"country_of_residence": "HR"}, TIMES, "place"),
        ({}, {}, "arrived-at"),
        ({"documents": [{"type": "other", "number": "X1", "country": "DE"}]}, TIMES,
         "document-type"),
        ({}, TIMES | {"values": {"hr.evisitor.category": "3"}}, "category"),
    ],
)  # fmt: skip
def test_what_evisitor_needs_besides_is_asked(
    world: World, changes: dict[str, Any], details: dict[str, Any], code: str
) -> None:
    world.stay(world.guest(HANS, **changes), details=details)
    assert world.codes(world.export("hr.evisitor")) == [[code]]


def test_the_tax_category_goes_by_age(world: World) -> None:
    for birth in ("2017-05-09", "2010-01-01", "1985-07-02"):
        world.stay(world.guest(HANS, birth_date=birth), details=TIMES)
    made = [msgspec.json.decode(c) for c in world.contents(world.export("hr.evisitor"))]
    assert sorted(each["TTPaymentCategory"] for each in made) == ["1", "14", "2"]


def test_evisitor_accepts_with_silence_and_a_cancelled_stay_is_taken_back(world: World) -> None:
    stay = world.stay(world.guest(HANS), details=TIMES)
    world.export("hr.evisitor")
    form = world.format("hr.evisitor")
    assert [j.accepted for j in read_answer(world.engine, form, b"").judged] == [True]
    off = {"property_id": P, "reference": stay.reference, "status": "no_show"}
    world.engine.record_stay(stay.profile_id, off)
    (file,) = (run := world.export("hr.evisitor")).files
    assert (file.kind, file.name.partition("_")[0]) == ("cancellation", "CancelTouristCheckIn")
    assert set(msgspec.json.decode(world.contents(run)[0])) == {"ID", "Reason"}
