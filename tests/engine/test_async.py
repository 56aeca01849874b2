"""The engine for asynchronous hosts."""

from __future__ import annotations

import inspect
from typing import Any

import anyio
import pytest
from kit import P1, PNG, open_engine

from profilecore import AsyncEngine, Engine, NotFound, ProfilecoreError
from profilecore.store import Store

pytestmark = pytest.mark.anyio
# These work on the context of the caller, so they stay synchronous.
SYNCHRONOUS = {"acting", "transaction", "open", "store"}


@pytest.fixture(params=["asyncio"])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return request.param


def verbs(cls: type) -> dict[str, inspect.Signature]:
    return {
        name: inspect.signature(member)
        for name, member in inspect.getmembers(cls, inspect.isfunction)
        if not name.startswith("_")
    }


def test_it_has_the_same_verbs() -> None:
    missing = verbs(Engine).keys() - verbs(AsyncEngine).keys()
    assert missing == SYNCHRONOUS & verbs(Engine).keys()
    assert verbs(AsyncEngine).keys() - verbs(Engine).keys() == {"run"}


@pytest.mark.parametrize("name", sorted(verbs(Engine).keys() & verbs(AsyncEngine).keys()))
def test_a_verb_takes_the_same_parameters(name: str) -> None:
    plain, awaited = verbs(Engine)[name].parameters, verbs(AsyncEngine)[name].parameters
    passes_on = any(p.kind is p.VAR_KEYWORD for p in awaited.values())
    for parameter in plain.values():
        if parameter.name in awaited:
            twin = awaited[parameter.name]
            assert (twin.kind, twin.default) == (parameter.kind, parameter.default)
        else:
            assert passes_on, parameter
            assert parameter.kind in (parameter.KEYWORD_ONLY, parameter.VAR_KEYWORD), parameter
    named = {n for n, p in awaited.items() if p.kind is not p.VAR_KEYWORD}
    assert named <= plain.keys()


async def test_verbs_are_awaited(store: Store) -> None:
    engine = AsyncEngine(open_engine(store))
    a = await engine.create({"last_name": "García"}, key="k")
    b = await engine.create({"last_name": "Garcia"})
    await engine.update(a.id, {"title": "miss"}, if_version=1)
    await engine.record_stay(b.id, {"property_id": "P1"})
    file = await engine.attach(b.id, "a.png", PNG)
    merge = await engine.merge(await engine.plan_merge(a.id, [b.id]))
    assert [p.id for p in (await engine.search("garc", limit=5)).items] == [a.id]
    assert await engine.read_file(file.id) == PNG
    assert (await engine.unmerge(merge.id)).exact
    receipt = await engine.clear(await engine.plan_clear(b.id), reason="asked")
    assert await engine.receipt(b.id) == receipt
    with pytest.raises(NotFound):
        await engine.get("nobody")


async def test_many_verbs_run_at_once(store: Store) -> None:
    engine = AsyncEngine(open_engine(store), threads=4)
    made = await engine.create({"last_name": "x"})
    async with anyio.create_task_group() as tasks:
        for n in range(20):
            tasks.start_soon(engine.update, made.id, {"tags": {"add": [str(n)]}})
    assert len((await engine.get(made.id)).tags) == 20


async def test_who_acts_is_known_in_the_worker_thread() -> None:
    engine = AsyncEngine(open_engine())
    with engine.sync.acting(P1):
        made = await engine.create({"last_name": "x", "shared_level": "property"})
    event = (await engine.changes()).items[0]
    assert (event.actor, event.property_id) == ("desk-1", "P1")
    assert made.property_id == "P1"


async def test_several_verbs_in_one_transaction_are_one_function() -> None:
    engine = AsyncEngine(open_engine())

    def both(names: list[str]) -> list[str]:
        with engine.sync.transaction():
            return [engine.sync.create({"last_name": name}).id for name in names]

    assert len(await engine.run(both, ["a", "b"])) == 2
    with pytest.raises(ValueError, match="last_name"):
        await engine.run(both, ["c", ""])
    assert len((await engine.search()).items) == 2


async def test_a_transaction_does_not_reach_into_worker_threads() -> None:
    engine = AsyncEngine(open_engine())
    with engine.sync.transaction(), pytest.raises(ProfilecoreError, match="thread"):
        await engine.create({"last_name": "x"})


async def test_it_opens_and_closes() -> None:
    async with await AsyncEngine.open("memory://", discover=False, threads=2) as engine:
        await engine.create({"last_name": "x"})
        await engine.deliver()
        assert await engine.scrub() == 0


async def test_a_cancelled_verb_happened_wholly_or_not_at_all() -> None:
    engine = AsyncEngine(open_engine())
    with anyio.move_on_after(0):
        await engine.create({"last_name": "x", "tags": ["t"]}, key="k")
    found = (await engine.search()).items
    assert [p.tags for p in found] in ([], [("t",)])
    assert len((await engine.changes()).items) == len(found)
