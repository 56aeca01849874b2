"""Observers are told after the commit, each for itself; a failure is made good later."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from kit import Ids, open_engine

from profilecore import Blocker, ClearPlan, Engine, Event, PluginError, hookimpl
from profilecore.store import MemoryStore, Store

GUEST = {"last_name": "García"}


class Observer:
    def __init__(self, name: str) -> None:
        self.name = name
        self.seen: list[str] = []
        self.tried: list[str] = []
        self.failure: BaseException | None = None

    @hookimpl
    def profilecore_on_event(self, event: Event) -> None:
        self.tried.append(event.profile_id)
        if self.failure is not None:
            raise self.failure
        self.seen.append(event.profile_id)


@pytest.mark.parametrize("failure", [ValueError("Ana García"), SystemExit(1)])
def test_a_failing_observer_stops_neither_the_verb_nor_the_others(
    failure: BaseException, caplog: pytest.LogCaptureFixture, store: Store
) -> None:
    broken, sound = Observer("a-broken"), Observer("b-sound")
    engine = open_engine(store, plugins=[broken, sound])
    broken.failure = failure
    made = engine.create(GUEST)
    assert sound.seen == [made.id]
    assert engine.get(made.id) == made
    (record,) = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert "a-broken" in record.getMessage()
    assert "profilecore_on_event" in record.getMessage()
    assert "Ana" not in record.getMessage()


def test_a_missed_event_is_offered_again_before_newer_ones(store: Store) -> None:
    observer = Observer("observer")
    engine = open_engine(store, plugins=[observer])
    observer.failure = ValueError()
    missed = [engine.create(GUEST).id for _ in range(3)]
    assert observer.seen == []
    observer.failure = None
    newer = engine.create(GUEST).id
    assert observer.seen == [*missed, newer]
    engine.create(GUEST)
    assert len(observer.seen) == 5


def test_while_it_fails_it_is_asked_once_a_delivery() -> None:
    observer = Observer("observer")
    engine = open_engine(plugins=[observer])
    observer.failure = ValueError()
    first = engine.create(GUEST).id
    with engine.transaction():
        for _ in range(5):
            engine.create(GUEST)
    assert observer.tried == [first, first]
    observer.failure = None
    engine.deliver()
    assert observer.seen == [e.profile_id for e in engine.changes().items]


def test_a_missed_event_survives_the_engine(store: Store) -> None:
    first = Observer("observer")
    engine = open_engine(store, plugins=[first])
    first.failure = ValueError()
    missed = engine.create(GUEST).id
    stranger = Observer("stranger")
    open_engine(store, plugins=[stranger], new_id=Ids("s")).deliver()
    assert stranger.seen == []
    again = Observer("observer")
    open_engine(store, plugins=[again], new_id=Ids("t")).deliver()
    assert again.seen == [missed]


def test_a_missed_event_of_one_plugin_is_not_told_to_another_again() -> None:
    broken, sound = Observer("broken"), Observer("sound")
    engine = open_engine(plugins=[broken, sound])
    broken.failure = ValueError()
    first = engine.create(GUEST).id
    broken.failure = None
    second = engine.create(GUEST).id
    assert broken.seen == sound.seen == [first, second]


def test_more_than_a_thousand_missed_events_keep_their_order() -> None:
    observer = Observer("observer")
    engine = open_engine(plugins=[observer])
    observer.failure = ValueError()
    with engine.transaction():
        missed = [engine.create(GUEST).id for _ in range(1_003)]
    observer.failure = None
    newer = engine.create(GUEST).id
    assert observer.seen == [*missed, newer]


class Tagger:
    """Writes through the engine when told of a new profile."""

    name = "tagger"

    def __init__(self) -> None:
        self.engine: Engine | None = None
        self.seen: list[tuple[str, int]] = []

    @hookimpl
    def profilecore_on_event(self, event: Event) -> None:
        self.seen.append((event.type, event.seq))
        if event.type == "profile.created" and self.engine is not None:
            self.engine.update(event.profile_id, {"tags": {"add": ["new"]}})


def test_an_observer_may_call_the_engine(store: Store) -> None:
    tagger = Tagger()
    engine = tagger.engine = open_engine(store, plugins=[tagger])
    made = engine.create(GUEST)
    assert engine.get(made.id).tags == ("new",)
    assert tagger.seen == [("profile.created", 1), ("profile.updated", 2)]
    with engine.transaction():
        engine.create(GUEST)
        engine.create(GUEST)
    assert [seq for _, seq in tagger.seen] == [1, 2, 3, 4, 5, 6]


def test_an_observer_may_leave_the_event_out_of_its_parameters() -> None:
    class Counter:
        name = "counter"
        count = 0

        @hookimpl
        def profilecore_on_event(self) -> None:
            self.count += 1

    counter = Counter()
    engine = open_engine(plugins=[counter])
    engine.create(GUEST)
    engine.create(GUEST)
    assert counter.count == 2


def test_events_are_told_without_the_values(store: Store) -> None:
    told: list[Any] = []

    class Teller:
        name = "teller"

        @hookimpl
        def profilecore_on_event(self, event: Event) -> None:
            told.append(event)

    engine = open_engine(store, plugins=[Teller()])
    engine.create(GUEST | {"emails": ["ana@example.org"]})
    assert {"emails", "last_name"} <= set(told[0].fields)
    assert "ana" not in repr(told).casefold()


def test_without_observers_nothing_is_kept_for_them() -> None:
    engine = open_engine(MemoryStore())
    engine.create(GUEST)
    with engine.store.read() as reader:
        assert reader.count("undelivered") == 0


class Keeper:
    """Fails to keep its engine, and so cannot decide."""

    name = "keeper"

    @hookimpl
    def profilecore_on_open(self, engine: Engine) -> None:
        raise ValueError("Ana García")

    @hookimpl
    def profilecore_check_clear(self, plan: ClearPlan) -> list[Blocker]:
        raise LookupError


def test_a_plugin_that_fails_on_opening_is_named_and_decides_no() -> None:
    engine = open_engine(plugins=[Keeper()])
    (failure,) = engine.plugins.failures
    assert (failure.plugin, failure.hook) == ("keeper", "profilecore_on_open")
    assert "Ana" not in str(failure)
    made = engine.create(GUEST)
    assert [b.code for b in engine.plan_clear(made.id).blockers] == ["plugin-failed"]
    with pytest.raises(PluginError):
        open_engine(plugins=[Keeper()], strict=True)
