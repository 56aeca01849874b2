"""The audit trail: whole after honest work, broken where somebody meddled."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from kit import P1, P2, PNG, open_engine

from profilecore import ChainFault, Engine, Event, InvalidProfile, NotFound, StoreError
from profilecore.engine import auditing, preparing, searching
from profilecore.engine.ends import CHAIN, EVENTS
from profilecore.model.fields import evolve
from profilecore.rules.chain import digest, seal_over
from profilecore.store import MemoryStore
from profilecore.testing.guests import profile_rows

ANA = {"first_name": "Ana", "last_name": "García"}
Change = Callable[[list[Event]], list[Event]]


class Boom(Exception):
    """Raised by tests."""


def feed(engine: Engine) -> list[Event]:
    with engine.store.read() as reader:
        return reader.events(0, 100_000)


def tamper(engine: Engine, change: Change) -> None:
    """Put other events in the place of those of the feed."""
    now = [evolve(event, seq=n) for n, event in enumerate(change(feed(engine)), 1)]
    if isinstance(engine.store, MemoryStore):
        engine.store._writer._events[:] = now
        return
    with engine.store.write() as writer:
        rows: Callable[..., object] = writer.rows  # type: ignore[attr-defined]  # SQLite's own
        rows("DELETE FROM pc_event")
        for event in now:
            body = msgspec.json.encode(event)
            rows("INSERT INTO pc_event (seq, body) VALUES (?, ?)", (event.seq, body))


def give_up(block: AbstractContextManager[object], work: Callable[[], object]) -> None:
    """Work in a transaction, or a part of one, that ends in an exception."""

    def run() -> None:
        with block:
            work()
            raise Boom

    with pytest.raises(Boom):
        run()


def faults(engine: Engine) -> list[tuple[int, str]]:
    return [(fault.number, fault.code) for fault in engine.verify_audit()]


def sealed(event: Event, newest: str, **changes: Any) -> Event:
    """Give an event as somebody who knows the rules would forge it."""
    forged = evolve(event, **changes)
    own = digest(forged)
    return evolve(forged, digest=own, seal=seal_over(newest, own))


@pytest.fixture
def five(each_engine: Engine) -> Engine:
    """An engine with five events."""
    for name in ("Ana", "Berta", "Carla", "Dora", "Eva"):
        each_engine.create({"last_name": name})
    return each_engine


@pytest.fixture
def path(tmp_path: Path, needs_sqlite: None) -> Path:
    return tmp_path / "shared.db"


@pytest.fixture(scope="session")
def needs_sqlite(part: Callable[[str], Any]) -> None:
    part("profilecore_sqlite")


def on(path: Path) -> Engine:
    return Engine.open(f"sqlite:///{path}", discover=False)


# ---- whole after honest work


def test_events_are_numbered_and_sealed_over_the_one_before(five: Engine) -> None:
    events = feed(five)
    assert [event.number for event in events] == [1, 2, 3, 4, 5]
    assert [event.digest for event in events] == [digest(event) for event in events]
    before = ""
    for event in events:
        assert event.seal == seal_over(before, event.digest)
        before = event.seal
    assert len({event.seal for event in events}) == 5
    assert five.verify() == []


def test_a_store_without_events_is_whole(each_engine: Engine) -> None:
    assert each_engine.verify() == []
    assert each_engine.ends()["audit"].length == 0


def test_the_chains_are_whole_after_all_that_an_engine_does(each_engine: Engine) -> None:
    ids = [each_engine.create(ANA, key=f"k{n}").id for n in range(6)]
    merge = each_engine.merge(each_engine.plan_merge(ids[0], [ids[1], ids[2]]))
    each_engine.unmerge(merge.id)
    each_engine.merge(each_engine.plan_merge(ids[0], [ids[1]]))
    each_engine.detach(each_engine.attach(ids[0], "a.png", PNG).id)
    each_engine.release_hold(each_engine.place_hold(ids[3], kind="open-bill").id)
    with each_engine.acting(P1):
        each_engine.update(ids[3], {"tags": ["vip"]})
    with each_engine.transaction():
        for id in (ids[0], ids[4], ids[5]):
            each_engine.clear(id, reason="asked")
    each_engine.scrub()
    assert each_engine.verify() == []
    ends = each_engine.ends()
    assert ends["audit"].length == len(feed(each_engine)) > 15
    assert ends["audit"].newest == feed(each_engine)[-1].seal
    assert ends["receipts"].length == 3


def test_an_import_in_many_processes_is_one_chain(path: Path) -> None:
    rows = list(profile_rows(preparing.SMALL + 2 * preparing.CHUNK, 5))
    with on(path) as engine:
        report = engine.load(rows, source="pms", workers=2)
        engine.load(rows[:50], source="pms")
        assert engine.ends()["audit"].length >= report.created > preparing.SMALL
        assert engine.verify() == []


def test_a_rolled_back_transaction_leaves_the_chain_as_it_was(five: Engine) -> None:
    before = five.ends()
    give_up(five.transaction(), lambda: five.clear(five.create(ANA).id))
    assert five.ends() == before
    five.create(ANA)
    assert five.verify() == []
    assert five.ends()["audit"].length == 6


@pytest.mark.parametrize("first", [True, False])
def test_an_undone_part_leaves_no_gap(each_engine: Engine, first: bool) -> None:
    ids = [each_engine.create(ANA).id for _ in range(3)]
    with each_engine.transaction():
        if first:
            each_engine.clear(ids[0])
        give_up(each_engine.transaction(), lambda: each_engine.clear(ids[1]))
        each_engine.clear(ids[2])
    assert each_engine.verify() == []
    assert each_engine.ends()["receipts"].length == 1 + first


def test_an_open_transaction_sees_its_own_chain(five: Engine) -> None:
    with five.transaction():
        five.clear(five.create(ANA).id)
        assert five.verify() == []
        assert five.ends()["audit"].length == 7


def test_the_end_of_a_chain_is_written_once_in_a_transaction(five: Engine) -> None:
    def version() -> int:
        with five.store.read() as reader:
            kept = reader.get(CHAIN, EVENTS)
        assert kept is not None
        return kept.version

    before = version()
    with five.transaction():
        for _ in range(4):
            five.create(ANA)
    assert version() == before + 1


def test_joined_transactions_of_a_host_belong_to_the_chain(path: Path) -> None:
    host = sqlite3.connect(path)
    with on(path) as engine:
        engine.create(ANA)
        for ending in (host.commit, host.rollback, host.commit):
            with engine.transaction(connection=host):
                engine.create(ANA)
            with engine.transaction(connection=host):
                engine.clear(engine.create(ANA).id)
            ending()
            assert engine.verify() == []
        give_up(engine.transaction(connection=host), lambda: engine.create(ANA))
        host.commit()
        engine.create(ANA)
        assert engine.verify() == []
        assert engine.ends()["audit"].length == len(feed(engine)) > 8
    host.close()


def end_inside(engine: Engine, host: sqlite3.Connection) -> None:
    with engine.transaction(connection=host):
        engine.create(ANA)
        host.rollback()


@pytest.mark.parametrize("level", ["", None])
def test_a_host_that_rolls_back_inside_leaves_the_chain_whole(
    path: Path, level: str | None
) -> None:
    host = sqlite3.connect(path, isolation_level=level)  # type: ignore[arg-type]  # None is allowed
    with on(path) as engine:
        engine.create(ANA)
        with pytest.raises(StoreError, match="ended inside"):
            end_inside(engine, host)
        host.close()
        engine.create(ANA)
        assert engine.verify() == []
        assert engine.ends()["audit"].length == 2


def test_two_engines_on_one_file_continue_each_others_chain(path: Path) -> None:
    with on(path) as one, on(path) as two:
        for _ in range(5):
            two.clear(one.create(ANA).id)
            one.clear(two.create(ANA).id)
        assert one.verify() == two.verify() == []
        assert one.ends() == two.ends()
        assert one.ends()["receipts"].length == 10


PROGRAM = """
import sys
from profilecore import Engine
with Engine.open(f"sqlite:///{sys.argv[1]}", discover=False) as engine:
    for number in range(15):
        with engine.transaction():
            engine.clear(engine.create({"last_name": "Ana"}).id)
