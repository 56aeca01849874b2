"""One transaction: all of it or nothing of it; a failing store leaves no half of anything."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from kit import PNG, Clock, Ids, dump, open_engine

from profilecore import Engine, NotFound, ProfilecoreError, hookimpl
from profilecore.store import MemoryStore

ANA = {"first_name": "Ana", "last_name": "García", "emails": ["ana@example.org"]}


class Boom(Exception):
    """Raised by tests."""


def undone(engine: Engine, work: Callable[[], object]) -> None:
    """Work in a transaction that ends in an exception."""

    def run() -> None:
        with engine.transaction():
            work()
            raise Boom

    with pytest.raises(Boom):
        run()


class Recorder:
    name = "recorder"

    def __init__(self) -> None:
        self.seen: list[str] = []

    @hookimpl
    def profilecore_on_event(self, event: Any) -> None:
        self.seen.append(event.type)


def test_several_verbs_commit_together(each_engine: Engine) -> None:
    with each_engine.transaction():
        a = each_engine.create(ANA)
        b = each_engine.create(ANA)
        assert each_engine.get(a.id) == a
        assert {p.id for p in each_engine.search("garcia").items} == {a.id, b.id}
        each_engine.update(a.id, {"title": "miss"})
        each_engine.merge(each_engine.plan_merge(a.id, [b.id]))
        each_engine.attach(a.id, "a.png", PNG)
    assert each_engine.get(b.id).id == a.id
    assert [e.type for e in each_engine.changes().items] == [
        "profile.created",
        "profile.created",
        "profile.updated",
        "profiles.merged",
        "file.attached",
    ]


def test_an_exception_undoes_all_of_them(each_engine: Engine) -> None:
    old = each_engine.create(ANA)
    made: list[str] = []

    def work() -> None:
        each_engine.update(old.id, {"title": "miss"})
        made.append(each_engine.create(ANA | {"last_name": "Neu"}).id)
        made.append(each_engine.attach(old.id, "a.png", PNG).id)
        each_engine.clear(old.id)

    undone(each_engine, work)
    assert each_engine.get(old.id) == old
    assert each_engine.files(old.id) == []
    assert each_engine.search("neu").items == ()
    assert len(each_engine.changes().items) == 1
    for gone, id in zip((each_engine.get, each_engine.read_file), made, strict=True):
        with pytest.raises(NotFound):
            gone(id)


def test_an_undone_transaction_leaves_no_trace(engine: Engine) -> None:
    old, other = engine.create(ANA), engine.create(ANA)
    before = dump(engine.store)

    def work() -> None:
        engine.update(old.id, {"emails": ["b@example.org"], "tags": ["vip"]})
        engine.unmerge(engine.merge(engine.plan_merge(old.id, [other.id])).id)
        engine.detach(engine.attach(old.id, "a.png", PNG).id)
        engine.attach(old.id, "b.png", PNG)
        engine.clear(other.id)

    undone(engine, work)
    assert dump(engine.store) == before


def test_an_inner_transaction_belongs_to_the_outer_one(each_engine: Engine) -> None:

    def work() -> None:
        with each_engine.transaction():
            each_engine.create(ANA)
        assert len(each_engine.search().items) == 1

    undone(each_engine, work)
    assert each_engine.search().items == ()


def test_observers_are_told_after_the_outermost_commit(clock: Clock) -> None:
    recorder = Recorder()
    engine = open_engine(plugins=[recorder])
    with engine.transaction():
        engine.create(ANA)
        with engine.transaction():
            engine.create(ANA)
        assert recorder.seen == []
    assert recorder.seen == ["profile.created"] * 2
    undone(engine, lambda: engine.create(ANA))
    assert len(recorder.seen) == 2


def test_a_transaction_belongs_to_its_thread(engine: Engine) -> None:
    import contextvars

    raised: list[BaseException] = []

    def stray() -> None:
        try:
            engine.create(ANA)
        except ProfilecoreError as error:
            raised.append(error)

    with engine.transaction():
        thread = threading.Thread(target=contextvars.copy_context().run, args=(stray,))
        thread.start()
        thread.join()
    assert len(raised) == 1
    assert engine.search().items == ()


def test_a_refused_verb_leaves_the_rest_of_the_transaction_good(each_engine: Engine) -> None:
    with each_engine.transaction():
        made = each_engine.create(ANA)
        with pytest.raises(ValueError, match="/emails/0"):
            each_engine.update(made.id, {"emails": ["no"]})
        with pytest.raises(NotFound):
            each_engine.get("nobody")
        each_engine.update(made.id, {"title": "miss"})
    assert each_engine.get(made.id).version == 2


def test_a_store_that_cannot_join_says_so(engine: Engine) -> None:
    with pytest.raises(ProfilecoreError, match="join"), engine.transaction(connection=object()):
        pass


# ---- a store that fails at every call in turn

Operation = Callable[[Engine, dict[str, str]], object]


def world(engine: Engine) -> dict[str, str]:
    """Make two rich profiles, a merged one, and a friend."""
    a = engine.create(ANA, key="a")
    b = engine.create(ANA | {"last_name": "Garcia", "tags": ["vip"]})
    c = engine.create(ANA | {"title": "miss"})
    merge = engine.merge(engine.plan_merge(b.id, [c.id])).id
    edge = {"type": "friend", "profile_id": a.id}
    friend = engine.create({"last_name": "Friend", "relationships": [edge]})
    file = engine.attach(a.id, "a.png", PNG)
    hold = engine.place_hold(b.id, kind="open-bill")
    engine.release_hold(hold.id)
    engine.record_stay(a.id, {"property_id": "P1", "reference": "17", "unit": "4"})
    return {
        "a": a.id, "b": b.id, "merge": merge, "friend": friend.id, "file": file.id,
    }  # fmt: skip


OPERATIONS: dict[str, Operation] = {
    "create": lambda e, w: e.create(
        ANA | {"external_ids": [{"system": "x", "value": "1"}]}, key="k"
    ),
    "update": lambda e, w: e.update(w["a"], {"last_name": "Neu", "notes": ["n"]}),
    "merge": lambda e, w: e.merge(e.plan_merge(w["a"], [w["b"]])),
    "unmerge": lambda e, w: e.unmerge(w["merge"]),
    "clear": lambda e, w: e.clear(w["a"]),
    "clear of a family": lambda e, w: e.clear(w["b"]),
    "hold": lambda e, w: e.place_hold(w["a"], kind="open-bill"),
    "stay": lambda e, w: e.record_stay(w["a"], {"property_id": "P1", "reference": "17"}),
    "attach": lambda e, w: e.attach(w["a"], "b.png", PNG),
    "detach": lambda e, w: e.detach(w["file"]),
    "load": lambda e, w: e.load([{"last_name": "R1"}, ANA], source="s", workers=0),
}  # fmt: skip


def prepared() -> tuple[Any, Engine, dict[str, str]]:
    from profilecore.testing.faults import FaultyStore

    inner = MemoryStore()
    inner._salt = b"the same in all!"
    store = FaultyStore(inner)
    engine = open_engine(store, clock=Clock(), new_id=Ids())
    return store, engine, world(engine)


def _done(state: Any) -> set[Any]:
    return {row for row in state["rows"] if row[0] != "scrub"}


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_failure_at_any_call_leaves_the_state_before_or_after(name: str) -> None:
    run = OPERATIONS[name]
    store, engine, ids = prepared()
    before = dump(store)
    store.reset()
    run(engine, ids)
    calls, names, after = store.calls, list(store.names), dump(store)
    assert after["rows"] != before["rows"] or name == "stay"
    committed = names.index("commit") + 1
    for number in range(1, calls + 1):
        store, engine, ids = prepared()
        store.reset(fail_at=number)
        try:
            run(engine, ids)
            raised = False
        except ProfilecoreError:
            raised = True
        store.reset()
        now = dump(store)
        if number <= committed:
            assert raised, names[number - 1]
            assert now == before, (number, names[number - 1])
        else:
            # What follows the commit (a scrub) is taken up again; the verb itself is done.
            assert _done(now) == _done(after), (number, names[number - 1])
        if name.startswith("clear") and number > committed:
            engine.scrub()
            assert engine.receipt(ids["a" if name == "clear" else "b"]).erased_at is not None


@pytest.mark.parametrize("name", OPERATIONS)
def test_after_a_failure_the_same_verb_succeeds(name: str) -> None:
    store, engine, ids = prepared()
    reference_store, reference, reference_ids = prepared()
    OPERATIONS[name](reference, reference_ids)
    store.reset()
    store.fail_at = 3
    with pytest.raises(ProfilecoreError):
        OPERATIONS[name](engine, ids)
    store.reset()
    OPERATIONS[name](engine, ids)
    assert len(dump(store)["rows"]) == len(dump(reference_store)["rows"])


def test_the_documents_of_a_transaction_that_failed_at_its_commit_are_gone() -> None:
    before = dump(prepared()[0])
    calls = 0
    for number in range(1, 60):
        store, engine, ids = prepared()
        store.reset(fail_at=number)
        try:
            with engine.transaction():
                engine.update(ids["a"], {"title": "mx"})
                engine.create(ANA)
        except ProfilecoreError:
            calls += 1
            assert dump(store) == before
        else:
            break
    assert calls > 5


def test_a_write_does_not_fall_into_the_transaction_of_another_task(engine: Engine) -> None:
    async def wait_inside(begun: asyncio.Event, tried: asyncio.Event) -> None:
        with engine.transaction():
            engine.create({"last_name": "García"})
            begun.set()
            await tried.wait()

    async def both() -> None:
        begun, tried = asyncio.Event(), asyncio.Event()
        waiting = asyncio.create_task(wait_inside(begun, tried))
        await begun.wait()
        with pytest.raises(ProfilecoreError, match="another task"):
            engine.create({"last_name": "Garcia"})
        tried.set()
        await waiting

    asyncio.run(both())
    assert [p.last_name for p in engine.search("garcia").items] == ["García"]
    engine.create({"last_name": "Garcia"})
