"""Terms made anew: for profiles that are older than a plugin's keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from kit import open_engine

from profilecore import Engine, Profile, hookimpl
from profilecore.engine import reindexing
from profilecore.rules.terms import TermSource
from profilecore.store import Store

KEY = ("birth-year", "1984")


def birth_year(profile: Profile) -> Iterator[tuple[str, str]]:
    if profile.birth_date:
        yield "birth-year", profile.birth_date[:4]


class BirthYears:
    def __init__(self, name: str = "birth-years") -> None:
        self.name = name

    @hookimpl
    def profilecore_register_terms(self, register: Callable[[TermSource], None]) -> None:
        register(birth_year)


def filled(store: Store, count: int) -> list[Profile]:
    engine = open_engine(store)
    return [
        engine.create({"last_name": f"N{number}", "birth_date": "1984-05-17"})
        for number in range(count)
    ]


@pytest.fixture
def in_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reindexing, "AT_ONCE", 2)


def test_older_profiles_are_found_by_a_new_plugins_keys(store: Store, in_pages: None) -> None:
    made = filled(store, 5)
    engine = open_engine(store, plugins=[BirthYears()])
    assert engine.look_up([KEY]) == {}
    told: list[int] = []
    assert engine.reindex(told.append) == 5
    assert told == [2, 4, 5]
    assert engine.look_up([KEY]) == {KEY: [p.id for p in made]}
    assert [engine.get(p.id) for p in made] == made
    assert engine.search("N3").items == (made[3],)


def test_the_merged_and_the_cleared_stay_out(store: Store) -> None:
    a, b, c = (p.id for p in filled(store, 3))
    engine = open_engine(store, plugins=[BirthYears()])
    engine.merge(engine.plan_merge(a, [b]))
    engine.clear(c)
    engine.reindex()
    assert engine.look_up([KEY]) == {KEY: [a]}


def stopped_after(engine: Engine, pages: int) -> None:
    seen: list[int] = []

    def stop(done: int) -> None:
        seen.append(done)
        if len(seen) == pages:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        engine.reindex(stop)


def test_it_goes_on_where_it_was_interrupted(store: Store, in_pages: None) -> None:
    made = filled(store, 5)
    engine = open_engine(store, plugins=[BirthYears()])
    stopped_after(engine, 1)
    told: list[int] = []
    assert engine.reindex(told.append) == 5
    assert told == [4, 5]
    assert engine.look_up([KEY]) == {KEY: [p.id for p in made]}
    assert engine.reindex() == 5


def test_with_other_plugins_it_begins_anew(store: Store, in_pages: None) -> None:
    filled(store, 5)
    stopped_after(open_engine(store, plugins=[BirthYears()]), 1)
    told: list[int] = []
    open_engine(store, plugins=[BirthYears("others")]).reindex(told.append)
    assert told == [2, 4, 5]


def test_an_empty_store_has_nothing_to_index(each_engine: Engine) -> None:
    assert each_engine.reindex() == 0
