"""Stays and files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from kit import P1, P2, PNG, Clock, open_engine

from profilecore import (
    Engine,
    InvalidProfile,
    NotFound,
    PluginError,
    ScopeDenied,
    Stay,
    hookimpl,
)
from profilecore.model import StayStatus

BOOKED = {
    "property_id": "P1",
    "reference": "17",
    "arrival": "2026-05-01",
    "departure": "2026-05-04",
}


@pytest.fixture
def guest(each_engine: Engine) -> str:
    return each_engine.create({"last_name": "García"}).id


def paths(error: pytest.ExceptionInfo[InvalidProfile]) -> list[str]:
    return [p.path for p in error.value.problems]


def test_a_stay_is_recorded_with_its_nights(each_engine: Engine, guest: str) -> None:
    stay = each_engine.record_stay(guest, BOOKED)
    assert (stay.profile_id, stay.nights, stay.status) == (guest, 3, StayStatus.CONFIRMED)
    assert each_engine.stays(guest) == [stay]
    assert each_engine.changes().items[-1].subject == stay.id


def test_the_same_booking_again_updates_the_stay(
    each_engine: Engine, guest: str, clock: Clock
) -> None:
    first = each_engine.record_stay(guest, BOOKED | {"status": "in_house"})
    events = len(each_engine.changes().items)
    clock.move(days=1)
    assert each_engine.record_stay(guest, BOOKED) == first
    assert len(each_engine.changes().items) == events
    longer = each_engine.record_stay(
        guest, {"property_id": "P1", "reference": "17", "departure": date(2026, 5, 9)}
    )
    assert (longer.id, longer.version, longer.nights) == (first.id, 2, 8)
    assert (longer.arrival, longer.status) == (first.arrival, StayStatus.IN_HOUSE)
    assert each_engine.stays(guest) == [longer]


def test_a_stay_cannot_end_before_it_began_also_in_two_steps(
    each_engine: Engine, guest: str
) -> None:
    for given in (BOOKED | {"departure": "2026-04-30"},):
        with pytest.raises(InvalidProfile) as refused:
            each_engine.record_stay(guest, given)
        assert paths(refused) == ["/departure"]
    each_engine.record_stay(guest, BOOKED)
    with pytest.raises(InvalidProfile) as refused:
        each_engine.record_stay(
            guest, {"property_id": "P1", "reference": "17", "departure": "2026-04-30"}
        )
    assert paths(refused) == ["/departure"]


def test_another_property_or_number_is_another_stay(each_engine: Engine, guest: str) -> None:
    made = {
        each_engine.record_stay(guest, BOOKED | more).id
        for more in ({}, {"property_id": "P2"}, {"reference": "18"}, {"reference": None})
    }
    assert len(made | {each_engine.record_stay(guest, BOOKED | {"reference": None}).id}) == 5


def test_stays_come_by_arrival_and_undated_ones_last(engine: Engine) -> None:
    guest = engine.create({"last_name": "x"}).id
    for arrival in (None, "2026-05-02", "2026-05-01", None):
        engine.record_stay(guest, {"property_id": "P1", "arrival": arrival})
    arrivals = [s.arrival and s.arrival.day for s in engine.stays(guest)]
    assert arrivals == [1, 2, None, None]


def test_problems_of_a_stay_come_at_once(engine: Engine) -> None:
    guest = engine.create({"last_name": "x"}).id
    with pytest.raises(InvalidProfile) as refused:
        engine.record_stay(
            guest, {"arrival": "2026-02-30", "adults": -1, "status": "lost", "id": "mine"}
        )
    assert set(paths(refused)) == {"/arrival", "/adults", "/status", "/id", "/property_id"}
    assert engine.stays(guest) == []


def test_a_stay_object_means_the_same_as_a_mapping(engine: Engine) -> None:
    guest = engine.create({"last_name": "x"}).id
    given = Stay(property_id="P1", reference="17", arrival=date(2026, 5, 1))
    stay = engine.record_stay(guest, given)
    again = engine.record_stay(
        guest, {"property_id": "P1", "reference": "17", "arrival": "2026-05-01"}
    )
    assert again == stay


def test_stays_of_the_host_are_given_beside_the_recorded_ones() -> None:
    class Host:
        name = "host"

        @hookimpl
        def profilecore_register_stays(self, register: Callable[[Any], None]) -> None:
            register(lambda ids: [Stay(id="h", profile_id=ids[0], property_id="P9", arrival=FIRST)])

    engine = open_engine(plugins=[Host()])
    guest = engine.create({"last_name": "x"}).id
    own = engine.record_stay(guest, BOOKED)
    assert [s.id for s in engine.stays(guest)] == ["h", own.id]


def test_a_source_of_stays_that_fails_is_named_without_what_it_said() -> None:
    def unreachable(ids: Any) -> list[Stay]:
        raise TimeoutError("of García")

    class Host:
        name = "host"

        @hookimpl
        def profilecore_register_stays(self, register: Callable[[Any], None]) -> None:
            register(unreachable)

    engine = open_engine(plugins=[Host()])
    guest = engine.create({"last_name": "García"}).id
    with pytest.raises(PluginError, match="source of stays") as failed:
        engine.stays(guest)
    assert "García" not in str(failed.value)


FIRST = date(2026, 1, 1)


# ---- files


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7", "application/pdf"),
        (b"BM\x00", "image/bmp"),
        (b"GIF87a", "image/gif"),
        (b"GIF89a", "image/gif"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (PNG, "image/png"),
        (b"II*\x00", "image/tiff"),
        (b"MM\x00*", "image/tiff"),
    ],
)
def test_a_file_is_told_by_its_content(engine: Engine, content: bytes, kind: str) -> None:
    guest = engine.create({"last_name": "x"}).id
    file = engine.attach(guest, "scan.exe", content)
    assert (file.content_type, file.size) == (kind, len(content))
    assert engine.read_file(file.id) == content


@pytest.mark.parametrize("content", [b"", b"MZ\x90", b"<html>", b"#!/bin/sh", b"%PD"])
def test_other_content_is_refused(engine: Engine, content: bytes) -> None:
    guest = engine.create({"last_name": "x"}).id
    with pytest.raises(InvalidProfile) as refused:
        engine.attach(guest, "scan.pdf", content)
    assert paths(refused) == ["/content"]
    assert engine.files(guest) == []


def test_a_file_may_be_as_large_as_the_limit() -> None:
    engine = open_engine(config={"profilecore": {"file_limit": 20}})
    guest = engine.create({"last_name": "x"}).id
    engine.attach(guest, "a.png", PNG.ljust(20))
    with pytest.raises(InvalidProfile):
        engine.attach(guest, "a.png", PNG.ljust(21))


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("passport.png", "passport.png"),
        ("/etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("C:\\Users\\x\\a b.png", "a b.png"),
        ("../.hidden", ".hidden"),
    ],
)
def test_a_file_name_never_becomes_a_path(engine: Engine, given: str, kept: str) -> None:
    guest = engine.create({"last_name": "x"}).id
    assert engine.attach(guest, given, PNG).name == kept


@pytest.mark.parametrize("name", ["", "dir/", "..", "a/..", ".", "x\x00.png", "x" * 256])
def test_a_name_that_names_no_file_is_refused(engine: Engine, name: str) -> None:
    guest = engine.create({"last_name": "x"}).id
    with pytest.raises(InvalidProfile) as refused:
        engine.attach(guest, name, PNG)
    assert paths(refused) == ["/name"]


def test_a_detached_file_is_gone(each_engine: Engine, guest: str) -> None:
    file = each_engine.attach(guest, "a.png", PNG)
    each_engine.detach(file.id)
    assert each_engine.files(guest) == []
    for gone in (each_engine.read_file, each_engine.detach):
        with pytest.raises(NotFound):
            gone(file.id)
    types = [e.type for e in each_engine.changes().items]
    assert types == ["profile.created", "file.attached", "file.detached"]


def test_a_file_of_a_property_exists_for_it_alone(each_engine: Engine, guest: str) -> None:
    with each_engine.acting(P1):
        file = each_engine.attach(guest, "a.png", PNG, property_id="P1")
        with pytest.raises(ScopeDenied):
            each_engine.attach(guest, "a.png", PNG, property_id="P2")
    with each_engine.acting(P2):
        assert each_engine.files(guest) == []
        for gone in (each_engine.read_file, each_engine.detach):
            with pytest.raises(NotFound):
                gone(file.id)
    assert each_engine.read_file(file.id) == PNG
