"""ROSS1000: movements by day, who leads a party, and what was told being taken back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from exports_kit import (
    ARRIVAL,
    DEPARTURE,
    EVENING,
    HANS,
    ITALIAN_STATES,
    MARIA,
    P,
    World,
    plain,
)

from profilecore import Engine, Profile, Stay
from profilecore_exports import Run
from profilecore_exports.it import ItalyPlugin

Shared = Callable[[str], Path]
FORMAT = "it.ross1000"
LATER = EVENING.replace(day=DEPARTURE.day)


def test_statistics_of_italy_are_those_of_the_worked_sample(world: World, shared: Shared) -> None:
    values = {"tipoturismo": "Culturale", "mezzotrasporto": "Auto",
              "canaleprenotazione": "Indiretta web"}  # fmt: skip
    details = {"values": {f"it.ross1000.{name}": value for name, value in values.items()}}
    world.stay(*world.family(), details=details)
    (content,) = world.contents(world.export("it.ross1000", now=LATER))
    made = ElementTree.fromstring(content)
    worked = ElementTree.parse(shared("samples/IT/worked-ross1000.xml")).getroot()
    numbers: dict[str, str] = {}
    for element in made.iter():
        if element.tag in ("idswh", "idcapo") and element.text:
            assert len(element.text) <= 20
            element.text = numbers.setdefault(element.text, str(100001 + len(numbers)))
    days = [movement.findtext("data") for movement in made.findall("movimento")]
    assert days == ["20261120", "20261121", "20261122", "20261123"]
    for movement in made.findall("movimento"):
        if movement.findtext("data") in ("20261121", "20261122"):
            assert movement.findtext("struttura/camereoccupate") == "1"
            made.remove(movement)
    assert plain(ElementTree.tostring(made)) == plain(ElementTree.tostring(worked))


def test_a_closed_property_reports_its_closed_days_with_noughts(
    make_world: Callable[..., World],
) -> None:
    house = {
        "structure": "S",
        "rooms": 10,
        "beds": 20,
        "closed": ["2026-11-01/2026-11-20", "2026-11-22"],
    }
    world = make_world(**{"exports-it": {"properties": {P: house}}})
    world.load("it.stati", ITALIAN_STATES)
    world.stay(world.guest(HANS))
    days = {"start": date(2026, 11, 19), "now": LATER}
    made = ElementTree.fromstring(world.contents(world.export("it.ross1000", **days))[0])
    shown = [[e.text for e in found] for found in made.iter("struttura")]
    assert shown == [
        ["NO", "0", "0", "0"],
        ["SI", "1", "10", "20"],
        ["SI", "1", "10", "20"],
        ["NO", "0", "0", "0"],
        ["SI", "0", "10", "20"],
    ]


@pytest.mark.parametrize("closed", ["November", "2026-11-02/2026-11-01", "2026-02-30"])
def test_days_of_closing_that_are_none_are_refused(closed: str) -> None:
    config = {"exports-it": {"properties": {P: {"closed": [closed]}}}}
    options: Any = {"plugins": [ItalyPlugin], "discover": False, "config": config}
    with Engine.open("memory://", **options) as engine:
        assert [failure.hook for failure in engine.plugins.failures] == ["config"]


# ---- who leads, and what was told


def moved(world: World, run: Run, kind: str) -> list[dict[str, str]]:
    """Give the records of a kind in a run's files, each with the day of its movement."""
    found = []
    for content in world.contents(run):
        for movement in ElementTree.fromstring(content).iter("movimento"):
            for record in movement.iter(kind):
                if len(record):
                    texts = {element.tag: element.text or "" for element in record}
                    found.append(texts | {"data": movement.findtext("data") or ""})
    return found


def again(world: World, stay: Stay, **values: Any) -> None:
    given = {"property_id": P, "reference": stay.reference}
    world.engine.record_stay(stay.profile_id, given | values)


def anna(world: World) -> Profile:
    return world.guest(MARIA, first_name="Anna")


def test_members_point_at_whom_leads_the_party_in_the_file(world: World) -> None:
    head = world.guest(HANS, sex=None)  # incomplete, so that somebody else leads
    world.stay(head, world.guest(MARIA), anna(world))
    lead, member = moved(world, world.export(FORMAT, end=ARRIVAL), "arrivo")
    assert (lead["tipoalloggiato"], lead["idcapo"]) == ("17", "")
    assert (member["tipoalloggiato"], member["idcapo"]) == ("19", lead["idswh"])


