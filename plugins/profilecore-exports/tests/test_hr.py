"""Croatia: check-ins and check-outs of eVisitor, and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest
from exports_kit import DEPARTURE, EVENING, HANS, TIMES, P, World

from profilecore_exports import ExportRefused, read_answer, record_details

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


@pytest.mark.parametrize("name", ["hr.evisitor", "hr.evisitor-import"])
@pytest.mark.parametrize(
    ("stay", "details"), [({"arrival": "2026-11-19"}, {}), ({}, {"arrived_at": "18:00"})]
)
def test_an_arrival_that_was_moved_is_no_edit_but_left_to_a_person(
    world: World, name: str, stay: dict[str, Any], details: dict[str, Any]
) -> None:
    days = {"start": date(2026, 11, 19), "end": date(2026, 11, 20)}
    made = world.stay(world.guest(HANS), details=TIMES)
    world.export(name, **days)
    given = {"property_id": P, "reference": made.reference} | stay
    world.engine.record_stay(made.profile_id, given)
    record_details(world.engine, made.id, details)
    run = world.export(name, **days)
    assert (run.files, run.counts) == ((), {})
    assert [(c.why, c.do[:44]) for c in run.changed] == [
        ("edited", "The authority takes no change of this: cance")
    ]


@pytest.mark.parametrize("times", [("16:05", "11:00"), ("16:05", "16:05")])
def test_a_departure_that_is_not_after_the_arrival_is_not_written(
    world: World, times: tuple[str, str]
) -> None:
    details = dict(zip(("arrived_at", "departs_at"), times, strict=True))
    world.stay(world.guest(HANS), departure="2026-11-20", details=details)
    run = world.export("hr.evisitor")
    assert (run.files, world.codes(run)) == ((), [["departure"], ["departure"]])


def test_the_usual_times_of_the_house_are_compared_as_times(
    make_world: Callable[..., World],
) -> None:
    house = {"facility": "1", "document_types": {"passport": "027"}}
    times = {"check_in": "9:00", "check_out": "10:00"}
    world = make_world(**{"exports-hr": {"properties": {P: house | times}}})
    world.stay(world.guest(HANS), departure="2026-11-20")
    assert world.export("hr.evisitor").counts == {"reported": 2}


def test_a_name_in_capitals_is_cut_to_what_the_field_holds(world: World) -> None:
    world.stay(world.guest(HANS, last_name="ß" * 60), details=TIMES)
    made = msgspec.json.decode(world.contents(world.export("hr.evisitor"))[0])
    assert made["TouristSurname"] == "S" * 64


@pytest.mark.parametrize("text", ['"Error"', '[{"UserMessage":"x"}]', "null", "1", "false"])
def test_an_answer_of_evisitor_that_says_nothing_known_is_no_verdict(
    world: World, text: str
) -> None:
    world.stay(world.guest(HANS), details=TIMES)
    world.export("hr.evisitor")
    with pytest.raises(ExportRefused) as refused:
        read_answer(world.engine, world.format("hr.evisitor"), text.encode())
    assert refused.value.reason == "no-verdict"


def test_evisitor_may_accept_in_a_word(world: World) -> None:
    world.stay(world.guest(HANS), details=TIMES)
    world.export("hr.evisitor")
    answered = read_answer(world.engine, world.format("hr.evisitor"), b"true")
    assert [j.accepted for j in answered.judged] == [True]


def test_a_check_out_has_the_id_of_the_check_in_of_a_guest_who_was_merged(world: World) -> None:
    hans, other = world.guest(HANS), world.guest(HANS)
    world.stay(hans, details=TIMES)
    first = msgspec.json.decode(world.contents(world.export("hr.evisitor"))[0])
    world.engine.merge(world.engine.plan_merge(other.id, [hans.id]))
    (content,) = world.contents(world.export("hr.evisitor", now=LATER))
    assert msgspec.json.decode(content)["ID"] == first["ID"]
