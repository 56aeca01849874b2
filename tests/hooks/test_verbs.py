"""Verbs that plugins add to the engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from kit import open_engine

from profilecore import Actor, AsyncEngine, Engine, NotFound, hookimpl
from profilecore.hooks import Verb

ANA = {"first_name": "Ana", "last_name": "García"}


def knock(engine: Engine, profile_id: str, *, word: str = "Room") -> str:
    """Tell whose door it is."""
    return f"{word} of {engine.get(profile_id).first_name}, asks {engine.actor.id}"


class Knocking:
    name = "knocking"

    def __init__(self, verb: str = "knock") -> None:
        self.verb = verb

    @hookimpl
    def profilecore_register_verbs(self, register: Callable[[str, Verb], None]) -> None:
        register(self.verb, knock)


class KnockingToo(Knocking):
    name = "knocking-too"


def test_a_verb_works_as_the_acting_person_and_in_the_open_transaction() -> None:
    engine: Any = open_engine(plugins=[Knocking()])
    with engine.acting(Actor("desk")), engine.transaction():
        ana = engine.create(ANA)
        assert engine.knock(ana.id, word="Door") == "Door of Ana, asks desk"


def test_a_verb_shows_as_any_other_of_the_engine() -> None:
    engine: Any = open_engine(plugins=[Knocking()])
    assert "knock" in dir(engine)
    assert engine.knock.__doc__ == knock.__doc__


def test_what_a_verb_raises_reaches_the_caller() -> None:
    engine: Any = open_engine(plugins=[Knocking()])
    with pytest.raises(NotFound):
        engine.knock("nobody")


@pytest.mark.anyio
async def test_a_verb_is_awaited_of_the_asynchronous_engine() -> None:
    engine: Any = AsyncEngine(open_engine(plugins=[Knocking()]))
    ana = await engine.create(ANA)
    assert await engine.knock(ana.id, word="Door") == "Door of Ana, asks chain"
    with pytest.raises(AttributeError, match="knok"):
        engine.knok  # noqa: B018  # looked up and no more


@pytest.mark.parametrize("name", ["create", "plugins", "run", "sync", "_kernel", "no verb", ""])
def test_a_verb_has_a_name_of_its_own(name: str) -> None:
    engine = open_engine(plugins=[Knocking(name)])
    assert [failure.hook for failure in engine.plugins.failures] == ["profilecore_register_verbs"]
    assert engine.create(ANA).first_name == "Ana"


def test_of_two_plugins_with_one_verb_the_second_is_left_out_and_named() -> None:
    engine: Any = open_engine(plugins=[KnockingToo(), Knocking()])
    assert [failure.plugin for failure in engine.plugins.failures] == ["knocking-too"]
    assert engine.knock(engine.create(ANA).id).startswith("Room of Ana")


def test_an_engine_without_the_plugin_has_no_such_verb() -> None:
    engine: Any = open_engine()
    with pytest.raises(AttributeError, match="'Engine' object has no attribute 'knock'"):
        engine.knock("id")
