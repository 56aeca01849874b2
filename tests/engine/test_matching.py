"""Matches by a plugin, and what a create does about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from kit import open_engine

from profilecore import Engine, InvalidProfile, Match, MatchFound, PluginError, Profile, hookimpl
from profilecore.errors import WrongValue
from profilecore.hooks import Matcher
from profilecore.store import Store

ANA = {"first_name": "Ana", "last_name": "García", "emails": ["ana@example.org"]}
ALIKE = {"first_name": "Anna", "last_name": "Garcia", "emails": ["ana@example.org"]}


class ByAddress:
    """Whoever has the address may be the person; with the same first name surely is."""

    def __init__(self, name: str = "by-address", weight: float = 3.0) -> None:
        self.name, self.weight = name, weight

    def __call__(self, engine: Engine, profile: Profile, limit: int) -> Iterator[Match]:
        keys = [("email", email.value) for email in profile.emails]
        ids = [id for found in engine.look_up(keys).values() for id in found if id != profile.id]
        for page in engine.extract(["id", "first_name"], profile_ids=ids):
            for row in page:
                sure = row["first_name"] == profile.first_name
                yield Match(row["id"], self.weight, 0.9, "match" if sure else "review")


class Fails:
    name = "fails"

    def __call__(self, engine: Engine, profile: Profile, limit: int) -> list[Match]:
        raise KeyError(profile.last_name)


class Plugin:
    def __init__(self, *matchers: Matcher) -> None:
        self.name, self.matchers = "matching", matchers

    @hookimpl
    def profilecore_register_matchers(self, register: Callable[[Matcher], None]) -> None:
        for matcher in self.matchers:
            register(matcher)


@pytest.fixture
def engine(store: Store) -> Engine:
    return open_engine(store, plugins=[Plugin(ByAddress())])


def test_the_stored_are_found_the_likeliest_first(engine: Engine) -> None:
    ana, anna = engine.create(ANA), engine.create(ALIKE)
    for what in (ana, ana.id):
        assert [m.profile_id for m in engine.matches(what)] == [anna.id]
    found = engine.matches(ALIKE)
    assert [(m.profile_id, m.decision) for m in found] == [(ana.id, "review"), (anna.id, "match")]
    assert [m.profile_id for m in engine.matches(ALIKE, limit=1)] == [ana.id]


def test_of_several_matchers_the_best_answer_counts(store: Store) -> None:
    plugin = Plugin(ByAddress("a", weight=1.0), ByAddress("b", weight=4.0))
    engine = open_engine(store, plugins=[plugin])
    engine.create(ANA)
    assert [m.weight for m in engine.matches(ALIKE)] == [4.0]


def test_refuse_tells_who_is_there_and_writes_nothing(engine: Engine) -> None:
    ana = engine.create(ANA, on_match="refuse")
    with pytest.raises(MatchFound) as refused:
        engine.create(ALIKE, on_match="refuse")
    assert [m.profile_id for m in refused.value.matches] == [ana.id]
    assert refused.value.details()["matches"][0]["profile_id"] == ana.id
    assert len(engine.changes().items) == 1
    assert "Anna" not in str(refused.value)


def test_warn_creates_and_the_feed_names_the_matches(engine: Engine) -> None:
    ana = engine.create(ANA, on_match="warn")
    anna = engine.create(ALIKE, on_match="warn")
    told = [(e.type, e.profile_id, e.related) for e in engine.changes().items]
    assert told == [
        ("profile.created", ana.id, ()),
        ("profile.created", anna.id, ()),
        ("matches.found", anna.id, (ana.id,)),
    ]


def test_use_takes_the_stored_profile_where_it_is_safe(engine: Engine) -> None:
    ana = engine.create(ANA)
    same = engine.create(ANA | {"title": "miss"}, on_match="use", key="k")
    told = engine.changes().items[-1]
    assert (told.type, told.profile_id) == ("document.stored", ana.id), "that of the key"
    assert same == ana
    assert engine.create(ANA | {"title": "miss"}, on_match="use", key="k") == ana
    other = engine.create(ALIKE, on_match="use")
    assert other.id != ana.id
    assert engine.changes().items[-1].type == "matches.found"


def test_a_repeated_request_does_not_match_itself(engine: Engine) -> None:
    ana = engine.create(ANA, on_match="refuse", key="k")
    assert engine.create(ANA, on_match="refuse", key="k") == ana


def test_a_matcher_that_fails_is_named_without_its_words(store: Store) -> None:
    engine = open_engine(store, plugins=[Plugin(Fails())])
    with pytest.raises(PluginError) as failed:
        engine.create(ANA, on_match="warn")
    assert failed.value.plugin == "fails"
    assert "García" not in str(failed.value)
    assert engine.changes().items == ()


def test_without_a_matcher_the_answer_says_what_to_install(each_engine: Engine) -> None:
    with pytest.raises(PluginError, match="profilecore-duplicates"):
        each_engine.matches(ANA)


def test_wrong_requests_are_named(engine: Engine) -> None:
    with pytest.raises(WrongValue):
        engine.create(ANA, on_match="perhaps")
    with pytest.raises(InvalidProfile):
        engine.matches(ANA, limit=0)
    with pytest.raises(InvalidProfile):
        engine.matches({"first_name": 3})
