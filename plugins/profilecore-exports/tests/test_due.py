"""Who is due: stays that were moved, bookings, guests of two stays, and departures."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from exports_kit import ARRIVAL, DEPARTURE, EVENING, HANS, LUCIA, TIMES, P, World

from profilecore import Stay
from profilecore_exports import Choice

LATER = {"arrival": "2027-03-01", "departure": "2027-03-03"}
RH = "es.ses-hospedajes-rh"
AFTER = EVENING + timedelta(days=6)


def correct(world: World, stay: Stay, **values: Any) -> None:
    given = {"property_id": P, "reference": stay.reference}
    world.engine.record_stay(stay.profile_id, given | values)


# ---- stays that were moved after their report


def test_a_stay_that_was_moved_and_called_off_is_taken_back(world: World) -> None:
    hans = world.guest(HANS)
    stay = world.stay(hans)
    world.export("si.eturizem")
    correct(world, stay, **LATER, status="cancelled")
    run = world.export("si.eturizem", now=AFTER)
    assert [file.kind for file in run.files] == ["cancellation"]
    assert [entry.stage.value for entry in world.entries(hans)] == ["cancelled"]
    assert world.export("si.eturizem", now=AFTER).counts == {}


def test_a_stay_that_was_moved_out_of_the_days_is_corrected(world: World) -> None:
    hans = world.guest(HANS)
    stay = world.stay(hans)
    world.export("si.eturizem")
    correct(world, stay, arrival="2026-11-18")
    assert world.export("si.eturizem", now=AFTER).counts == {"corrected": 1, "late": 1}
    assert [entry.day for entry in world.entries(hans)] == [date(2026, 11, 18)]
    assert world.export("si.eturizem", now=AFTER).counts == {}


@pytest.mark.parametrize("name", ["si.eturizem", "it.alloggiati"])
def test_who_has_not_arrived_after_all_is_taken_back_or_told(world: World, name: str) -> None:
    hans = world.guest(HANS)
    stay = world.stay(hans)
    world.export(name)
    correct(world, stay, **LATER)
    run = world.export(name, now=AFTER)
    if name == "si.eturizem":
        assert run.counts == {"cancelled": 1, "not_yet": 1}
        arrived = {"start": date(2027, 3, 1), "end": date(2027, 3, 1)}
        now = EVENING.replace(year=2027, month=3, day=1)
        assert world.export(name, now=now, **arrived).counts == {"reported": 1}
    else:
        assert [(c.guest_id, c.why) for c in run.changed] == [(hans.id, "moved")]


def test_a_stay_of_another_property_or_format_is_not_looked_for(world: World) -> None:
    stay = world.stay(world.guest(HANS))
    world.export("si.eturizem")
    correct(world, stay, **LATER)
    assert world.export("pt.siba", now=AFTER).counts == {}
    assert world.export("si.eturizem", now=AFTER, start=date(2026, 11, 21)).counts == {}


def test_an_entry_from_before_the_day_was_kept_is_read(world: World) -> None:
    from profilecore.codec import Codec
    from profilecore_exports.register import Entry, SentFile

    codec = Codec()
    assert codec.load(Entry, b'{"id":"a","format":"si.eturizem"}').day is None
    file = codec.load(
        SentFile,
        b'{"id":"a","format":"f","property_id":"P1","name":"n","checksum":"c","kind":"report",'
        b'"written_at":"2026-11-20T18:05:00+00:00","by":"desk"}',
    )
    assert (file.days, file.references, file.keys) == ((), (), [])


@pytest.mark.parametrize("name", ["pt.siba", "it.alloggiati", "es.ses-hospedajes-rh"])
def test_a_run_may_ask_for_all_days_that_there_are(world: World, name: str) -> None:
    details = {"payment": "card", "contracted_on": ARRIVAL}
    world.stay(world.guest(HANS), details=details)
    assert world.export(name, start=date.min, end=date.max).counts == {"reported": 1}
    assert world.export(name, start=date.min, end=date.max).counts == {"already": 1}


# ---- bookings


def test_two_bookings_of_one_guest_on_one_day_are_both_reported(world: World) -> None:
    lucia = world.guest(LUCIA)
    booked = {"booked_at": "2026-11-20T10:00:00+00:00", "details": {"payment": "card"}}
    world.stay(lucia, arrival="2026-12-01", departure="2026-12-04", **booked)
    world.stay(lucia, arrival="2026-12-10", departure="2026-12-12", **booked)
    run = world.export(RH)
    assert run.counts == {"reported": 2}
    assert world.contents(run)[0].count(b"<comunicacion>") == 2
    assert world.export(RH).counts == {"already": 2}


def test_a_stay_is_booked_on_the_day_of_its_contract_where_nothing_else_tells(
    world: World,
) -> None:
    lucia = world.guest(LUCIA)
    agreed = {"payment": "card", "contracted_on": ARRIVAL}
    world.stay(lucia, arrival="2026-12-01", departure="2026-12-04", details=agreed)
    run = world.export(RH)
    assert run.counts == {"reported": 1}
    assert b"<fechaContrato>2026-11-20</fechaContrato>" in world.contents(run)[0]
    assert [entry.day for entry in world.entries(lucia)] == [ARRIVAL]
    assert world.export(RH, start=date(2026, 11, 21)).counts == {}
    assert world.export("es.ses-hospedajes").counts == {}


# ---- guests of two stays


@pytest.mark.parametrize("name", ["pt.siba", "hr.evisitor"])
def test_who_was_reported_alone_stays_there_when_named_in_a_larger_party(
    world: World, name: str
) -> None:
    hans, lucia = world.guest(HANS), world.guest(HANS, first_name="Lucia")
    alone = world.stay(hans, details=TIMES)
    world.export(name, end=ARRIVAL)
    world.stay(lucia, hans, details=TIMES)
    assert world.export(name, end=ARRIVAL).counts == {"already": 1, "reported": 1}
    departed = world.export(name, now=AFTER)
    assert departed.counts.get("reported", 0) == (2 if name == "hr.evisitor" else 0)
    assert {entry.stay_id for entry in world.entries(hans)} == {alone.id}


def test_who_was_reported_alone_goes_with_the_party_once_the_own_stay_is_called_off(
    world: World,
) -> None:
    hans, lucia = world.guest(HANS), world.guest(LUCIA)
    alone = world.stay(hans)
    world.export("si.eturizem")
    world.stay(lucia, hans)
    correct(world, alone, status="cancelled")
    assert world.export("si.eturizem").counts == {"cancelled": 1, "reported": 2}
    assert world.export("si.eturizem").counts == {"already": 2}


# ---- departures of a format that ends the record of the arrival

HR = "hr.evisitor"


def kinds(world: World, name: str = HR, **more: Any) -> list[str]:
    """Give what each file of a run asks for, by the first word of its name."""
    return [file.name.partition("_")[0] for file in world.export(name, **more).files]


def test_a_departure_goes_only_after_its_arrival(world: World) -> None:
    hans = world.guest(HANS, documents=[])
    world.stay(hans, details=TIMES)
    run = world.export(HR, now=AFTER)
    assert run.files == ()
    assert world.codes(run) == [["document"], ["document"]]
    world.engine.update(hans.id, {"documents": HANS["documents"]})
    departing = world.export(HR, start=DEPARTURE, now=AFTER)
    assert departing.files == ()
    assert world.codes(departing) == [["arrival-unreported"]]
    assert kinds(world, now=AFTER) == ["CheckInTourist", "CheckOutTourist"]


def test_a_departure_goes_where_its_arrival_went_before(world: World) -> None:
    world.stay(world.guest(HANS), details=TIMES)
    assert kinds(world, end=ARRIVAL) == ["CheckInTourist"]
    assert kinds(world, start=DEPARTURE, now=AFTER) == ["CheckOutTourist"]


def test_a_departure_can_go_alone_where_the_desk_says_so(world: World) -> None:
    world.stay(world.guest(HANS), details=TIMES)
    choices = {"arrival-unreported": Choice.IGNORE}
    alone = kinds(world, start=DEPARTURE, now=AFTER, choices=choices)
    assert alone == ["CheckOutTourist"]
    assert world.export(HR, start=DEPARTURE, now=AFTER).counts == {"already": 1}


@pytest.mark.parametrize("end", [ARRIVAL, DEPARTURE])
def test_a_departure_is_taken_back_before_its_arrival(world: World, end: date) -> None:
    stay = world.stay(world.guest(HANS), world.guest(HANS), details=TIMES)
    world.export(HR, now=AFTER)
    correct(world, stay, status="cancelled")
    assert kinds(world, now=AFTER, end=end) == [
        "CancelTouristCheckOut",
        "CancelTouristCheckOut",
        "CancelTouristCheckIn",
        "CancelTouristCheckIn",
    ]
    assert world.export(HR, now=AFTER).files == ()
