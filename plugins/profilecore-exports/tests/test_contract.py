"""What holds for every format: the run, the register, merges, clears, retention, scope."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, get_args, get_type_hints

import attrs
import pytest
from exports_kit import (
    ARRIVAL,
    CONFIG,
    DEPARTURE,
    EVENING,
    HANS,
    LUCIA,
    PLUGINS,
    P,
    World,
)

from profilecore import Actor, Engine, Profile, ScopeDenied, Stay, VersionConflict, hookimpl
from profilecore.rules.checks import Check
from profilecore_exports import (
    Choice,
    Deadline,
    ExportRefused,
    Format,
    Guest,
    OutFile,
    Readiness,
    Report,
    Run,
    Setting,
    Trust,
    add_table,
    export,
    record_details,
)
from profilecore_exports.placing import Placing, place
from profilecore_exports.register import sent_files
from profilecore_exports.tables import Tables, TableSpec

FORMAT = "pt.siba"  # sends again under its number
BY_HAND = "it.alloggiati"


def test_nothing_goes_twice_unless_asked(world: World) -> None:
    world.stay(world.guest(HANS))
    assert world.export(FORMAT).counts["reported"] == 1
    again = world.export(FORMAT)
    assert (again.files, again.counts) == ((), {"already": 1})
    assert len(world.export(FORMAT, again=True).files) == 1


def test_a_dry_run_writes_and_registers_nothing(world: World) -> None:
    world.stay(world.guest(HANS))
    run = world.export(FORMAT, out=None)
    assert (run.files, run.counts["reported"]) == ((), 1)
    assert list(sent_files(world.engine.store)) == []
    assert len(world.export(FORMAT).files) == 1


def test_an_edit_is_left_to_a_person_where_the_format_knows_no_correction(world: World) -> None:
    hans = world.guest(HANS)
    world.stay(hans)
    world.export(BY_HAND)
    world.engine.update(hans.id, {"first_name": "Johann"})
    run = world.export(BY_HAND)
    assert run.files == ()
    assert [(c.guest_id, c.why) for c in run.changed] == [(hans.id, "edited")]
    assert not run.is_clean


def test_an_edit_of_something_the_format_does_not_hold_is_no_change(world: World) -> None:
    hans = world.guest(HANS)
    world.stay(hans)
    world.export(FORMAT)
    world.engine.update(hans.id, {"tags": ["vip"], "dietary_requirements": "no nuts"})
    assert world.export(FORMAT).counts == {"already": 1}


def test_a_stay_that_was_cancelled_after_it_was_sent_is_told(world: World) -> None:
    stay = world.stay(world.guest(HANS))
    world.export(BY_HAND)
    off = {"property_id": P, "reference": stay.reference, "status": "cancelled"}
    world.engine.record_stay(stay.profile_id, off)
    assert [c.why for c in world.export(BY_HAND).changed] == ["stay-cancelled"]


@pytest.mark.parametrize("first", ["cancelled", "confirmed"])
def test_who_cancels_and_books_anew_for_the_same_day_is_reported_once(
    world: World, first: str
) -> None:
    hans = world.guest(HANS)
    second = {"cancelled": "confirmed", "confirmed": "cancelled"}[first]
    for status in (first, second):
        world.stay(hans, world.guest(HANS), status=status)
    assert world.export(FORMAT).counts == {"reported": 2}


@pytest.mark.parametrize("status", ["enquired", "optional", "cancelled", "no_show"])
def test_a_stay_that_did_not_come_about_is_not_reported(world: World, status: str) -> None:
    world.stay(world.guest(HANS), status=status)
    assert world.export(FORMAT).files == ()


def test_a_guest_who_has_not_arrived_is_not_reported_yet(world: World) -> None:
    world.stay(world.guest(HANS), arrival="2026-11-22")
    assert world.export(FORMAT).counts == {"not_yet": 1}
    world.stay(world.guest(HANS), arrival="2026-11-22", status="in_house")
    assert world.export(FORMAT).counts == {"not_yet": 1, "reported": 1}


def test_stays_of_other_days_and_properties_are_left_alone(world: World) -> None:
    world.stay(world.guest(HANS), arrival="2026-11-19")
    world.stay(world.guest(HANS), property_id="P2")
    assert world.export(FORMAT).counts == {}


def test_a_companion_with_a_stay_of_the_same_day_is_reported_once(world: World) -> None:
    hans, lucia = world.guest(HANS), world.guest(LUCIA)
    world.stay(lucia)
    world.stay(hans, lucia)
    assert world.export(FORMAT).counts == {"reported": 2}


def test_a_companion_without_a_profile_is_told(world: World) -> None:
    stay = world.stay(world.guest(HANS))
    companions = {"property_id": P, "reference": stay.reference, "companions": ["nobody"]}
    world.engine.record_stay(stay.profile_id, companions)
    run = world.export(FORMAT)
    assert world.codes(run) == [["companion"]]
    assert run.counts["reported"] == 1


def test_a_choice_can_stop_the_whole_run(world: World) -> None:
    world.stay(world.guest(HANS, documents=[]))
    world.stay(world.guest(LUCIA))
    run = world.export(FORMAT, choices={"document": Choice.CANCEL})
    assert run.stopped
    assert list(world.folder.iterdir()) == []


def test_what_cannot_be_written_is_left_out_whatever_the_choice(world: World) -> None:
    world.stay(world.guest(HANS, birth_date=None))
    run = world.export(FORMAT, choices={"birth-date": Choice.IGNORE})
    assert run.files == ()
    assert not run.is_clean


def test_late_ones_are_counted(world: World) -> None:
    world.stay(world.guest(HANS))
    days = [(EVENING + timedelta(days=n), n > 5) for n in (0, 3, 7)]
    for now, late in days:
        assert world.export(FORMAT, out=None, now=now).counts.get("late", 0) == int(late)


def test_who_is_late_now_is_told_with_until_when_it_was_due(world: World) -> None:
    whole, half = world.guest(HANS), world.guest(HANS, birth_date=None)
    stays = [world.stay(guest) for guest in (whole, half)]
    run = world.export(FORMAT, out=None, now=EVENING + timedelta(days=7))
    assert {(late.guest_id, late.stay_id) for late in run.late} == {
        (whole.id, stays[0].id),
        (half.id, stays[1].id),
    }
    assert {late.until.date() for late in run.late} == {date(2026, 11, 25)}


@pytest.mark.parametrize(
    ("deadline", "ends"),
    [
        (Deadline("", hours=24), datetime(2026, 11, 21, 16, 5)),  # noqa: DTZ001  # local
        (Deadline("", hours=24, short_hours=6), datetime(2026, 11, 20, 22, 5)),  # noqa: DTZ001
        (Deadline("", days=1), datetime(2026, 11, 21, 23, 59, 59, 999999)),  # noqa: DTZ001
        (Deadline("", working_days=3), datetime(2026, 11, 25, 23, 59, 59, 999999)),  # noqa: DTZ001
        (Deadline("", month_day=5), datetime(2026, 12, 5, 23, 59, 59, 999999)),  # noqa: DTZ001
        (Deadline("never"), None),
    ],
)
def test_a_deadline_ends_by_the_clock_of_the_property(
    deadline: Deadline, ends: datetime | None
) -> None:
    friday = datetime(2026, 11, 20, 16, 5)  # noqa: DTZ001  # the property's own clock
    assert deadline.ends(friday, nights=1) == ends


def test_the_day_of_the_property_decides(make_world: Callable[..., World]) -> None:
    places = {P: {"country": "PT", "timezone": "Pacific/Auckland"}}
    world = make_world(profilecore={"properties": places})
    world.stay(world.guest(HANS), arrival="2026-11-21")
    # In Auckland the 21st has begun.
    assert world.export(FORMAT).counts == {"reported": 1}


def test_two_runs_at_once_report_nobody_twice(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from profilecore_exports import running

    world.stay(world.guest(HANS))
    # The other run comes between this one's reading of the register and its writing.
    entries = running.entries_of
    state: list[Run] = []

    def slow(*args: Any) -> Any:
        found = entries(*args)
        monkeypatch.setattr(running, "entries_of", entries)
        state.append(world.export(FORMAT, out=world.folder / "other"))
        return found

    monkeypatch.setattr(running, "entries_of", slow)

    with pytest.raises(VersionConflict):
        world.export(FORMAT)
    assert [len(run.files) for run in state] == [1]
    assert [path.name for path in world.folder.iterdir()] == ["other"]


def test_a_party_larger_than_a_file_is_divided(world: World) -> None:
    world.stay(*(world.guest(HANS) for _ in range(35)))
    world.stay(world.guest(HANS))
    sizes = [file.guests for file in world.export("cz.ubyport-ws").files]
    assert (max(sizes), sum(sizes)) == (32, 36)


def test_a_booking_is_of_the_day_at_the_property(make_world: Callable[..., World]) -> None:
    places = {P: {"country": "ES", "timezone": "Europe/Madrid"}}
    world = make_world(profilecore={"properties": places})
    details = {"payment": "card"}
    world.stay(world.guest(LUCIA), details=details, booked_at="2026-11-19T23:30:00+00:00")
    run = world.export("es.ses-hospedajes-rh")
    assert b"<fechaContrato>2026-11-20</fechaContrato>" in world.contents(run)[0]


# ---- scope, settings, files


def test_a_property_exports_its_own_guests_only(world: World) -> None:
    with world.engine.acting(Actor("desk", property_id="P2")), pytest.raises(ScopeDenied):
        world.export(FORMAT)


def test_a_property_exports_and_registers_for_itself(world: World) -> None:
    hans = world.guest(HANS)
    world.stay(hans)
    with world.engine.acting(Actor("desk", property_id=P)):
        assert len(world.export(FORMAT).files) == 1
        assert world.export(FORMAT).counts == {"already": 1}
    assert [entry.by for entry in world.entries(hans)] == ["desk"]


def test_a_property_without_settings_is_named_with_what_to_add(world: World) -> None:
    with pytest.raises(ExportRefused, match=r"exports-pt\.properties"):
        export(world.engine, world.format(FORMAT), "P9", ARRIVAL, DEPARTURE, world.folder)


def test_wrong_settings_leave_the_country_out_and_say_which_key() -> None:
    config = CONFIG | {"exports-pt": {"properties": {P: {"nipc": "12"}}}}
    with Engine.open("memory://", plugins=PLUGINS, discover=False, config=config) as engine:
        (failure,) = engine.plugins.failures
        assert failure.plugin == "exports-pt"
        assert "properties['P1'].email" in str(failure)
        assert "it.alloggiati" in engine.plugins.contributions.checks


def test_the_last_day_must_not_lie_before_the_first(world: World) -> None:
    with pytest.raises(ExportRefused, match="swap"):
        world.export(FORMAT, start=DEPARTURE, end=ARRIVAL)


def test_a_file_that_is_there_is_never_overwritten_and_nothing_is_registered(
    world: World,
) -> None:
    world.stay(world.guest(HANS))
    name = f"{FORMAT}_{P}_20261120_0001.xml"
    (world.folder / name).write_text("mine")
    with pytest.raises(ExportRefused, match="already"):
        world.export(FORMAT)
    assert (world.folder / name).read_text() == "mine"
    assert list(sent_files(world.engine.store)) == []


def test_a_failure_half_way_leaves_neither_files_nor_entries(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(33):
        world.stay(world.guest(HANS))
    original, calls = Placing.add, []

    def failing(placing: Placing, name: str, content: bytes) -> None:
        calls.append(name)
        if len(calls) == 2:
            raise OSError("disk full")
        original(placing, name, content)

    monkeypatch.setattr(Placing, "add", failing)
    with pytest.raises(OSError, match="disk full"):
        world.export("cz.ubyport-ws")
    assert list(world.folder.iterdir()) == []
    assert list(sent_files(world.engine.store)) == []


def test_a_file_is_whole_where_the_system_takes_it_piece_by_piece(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda handle, content: write(handle, content[:3]))
    place(tmp_path / "a" / "file.txt", b"0123456789")
    place(tmp_path / "a" / "empty.txt", b"")
    assert {path.name: path.read_bytes() for path in (tmp_path / "a").iterdir()} == {
        "file.txt": b"0123456789",
        "empty.txt": b"",
    }


def test_a_file_that_cannot_be_filled_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int, content: memoryview) -> int:
        raise OSError("disk full")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="disk full"):
        place(tmp_path / "file.txt", b"0123456789")
    assert list(tmp_path.iterdir()) == []


# ---- details and tables


def test_details_are_added_to_and_taken_away(world: World) -> None:
    stay = world.stay(world.guest(HANS), details={"rooms": 2, "values": {"a.b": "1", "c.d": "2"}})
    made = record_details(world.engine, stay.id, {"rooms": None, "values": {"a.b": None}})
    assert (made.rooms, made.values) == (None, {"c.d": "2"})
    with pytest.raises(ValueError, match="arrived_at"):
        record_details(world.engine, stay.id, {"arrived_at": "25:00"})


class HostStays:
    """A host that keeps its stays itself."""

    name = "host-stays"

    @hookimpl
    def profilecore_register_stays(self, register: Callable[[Any], None]) -> None:
        register(lambda ids: [hosted(id) for id in ids])


def hosted(id: str) -> Stay:
    return Stay(id=f"host-{id}", profile_id=id, property_id=P, arrival=ARRIVAL, departure=DEPARTURE)


def test_stays_that_the_host_keeps_are_exported_with_their_details(
    make_world: Callable[..., World],
) -> None:
    world = make_world(plugins=(*PLUGINS, HostStays))
    hans = world.guest(HANS)
    details = {"payment": "card", "contracted_on": "2026-11-01", "arrived_at": "16:05"}
    record_details(world.engine, hosted(hans.id), details)
    (content,) = world.contents(world.export("es.ses-hospedajes"))
    assert b"<fechaEntrada>2026-11-20T16:05:00</fechaEntrada>" in content
    assert world.export("es.ses-hospedajes").counts == {"already": 1}


def test_a_table_is_versioned_and_the_same_content_is_no_new_version(
    world: World, tmp_path: Path
) -> None:
    path = tmp_path / "t.csv"
    path.write_text("codice;descrizione\n1;Uno\n;Due\n")
    store = world.engine.store
    first = add_table(store, "x.y", path, EVENING)
    assert (first.version.number, first.rejects) == (1, ((2, "has no code or no name"),))
    assert add_table(store, "x.y", path, EVENING).version.number == 1
    path.write_text("codice;descrizione\n1;Uno\n2;Due\n")
    assert add_table(store, "x.y", path, EVENING).version.number == 2
    assert Tables(store).need(TableSpec("x.y", "", "")).has("2")


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "[1, 2]"])
def test_a_file_without_a_usable_row_is_refused(world: World, tmp_path: Path, text: str) -> None:
    path = tmp_path / ("t.json" if text.startswith("[") else "t.csv")
    path.write_text(text)
    with pytest.raises(ExportRefused):
        add_table(world.engine.store, "x.y", path, EVENING)


# ---- formats of others


def line(report: Report, setting: Setting) -> str:
    return report.guest.surnames


def one_file(reports: Any, setting: Setting) -> OutFile:
    content = "\n".join(report.text for report in reports).encode()
    return OutFile(f"xa_{setting.number}.txt", content, tuple(reports))


class ArcadiaPlugin:
    """A format from a package of its own needs nothing but a check."""

    name = "arcadia"

    @hookimpl
    def profilecore_register_checks(self, register: Callable[[Check], None]) -> None:
        register(
            Readiness.of(
                Format(
                    name="xa.book",
                    title="The guest book of Arcadia",
                    country="XA",
                    trust=Trust.LAW,
                    source="Guest Book Act",
                    deadline=Deadline("none"),
                    write=line,
                    assemble=one_file,
                )
            )
        )


def test_a_third_party_adds_a_format_by_registering_its_check(
    make_world: Callable[..., World],
) -> None:
    world = make_world(plugins=(*PLUGINS, ArcadiaPlugin))
    world.stay(*world.family())
    assert world.contents(world.export("xa.book")) == [b"Muster\nMuster"]
    assert world.engine.check(world.guest(HANS).id, "xa.book") == []


def test_a_country_can_be_taken_alone(make_world: Callable[..., World]) -> None:
    from profilecore_exports import ExportsPlugin, formats_of
    from profilecore_exports.de import GermanyPlugin

    with Engine.open(
        "memory://", plugins=(ExportsPlugin, GermanyPlugin), discover=False, strict=True
    ) as engine:
        known = formats_of(engine.plugins.contributions.checks.values())
        assert list(known) == ["de.meldeschein"]


def test_the_age_of_a_guest_is_the_youngest_that_the_date_allows() -> None:
    def age(birth: str | None, day: date = ARRIVAL) -> int | None:
        return Guest(Profile(last_name="x", birth_date=birth), day).age  # type: ignore[arg-type]  # a text

    assert [age(text) for text in ("2008-11-20", "2008-11-21", "2008", "2008-11", None)] == [
        18, 17, 17, 17, None,
    ]  # fmt: skip


def test_every_public_name_can_be_imported_and_the_list_is_sorted() -> None:
    import profilecore_exports

    assert list(profilecore_exports.__all__) == sorted(set(profilecore_exports.__all__))
    missing = [n for n in profilecore_exports.__all__ if not hasattr(profilecore_exports, n)]
    assert missing == []


def test_the_settings_of_every_country_are_in_the_readme() -> None:
    readme = Path(__file__).parents[1].joinpath("README.md").read_text(encoding="utf-8")
    for plugin in PLUGINS[1:]:
        house = get_args(get_type_hints(plugin.Config)["properties"])[1]
        line = next(row for row in readme.splitlines() if row.startswith(f"| `{plugin.name}` |"))
        names = [a.name for a in attrs.fields(house)] if attrs.has(house) else []
        assert re.findall(r"`(\w+)`", line) == names
