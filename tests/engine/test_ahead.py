"""People read ahead of their turn: used only while nothing has changed them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import pytest
from away import Opens, guest, opens, states

from profilecore import hookimpl
from profilecore.engine import agenda, due
from profilecore.engine.ahead import Ahead
from profilecore.errors import StoreError
from profilecore.model import State

__all__ = ["opens"]


class Runs:
    """What a run has read ahead, and how many of those it took."""

    def __init__(self) -> None:
        self.readings: list[Future[Any]] = []
        self.taken = 0


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Runs]:
    """Have two people done in each transaction, and watch what is read ahead."""
    seen = Runs()
    begin, take = Ahead.begin, Ahead.take

    def began(self: Ahead, *given: Any) -> None:
        begin(self, *given)
        assert self._reading is not None
        seen.readings.append(self._reading[1])

    def took(self: Ahead, *given: Any) -> Any:
        found = take(self, *given)
        seen.taken += len(found)
        return found

    monkeypatch.setattr(due, "SECONDS", 0)
    monkeypatch.setattr(due, "AT_ONCE", 2)
    monkeypatch.setattr(agenda, "PAGE_SIZE", 2)
    monkeypatch.setattr(Ahead, "begin", began)
    monkeypatch.setattr(Ahead, "take", took)
    yield seen
    assert not [t for t in threading.enumerate() if t.name.startswith("profilecore-ahead")]


def test_whom_nobody_changed_is_done_as_read(opens: Opens, runs: Runs) -> None:
    engine = opens()
    ids = [guest(engine, "2020-01-01") for _ in range(12)]
    report = engine.clear_due()
    assert set(report.ids) == set(ids)
    assert runs.taken >= 6
    assert engine.verify_receipts() == []


def test_whom_somebody_else_changed_meanwhile_is_read_anew(opens: Opens, runs: Runs) -> None:
    engine = opens()
    ids = [guest(engine, "2020-01-01") for _ in range(8)]
    came_back: list[str] = []

    def watch(report: Any, seen: int) -> None:
        if runs.readings and not came_back:
            people = [each.one.root.id for each in runs.readings[-1].result()[1]]
            assert people, "nobody was read ahead"
            came_back.extend(people)
            for id in people:
                engine.record_activity(id)

    report = engine.clear_due(watch=watch)
    assert set(report.ids) == set(ids) - set(came_back)
    assert set(states(engine, *came_back)) == {State.ACTIVE}


def test_whom_a_clear_of_the_run_changed_is_read_anew(opens: Opens, runs: Runs) -> None:
    engine = opens()
    ids = [guest(engine, "2020-01-01") for _ in range(8)]
    for id in ids[2:]:
        engine.update(id, {"relationships": [{"type": "friend", "profile_id": ids[0]}]})
    report = engine.clear_due()
    assert (set(report.ids), report.blocked) == (set(ids), {})
    assert set(states(engine, *ids)) == {State.CLEARED}


def test_whom_the_same_transaction_changed_is_read_anew(
    opens: Opens, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = opens()
    ids = [guest(engine, "2020-01-01") for _ in range(12)]
    for id in ids[4:]:
        engine.update(id, {"relationships": [{"type": "friend", "profile_id": ids[2]}]})

    def watch(report: Any, seen: int) -> None:
        if runs.readings:
            monkeypatch.setattr(due, "SECONDS", 60)

    report = engine.clear_due(watch=watch)
    assert (set(report.ids), report.blocked) == (set(ids), {})
    assert len(runs.readings) == 1, "all others were done in one transaction"


def test_a_plugin_is_asked_by_the_thread_of_the_run(opens: Opens, runs: Runs) -> None:
    class Billing:
        name = "billing"

        @hookimpl
        def profilecore_check_clear(self, plan: Any) -> None:
            asked.add(threading.get_ident())

    asked: set[int] = set()
    engine = opens(plugins=[Billing()])
    ids = {guest(engine, "2020-01-01") for _ in range(8)}
    assert set(engine.clear_due().ids) == ids
    assert asked == {threading.get_ident()}
    assert runs.taken


def test_what_cannot_be_read_ahead_is_read_in_its_turn(
    opens: Opens, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*given: Any) -> Any:
        raise StoreError("no reader is left")

    engine = opens()
    ids = {guest(engine, "2020-01-01") for _ in range(8)}
    monkeypatch.setattr(Ahead, "_work", fail)
    assert set(engine.clear_due().ids) == ids
    assert not runs.taken
