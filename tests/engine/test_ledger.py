"""The ledger of clears: what a restored backup brings back is cleared again."""

from __future__ import annotations

import json
import shutil
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from kit import Clock, Ids, open_engine, run_threads

from profilecore import Engine
from profilecore.engine import ledger as ledger_module
from profilecore.errors import StoreCorrupt, StoreUnavailable
from profilecore.model import State

pytest.importorskip("profilecore_sqlite")
ANA = {"first_name": "Ana", "last_name": "Marker", "emails": ["ana@marker.example"]}


class House:
    """A store in a file with a ledger beside it, which can be put back to what it was."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ledger = path / "clears.ledger"
        self.clock, self.ids = Clock(), Ids()

    def open(self, ledger: bool = True, **settings: Any) -> Engine:
        from profilecore_sqlite import open_store

        return open_engine(
            open_store(f"sqlite:///{self.path}/guests.db"),
            clock=self.clock, new_id=self.ids, config={"profilecore": settings},
            ledger=self.ledger if ledger else None,
        )  # fmt: skip

    def back_up(self) -> None:
        with sqlite3.connect(self.path / "guests.db") as source:
            with sqlite3.connect(self.path / "backup.db") as target:
                source.backup(target)
            target.close()
        source.close()

    def restore(self) -> None:
        for name in ("guests.db", "guests.db-wal", "guests.db-shm"):
            (self.path / name).unlink(missing_ok=True)
        shutil.copy(self.path / "backup.db", self.path / "guests.db")

    def bytes(self) -> bytes:
        return b"".join(p.read_bytes() for p in self.path.glob("guests.db*"))

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.ledger.read_text().splitlines() if line]


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_each_clear_is_noted_with_ids_and_dates_alone(house: House) -> None:
    with house.open() as engine:
        a, b = engine.create(ANA).id, engine.create(ANA).id
        engine.merge(engine.plan_merge(a, [b]))
        receipt = engine.clear(a, reason="asked")
    (line,) = house.lines()
    assert isinstance(line.pop("store"), int)
    assert line == {
        "receipt": receipt.id, "number": 1, "at": "2026-03-01T12:00:00Z",
        "ids": [a, b], "seal": receipt.seal,
    }  # fmt: skip
    assert house.ledger.stat().st_mode & 0o777 == 0o600


def test_a_restored_backup_is_cleared_again_down_to_the_bytes(house: House) -> None:
    with house.open() as engine:
        ana, eva = engine.create(ANA).id, engine.create(ANA | {"last_name": "Other"}).id
        engine.place_hold(ana, kind="open-bill")
        house.back_up()
        engine.release_hold(engine.holds(ana)[0].id)
        receipt = engine.clear(ana)
    house.restore()
    assert b"Marker" in house.bytes()
    with house.open() as engine:
        assert engine.unapplied == ()
        assert engine.get(ana).state is State.CLEARED
        assert engine.get(eva).last_name == "Other"
        again = engine.receipt(ana)
        assert (again.id, again.reason, again.status.value) == (receipt.id, "ledger", "erased")
        assert engine.verify() == []
        assert b"Marker" not in house.bytes()
    lines = house.lines()
    with house.open() as engine:
        assert engine.receipt(ana) == again
    assert house.lines() == lines, "opening it once more changes nothing"


def test_without_its_ledger_the_backup_brings_the_person_back(house: House) -> None:
    with house.open() as engine:
        ana = engine.create(ANA).id
        house.back_up()
        engine.clear(ana)
    house.restore()
    with house.open(ledger=False) as engine:
        assert engine.get(ana).state is State.ACTIVE
    with house.open() as engine:
        assert engine.get(ana).state is State.CLEARED


def test_who_was_made_after_the_backup_leaves_the_proof(house: House) -> None:
    with house.open() as engine:
        engine.create(ANA)
        house.back_up()
        late = engine.create(ANA).id
        receipt = engine.clear(late)
    house.restore()
    with house.open() as engine:
        assert engine.verify_receipts() == []
        assert engine.scrub() == 0
        assert receipt.id in {line["receipt"] for line in house.lines()}


def test_a_crash_between_commit_and_ledger_is_made_good_on_opening(house: House) -> None:
    with house.open(ledger=False) as engine:
        ids = [engine.create(ANA).id for _ in range(3)]
        for id in ids:
            engine.clear(id)
    with house.open():
        pass
    assert [line["number"] for line in house.lines()] == [1, 2, 3]


@pytest.mark.parametrize("cut", [1, 20, 60])
def test_a_line_cut_short_is_passed_over_and_written_anew(house: House, cut: int) -> None:
    with house.open() as engine:
        first, second = engine.create(ANA).id, engine.create(ANA).id
        engine.clear(first)
        engine.clear(second)
    whole = house.ledger.read_bytes()
    house.ledger.write_bytes(whole[:-cut])
    with house.open() as engine:
        engine.clear(engine.create(ANA).id)
    house.back_up()
    text = house.ledger.read_bytes()
    good = [json.loads(line) for line in text.splitlines() if line.endswith(b"}")]
    assert {line["number"] for line in good} == {1, 2, 3}
    with house.open() as engine:
        assert engine.unapplied == ()


def test_a_damaged_ledger_is_refused_with_its_line(house: House) -> None:
    with house.open() as engine:
        engine.clear(engine.create(ANA).id)
    whole = house.ledger.read_bytes()
    for line in (b'{"receipt": 7}\n', b'{"a":' * 100_000 + b"}\n", b'{"receipt": "\xff"}\n'):
        house.ledger.write_bytes(line + whole)
        with pytest.raises(StoreCorrupt, match="Line 1"):
            house.open()


def test_a_ledger_that_cannot_be_written_is_refused_at_once(house: House) -> None:
    for name in ("no/such/clears.ledger", "nul\0", "half a letter \ud800"):
        house.ledger = house.path / name
        with pytest.raises(StoreUnavailable, match="directory"):
            house.open()


def test_a_clear_that_was_undone_is_not_noted(house: House) -> None:
    with house.open() as engine:
        ana = engine.create(ANA).id
        with suppress(KeyboardInterrupt), engine.transaction():
            engine.clear(ana)
            raise KeyboardInterrupt
        with engine.transaction():
            eva = engine.create(ANA).id
            engine.clear(eva)
    assert [line["ids"] for line in house.lines()] == [[eva]]


def test_people_who_were_one_in_the_backup_are_parted_first(house: House) -> None:
    with house.open() as engine:
        a, b = engine.create(ANA).id, engine.create({"last_name": "Other"}).id
        merge = engine.merge(engine.plan_merge(a, [b]))
        house.back_up()
        engine.unmerge(merge.id)
        engine.clear(b)
    house.restore()
    with house.open() as engine:
        assert engine.unapplied == ()
        assert engine.get(b).state is State.CLEARED
        assert engine.get(a).last_name == "Marker"


def test_people_who_were_two_in_the_backup_are_both_cleared(house: House) -> None:
    with house.open() as engine:
        a, b = engine.create(ANA).id, engine.create({"last_name": "Other"}).id
        house.back_up()
        engine.merge(engine.plan_merge(a, [b]))
        engine.clear(a)
    house.restore()
    with house.open() as engine:
        assert [engine.get(id).state for id in (a, b)] == [State.CLEARED] * 2
        assert engine.verify() == []


@pytest.mark.parametrize("days", [10, 4 * 365])
def test_what_the_law_kept_is_kept_again_and_ends_again(house: House, days: int) -> None:
    settings = {"properties": {"P1": {"country": "ES"}}}
    with house.open(**settings) as engine:
        ana = engine.create(ANA).id
        stay = {"property_id": "P1", "arrival": "2026-02-10", "departure": "2026-02-12"}
        engine.record_stay(ana, stay)
        house.back_up()
        engine.clear(ana)
        house.clock.move(days=days)
        finished = engine.clear_due().finished
    assert finished == (days > 1000)
    house.restore()
    with house.open(**settings) as engine:
        expected = State.CLEARED if finished else State.RESTRICTED
        assert engine.get(ana).state is expected
        assert engine.verify() == []
        house.clock.move(days=4 * 365)
        engine.clear_due()
        assert engine.get(ana).state is State.CLEARED


def test_it_may_stand_in_the_settings(house: House) -> None:
    config: dict[str, Any] = {"profilecore": {"ledger": str(house.ledger)}}
    with open_engine(config=config) as engine:
        engine.clear(engine.create(ANA).id)
    assert len(house.lines()) == 1


def test_two_engines_share_a_ledger(house: House) -> None:
    with house.open() as one, house.open() as two:
        engines: list[Callable[..., Any]] = [one.clear, two.clear]
        for number in range(6):
            engines[number % 2](one.create(ANA).id)
    assert sorted(line["number"] for line in house.lines()) == [1, 2, 3, 4, 5, 6]


def test_a_restore_that_ended_half_way_goes_on_at_the_next_opening(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    with house.open() as engine:
        ids = [engine.create(ANA).id for _ in range(4)]
        house.back_up()
        for id in ids:
            engine.clear(id)
    house.restore()
    apply, times = ledger_module._apply, iter(range(4))

    def dies(*given: Any) -> None:
        if next(times) == 2:
            raise KeyboardInterrupt
        apply(*given)

    with monkeypatch.context() as patched:
        patched.setattr(ledger_module, "_apply", dies)
        with pytest.raises(KeyboardInterrupt):
            house.open()
    with house.open() as engine:
        assert [engine.get(id).state for id in ids] == [State.CLEARED] * 4
        assert engine.verify() == []
    lines = house.lines()
    with house.open():
        assert house.lines() == lines


def test_a_line_lost_before_another_workers_is_made_good_on_opening(house: House) -> None:
    with house.open() as engine:
        first, second = engine.create(ANA).id, engine.create(ANA).id
        with house.open(ledger=False) as dying:
            dying.clear(first)
        engine.clear(second)
    with house.open():
        pass
    assert sorted(line["number"] for line in house.lines()) == [1, 2]


def test_clears_of_many_threads_are_all_noted(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    with house.open(scrub="deferred") as engine:
        ids = [engine.create(ANA).id for _ in range(2)]
        add, gate = ledger_module.Ledger._add, threading.Barrier(2)

        def added(ledger: Any, kernel: Any, receipts: Any) -> None:
            listed = list(receipts)  # read before the other thread has its own noted
            with suppress(threading.BrokenBarrierError):
                gate.wait(0.5)
            add(ledger, kernel, listed)

        monkeypatch.setattr(ledger_module.Ledger, "_add", added)
        assert run_threads(2, lambda number: engine.clear(ids[number])) == []
    assert sorted(line["number"] for line in house.lines()) == [1, 2]


@pytest.mark.parametrize("scrub", ["at-once", "deferred"])
def test_clears_in_a_hosts_transactions_are_noted_once_at_the_next_write(
    house: House, scrub: str
) -> None:
    with house.open(scrub=scrub) as engine:
        ids = [engine.create(ANA).id for _ in range(3)]
        host = sqlite3.connect(house.path / "guests.db", isolation_level=None)
        for id, end in zip(ids, ("COMMIT", "COMMIT", "ROLLBACK"), strict=True):
            host.execute("BEGIN IMMEDIATE")
            with engine.transaction(host):
                engine.clear(id)
            host.execute(end)
        host.close()
        engine.create(ANA)
        engine.create(ANA)
    assert [line["ids"] for line in house.lines()] == [[id] for id in ids[:2]]


def test_an_objection_after_the_clear_is_remembered_again(house: House) -> None:
    with house.open(suppression_key="a secret kept apart") as engine:
        ana = engine.create(ANA).id
        engine.place_hold(ana, kind="court-order", keeps=("profile.emails",))
        engine.clear(ana)
        house.back_up()
        engine.clear(ana, objected=True)
    house.restore()
    with house.open(suppression_key="a secret kept apart") as engine:
        assert engine.unapplied == ()
        assert engine.objected(ANA)


def test_who_objected_is_cleared_again_also_without_the_key_to_remember_it(house: House) -> None:
    with house.open(suppression_key="a secret kept apart") as engine:
        ana = engine.create(ANA).id
        house.back_up()
        engine.clear(ana, objected=True)
    house.restore()
    with house.open() as engine:
        assert (engine.unapplied, engine.get(ana).state) == ((), State.CLEARED)


def test_the_ledger_of_another_store_is_refused_and_clears_nobody(
    house: House, tmp_path: Path
) -> None:
    with house.open() as engine:
        ana = engine.create(ANA).id
        engine.clear(ana)
    (tmp_path / "other").mkdir()
    other = House(tmp_path / "other")
    with other.open(ledger=False) as engine:
        stranger = engine.create({"last_name": "Stranger"}).id
    assert stranger == ana, "the host numbers its guests itself"
    other.ledger, lines = house.ledger, house.lines()
    with pytest.raises(StoreCorrupt, match="another store"):
        other.open()
    with other.open(ledger=False) as engine:
        assert engine.get(stranger).state is State.ACTIVE
    assert house.lines() == lines