"""


def test_several_processes_continue_each_others_chain(path: Path) -> None:
    with on(path) as engine:
        command = [sys.executable, "-c", PROGRAM, str(path)]
        processes = [subprocess.Popen(command) for _ in range(3)]
        assert [process.wait() for process in processes] == [0, 0, 0]
        assert engine.verify() == []
        assert engine.ends()["receipts"].length == 45


# ---- broken where somebody meddled


@pytest.mark.parametrize(
    "change",
    [
        {"type": "profile.updated"},
        {"profile_id": "other"},
        {"fields": ()},
        {"actor": None},
        {"property_id": "P1"},
        {"related": ("other",)},
        {"subject": "other"},
        {"scope": "P1"},
        {"id": "other"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_changed_event_is_named(five: Engine, change: dict[str, Any]) -> None:
    tamper(five, lambda events: [*events[:1], evolve(events[1], **change), *events[2:]])
    (fault,) = five.verify()
    assert fault == ChainFault("audit", 2, "changed", feed(five)[1].id)


def test_a_changed_time_is_named(five: Engine) -> None:
    later = evolve(feed(five)[4], at=feed(five)[4].at.replace(microsecond=1))
    tamper(five, lambda events: [*events[:4], later])
    assert faults(five) == [(5, "changed")]


@pytest.mark.parametrize("dropped", [0, 2, 4])
def test_a_dropped_event_is_named(five: Engine, dropped: int) -> None:
    tamper(five, lambda events: [*events[:dropped], *events[dropped + 1 :]])
    (fault,) = five.verify_audit()
    assert fault == ChainFault("audit", dropped + 1, "missing", last=dropped + 1)


@pytest.mark.parametrize(("kept", "first", "last"), [((4,), 1, 4), ((0, 4), 2, 4), ((0,), 2, 5)])
def test_a_run_of_dropped_events_is_one_fault(
    five: Engine, kept: tuple[int, ...], first: int, last: int
) -> None:
    tamper(five, lambda events: [events[n] for n in kept])
    assert five.verify_audit() == [ChainFault("audit", first, "missing", last=last)]


def test_an_emptied_feed_is_one_fault(five: Engine) -> None:
    tamper(five, lambda _: [])
    assert five.verify_audit() == [ChainFault("audit", 1, "missing", last=5)]


def test_reordered_events_are_named(five: Engine) -> None:
    tamper(five, lambda events: [events[n] for n in (0, 2, 1, 3, 4)])
    assert faults(five) == [(2, "missing"), (2, "moved")]


def test_an_event_put_in_twice_is_named(five: Engine) -> None:
    tamper(five, lambda events: [*events[:3], events[1], *events[3:]])
    assert faults(five) == [(2, "moved")]


def test_an_event_put_in_without_a_number_is_named(five: Engine) -> None:
    forged = evolve(feed(five)[1], number=0, digest="", seal="")
    tamper(five, lambda events: [*events[:3], forged, *events[3:]])
    assert (0, "moved") in faults(five)


def test_an_event_sealed_anew_breaks_the_link_behind_it(five: Engine) -> None:
    one, two, *rest = feed(five)
    tamper(five, lambda _: [one, sealed(two, one.seal, actor="nobody"), *rest])
    assert faults(five) == [(3, "unlinked")]


@pytest.mark.parametrize("added", [False, True])
def test_the_newest_event_sealed_anew_or_added_does_not_fit_the_end(
    five: Engine, added: bool
) -> None:
    *rest, before, newest = feed(five)
    if added:
        forged = [before, newest, sealed(newest, newest.seal, number=6)]
    else:
        forged = [before, sealed(newest, before.seal, actor="nobody")]
    tamper(five, lambda _: [*rest, *forged])
    assert faults(five) == [(5 + added, "unlinked")]


def test_a_lost_end_is_noticed(five: Engine) -> None:
    with five.store.write() as writer:
        writer.delete(CHAIN, EVENTS)
    assert faults(five) == [(5, "unlinked")]


def test_events_of_a_time_before_the_chain_are_no_part_of_it(five: Engine) -> None:
    tamper(five, lambda events: [evolve(e, number=0, digest="", seal="") for e in events])
    with five.store.write() as writer:
        writer.delete(CHAIN, EVENTS)
    assert five.verify() == []
    five.create(ANA)
    five.create(ANA)
    assert [event.number for event in feed(five)] == [0, 0, 0, 0, 0, 1, 2]
    assert five.verify() == []
    tamper(five, lambda events: [*events[:5], events[6]])
    assert faults(five) == [(1, "missing")]


def test_both_chains_are_verified_together(five: Engine) -> None:
    receipt = five.clear(five.create(ANA).id)
    tamper(five, lambda events: events[1:])
    with five.store.write() as writer:
        writer.delete("receipt", receipt.id)
    assert five.verify() == [
        ChainFault("receipts", 1, "missing", last=1),
        ChainFault("audit", 1, "missing", last=1),
    ]
    assert five.verify_receipts() == five.verify()[:1]


def test_who_watches_is_told_how_far_it_is(five: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        five.clear(five.create(ANA).id)
    monkeypatch.setattr(auditing, "PAGE", 2)
    told: list[int] = []
    assert five.verify(told.append) == []
    assert told == sorted(told)
    assert told[-1] == 3 + len(feed(five))
    assert len(told) > 6


# ---- the events of one person


@pytest.fixture
def merged(each_engine: Engine) -> tuple[Engine, str, str]:
    """An engine with a person of two ids, among others."""
    a, b, other = (each_engine.create({"last_name": n}).id for n in ("Ana", "Anna", "Berta"))
    each_engine.update(other, {"title": "miss"})
    each_engine.merge(each_engine.plan_merge(a, [b]))
    each_engine.update(other, {"title": "mister"})
    each_engine.update(a, {"title": "miss"})
    return each_engine, a, b


def of(engine: Engine, id: str, limit: int = 500) -> list[tuple[str, str]]:
    """Give what the feed says of a person, page by page."""
    found: list[tuple[str, str]] = []
    cursor = "0"
    while True:
        page = engine.changes(cursor, limit=limit, profile_id=id)
        assert len(page.items) <= limit
        found += [(event.type, event.profile_id) for event in page.items]
        if page.next == cursor:
            return found
        assert page.next is not None
        cursor = page.next


@pytest.mark.parametrize("limit", [1, 2, 500])
def test_the_feed_is_filtered_to_all_ids_of_a_person(
    merged: tuple[Engine, str, str], limit: int
) -> None:
    engine, a, b = merged
    expected = [
        ("profile.created", a),
        ("profile.created", b),
        ("profiles.merged", a),
        ("profile.updated", a),
    ]
    assert of(engine, a, limit) == of(engine, b, limit) == expected


def test_a_person_is_found_behind_more_events_than_one_call_looks_through(
    merged: tuple[Engine, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, a, _ = merged
    expected = of(engine, a)
    monkeypatch.setattr(searching, "MAX_EVENTS", 1)
    monkeypatch.setattr(searching, "MAX_SCANS", 1)
    page = engine.changes(2, limit=1, profile_id=a)
    assert (page.items, page.next) == ((), "3")
    assert of(engine, a, 1) == expected


def test_who_was_related_in_an_event_is_found_by_it(merged: tuple[Engine, str, str]) -> None:
    engine, a, b = merged
    engine.unmerge(engine.merges(a)[0].id)
    told = [event for event in engine.changes(profile_id=b).items if event.profile_id == a]
    assert [event.type for event in told] == ["profiles.merged", "merge.undone"]


def test_a_property_sees_in_the_filtered_feed_what_it_sees_in_the_feed(store: Any) -> None:
    engine = open_engine(store)
    guest = engine.create(ANA).id
    with engine.acting(P1):
        engine.place_hold(guest, kind="open-bill")
        private = engine.create(ANA | {"shared_level": "property", "property_id": "P1"}).id
    assert len(engine.changes(profile_id=guest).items) == 2
    with engine.acting(P2):
        seen = engine.changes(profile_id=guest).items
        assert seen == tuple(e for e in engine.changes().items if e.profile_id == guest)
        assert [event.type for event in seen] == ["profile.created"]
        with pytest.raises(NotFound):
            engine.changes(profile_id=private)


def test_a_filter_needs_a_person_and_a_cursor(each_engine: Engine) -> None:
    with pytest.raises(NotFound):
        each_engine.changes(profile_id="nobody")
    with pytest.raises(InvalidProfile):
        each_engine.changes("none", profile_id="nobody")