def test_members_point_at_the_number_of_a_head_who_was_merged(world: World) -> None:
    head, other = world.guest(HANS), world.guest(HANS)
    world.stay(head, anna(world))
    first = moved(world, world.export(FORMAT, end=ARRIVAL), "arrivo")
    world.engine.merge(world.engine.plan_merge(other.id, [head.id]))
    assert world.export(FORMAT, end=ARRIVAL).counts == {"already": 2}
    lead, member = moved(world, world.export(FORMAT, end=ARRIVAL, again=True), "arrivo")
    assert member["idcapo"] == lead["idswh"] == first[0]["idswh"]


def test_a_departure_has_the_type_and_the_number_of_its_arrival(world: World) -> None:
    maria, other = world.guest(MARIA, sex=None), world.guest(MARIA)
    stay = world.stay(maria, anna(world))
    single = moved(world, world.export(FORMAT, end=ARRIVAL), "arrivo")
    world.engine.update(maria.id, {"sex": "female"})
    late = moved(world, world.export(FORMAT, end=ARRIVAL), "arrivo")
    world.engine.merge(world.engine.plan_merge(other.id, [stay.companions[0]]))
    gone = moved(world, world.export(FORMAT, now=LATER), "partenza")
    assert {r["idswh"]: (r["tipoalloggiato"], r["arrivo"], r["data"]) for r in gone} == {
        r["idswh"]: ("16", "20261120", "20261123") for r in (*single, *late)
    }


def test_a_stay_that_was_moved_is_taken_back_as_it_was_told_and_once(world: World) -> None:
    stay = world.stay(world.guest(MARIA))
    (arrival,) = moved(world, world.export(FORMAT, now=LATER), "arrivo")
    again(world, stay, arrival="2026-11-21", status="cancelled")
    run = world.export(FORMAT, now=LATER)
    assert run.counts == {"cancelled": 2}
    assert moved(world, run, "eliminazione") == [
        {
            "idswh": arrival["idswh"],
            "tipoalloggiato": "16",
            "arrivo": "20261120",
            "data": "20261120",
        }
    ]


def test_the_type_of_whom_was_cleared_since_is_not_known(world: World) -> None:
    hans, stay = world.guest(HANS), world.stay(lead := world.guest(MARIA))
    again(world, stay, companions=[hans.id])
    world.export(FORMAT, end=ARRIVAL)
    again(world, stay, status="no_show")
    world.engine.clear(hans.id)
    taken = moved(world, world.export(FORMAT, end=ARRIVAL), "eliminazione")
    assert sorted(each["tipoalloggiato"] for each in taken) == ["17", "99"]
    assert lead.id == stay.profile_id


def test_an_arrival_that_was_moved_after_it_was_told_is_listed(world: World) -> None:
    stay = world.stay(world.guest(MARIA))
    world.export(FORMAT, end=ARRIVAL)
    again(world, stay, arrival="2026-11-21")
    run = world.export(FORMAT, now=EVENING + timedelta(days=1))
    assert [(c.stay_id, c.why) for c in run.changed] == [(stay.id, "edited")]


def test_who_arrived_before_the_day_of_the_booking_is_in_the_file(world: World) -> None:
    world.stay(world.guest(MARIA), arrival="2026-11-21", status="in_house")
    run = world.export(FORMAT, end=date(2026, 11, 21))
    assert run.counts == {"reported": 1}
    (arrival,) = moved(world, run, "arrivo")
    assert arrival["data"] == "20261121"


def test_days_on_which_nobody_comes_or_goes_are_told_once(world: World) -> None:
    world.stay(world.guest(MARIA), departure="2026-11-25", status="in_house")
    quiet = {"start": date(2026, 11, 21), "end": date(2026, 11, 23)}
    assert world.export(FORMAT, out=None, now=LATER, **quiet).files == ()
    (content,) = world.contents(world.export(FORMAT, now=LATER, **quiet))
    made = ElementTree.fromstring(content)
    assert [m.findtext("data") for m in made.iter("movimento")] == [
        "20261121",
        "20261122",
        "20261123",
    ]
    assert {m.findtext("struttura/camereoccupate") for m in made.iter("movimento")} == {"1"}
    assert world.export(FORMAT, now=LATER, **quiet).counts == {"already": 1}


def test_days_to_come_are_not_told(world: World) -> None:
    quiet = {"start": date(2026, 11, 21), "end": date(2026, 11, 22)}
    assert world.export(FORMAT, **quiet).files == ()
