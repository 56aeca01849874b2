"""The day and the time of an arrival: the stay's own, or the one noted with the time."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from exports_kit import BOOKED, HANS, World

from profilecore import InvalidProfile
from profilecore_exports import record_details

NIGHT = {"arrived_at": "2026-11-21T00:30"}
FULL = {"start": date(2026, 11, 20), "end": date(2026, 11, 20)}


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("es.ses-hospedajes", b"<fechaEntrada>2026-11-21T00:30:00</fechaEntrada>"),
        ("hr.evisitor", b'"StayFrom":"20261121","TimeStayFrom":"00:30"'),
        ("it.alloggiati", b"1621/11/202602MUSTER"),
        ("it.ross1000", b"<data>20261121</data>"),
        ("pt.siba", b"<Data_Entrada>2026-11-21T00:00:00</Data_Entrada>"),
        ("si.eturizem", b'casPrihoda="2026-11-21T00:30:00"'),
    ],
)
def test_a_guest_who_came_after_midnight_is_reported_of_that_day(
    world: World, name: str, written: bytes
) -> None:
    world.stay(world.guest(HANS), details=BOOKED | NIGHT)
    assert written in world.contents(world.export(name, **FULL))[0]


def test_the_later_parts_of_a_long_stay_begin_on_their_own_days(world: World) -> None:
    world.stay(world.guest(HANS), departure="2027-01-10", details=NIGHT)
    days = {"end": date(2026, 12, 31), "now": datetime(2027, 1, 5, 12, tzinfo=UTC)}
    lines = world.contents(world.export("it.alloggiati", **days))[0].split(b"\r\n")
    assert [line[2:14] for line in lines] == [b"21/11/202630", b"20/12/202621"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("16:05", "16:05"),
        ("9:05:30", "09:05"),
        (" 2026-11-21 0:30 ", "2026-11-21T00:30"),
        ("2026-11-19T23:50", "2026-11-19T23:50"),
    ],
)
def test_a_time_is_kept_in_one_form_with_its_day_or_without(
    world: World, given: str, kept: str
) -> None:
    stay = world.stay(world.guest(HANS))
    assert record_details(world.engine, stay.id, {"arrived_at": given}).arrived_at == kept


@pytest.mark.parametrize(
    "given",
    ["2026-11-31T10:00", "2026-11-21", "2026-11-21T25:00", "2025-11-21T00:30", "2026-11-24T00:30"],
)
def test_a_day_that_is_none_or_not_of_the_stay_is_refused(world: World, given: str) -> None:
    stay = world.stay(world.guest(HANS))
    with pytest.raises(InvalidProfile, match="arrived_at"):
        record_details(world.engine, stay.id, {"arrived_at": given})
