"""The parts of a transaction: each is undone alone, and begins in the store when it asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from kit import open_engine

from profilecore import Engine
from profilecore.engine.clearing import leave_receipt
from profilecore.engine.unit import Unit
from profilecore.model.events import PROFILE_UPDATED
from profilecore.store import MemoryStore

ANA = {"first_name": "Ana", "last_name": "García"}


class Boom(Exception):
    """Raised by tests."""


@pytest.fixture
def engine() -> Iterator[Engine]:
    with open_engine(MemoryStore()) as made:
        yield made


def undone(unit: Unit, work: Callable[[], object]) -> None:
    """Work in a part that ends in an exception."""

    def run() -> None:
        with unit.part():
            work()
            raise Boom

    with pytest.raises(Boom):
        run()


@pytest.mark.parametrize("flush", [False, True])
@pytest.mark.parametrize("delete", [False, True])
def test_a_part_of_a_batch_is_undone_alone(each_engine: Engine, flush: bool, delete: bool) -> None:
    id = each_engine.create(ANA).id
    with each_engine._kernel.writing() as unit, unit.batch():

        def work() -> None:
            unit.emit(PROFILE_UPDATED, "undone")
            if flush:
                unit.flush()
            if delete:
                unit.writer.delete("profile", id)

        with unit.part():
            unit.emit(PROFILE_UPDATED, "first")
        undone(unit, work)
        with unit.part():
            unit.emit(PROFILE_UPDATED, "last")
    told = [e.profile_id for e in each_engine.changes().items if e.type == PROFILE_UPDATED]
    assert told == ["first", "last"]
    assert each_engine.get(id).last_name == "García"
    assert each_engine.verify() == []


@pytest.mark.parametrize("flush", [False, True])
def test_receipts_and_deletions_of_a_batch_are_undone_with_their_part(
    each_engine: Engine, flush: bool
) -> None:
    ids = {name: each_engine.create(ANA).id for name in ("first", "undone", "last")}
    with each_engine._kernel.writing() as unit, unit.batch():

        def work(name: str) -> None:
            leave_receipt(unit, ids[name])
            unit.delete("profile", ids[name])
            if flush and name == "undone":
                unit.flush()

        with unit.part():
            work("first")
        undone(unit, lambda: work("undone"))
        with unit.part():
            work("last")
        left = list(unit.cleared)
    with each_engine._kernel.reading() as reader:
        receipts = reader.listing("receipt", None, 10)
        assert [d.owner for d in reader.listing("profile", None, 10)] == [ids["undone"]]
    assert [d.id for d in receipts] == left
    assert [d.owner for d in receipts] == [ids["first"], ids["last"]]
    assert each_engine.verify_receipts() == []


def test_an_inner_part_is_undone_without_its_outer_one(each_engine: Engine) -> None:
    kept, deleted = each_engine.create(ANA).id, each_engine.create(ANA).id
    with each_engine._kernel.writing() as unit, unit.part():
        undone(unit, lambda: unit.writer.delete("profile", kept))
        unit.writer.delete("profile", deleted)
    with each_engine._kernel.reading() as reader:
        assert reader.get("profile", kept) is not None
        assert reader.get("profile", deleted) is None


def test_an_outer_part_undoes_an_inner_one_that_alone_wrote(each_engine: Engine) -> None:
    id = each_engine.create(ANA).id
    with each_engine._kernel.writing() as unit:

        def work() -> None:
            with unit.part():
                unit.writer.delete("profile", id)

        undone(unit, work)
    assert each_engine.get(id).id == id


def test_what_is_written_past_the_unit_is_undone_with_its_part(each_engine: Engine) -> None:
    id = each_engine.create(ANA).id
    with each_engine._kernel.writing() as unit:

        def work() -> None:
            with each_engine.store.write() as writer:
                writer.delete("profile", id)

        undone(unit, work)
    assert each_engine.get(id).id == id


def test_a_part_that_asks_the_store_for_nothing_does_not_begin_there(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = engine.create(ANA).id
    begun: list[str] = []
    with engine._kernel.writing() as unit:
        writer: Any = unit.writer
        savepoint = writer.savepoint

        @contextmanager
        def counted() -> Iterator[None]:
            begun.append("part")
            with savepoint():
                yield

        monkeypatch.setattr(writer, "savepoint", counted)
        with unit.batch():
            with unit.part():
                unit.emit(PROFILE_UPDATED, id)
            assert begun == []
            with unit.part():
                unit.writer.get("profile", id)
            assert begun == ["part"]
            with unit.part():
                unit.emit(PROFILE_UPDATED, id)
        assert begun == ["part"]


def test_what_a_batch_forgets_is_said_once_without_what_was_undone(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[list[str]] = []
    with engine._kernel.writing() as unit:
        monkeypatch.setattr(unit.writer, "forget", lambda owners: told.append(list(owners)))
        with unit.batch():
            with unit.part():
                unit.forget(["one"])
            undone(unit, lambda: unit.forget(["two"]))
            with unit.part():
                unit.forget(["three"])
            assert told == []
        assert told == [["one", "three"]]
        unit.forget(["four"])
        assert told[1:] == [["four"]]
