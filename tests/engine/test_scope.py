"""To another property, what belongs to a property does not exist: every verb, both ways."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import attrs
import msgspec
import pytest
from kit import P1, P2, PNG

from profilecore import Actor, Engine, InvalidProfile, Note, NotFound, ProfilecoreError
from profilecore.model import Preference
from profilecore.model.fields import evolve

M = "zqforeign"
CHAIN = Actor("chain")


@attrs.define
class World:
    """A shared and a private profile, each with everything that can belong to a property."""

    engine: Engine
    shared: str
    twin: str
    private: str
    hold: str
    file: str
    private_hold: str
    private_file: str
    private_merge: str


def owned(engine: Engine, id: str, property_id: str | None) -> tuple[str, str]:
    hold = engine.place_hold(id, kind=f"{M}-kind", property_id=property_id, ref=f"{M}-ref")
    file = engine.attach(id, f"{M}.png", PNG + M.encode(), property_id=property_id)
    return hold.id, file.id


@pytest.fixture
def world(engine: Engine) -> World:
    scoped: dict[str, Any] = {
        "notes": [{"text": f"{M}-note", "property_id": "P1"}],
        "preferences": [
            {"group": "room", "code": f"{M}-code", "value": f"{M}-value", "property_id": "P1"}
        ],
        "restrictions": [{"kind": "blocklist", "text": f"{M}-why", "property_id": "P1"}],
        "consents": [{"purpose": f"{M}-purpose", "status": "granted", "property_id": "P1"}],
    }
    shared = engine.create({"last_name": "Shared"} | scoped, key="shared").id
    twin = engine.create({"last_name": "Twin"} | scoped).id
    with engine.acting(P1):
        own = {"shared_level": "property", "last_name": f"{M}-private", "tags": [f"{M}-tag"]}
        private = engine.create(own).id
        other = engine.create(own).id
        merge = engine.merge(engine.plan_merge(private, [other])).id
        hold, file = owned(engine, shared, "P1")
    owned(engine, twin, "P1")
    private_hold, private_file = owned(engine, private, None)
    return World(engine, shared, twin, private, hold, file, private_hold, private_file, merge)


def shown(value: Any) -> str:
    """Give all bytes of an answer, however deep."""
    if attrs.has(type(value)):
        return shown({f.name: getattr(value, f.name) for f in attrs.fields(type(value))}) + repr(
            value
        )
    if isinstance(value, dict):
        return "".join(shown(k) + shown(v) for k, v in value.items())
    if isinstance(value, list | tuple | set):
        return "".join(map(shown, value))
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return str(value)


# What every verb answers about a shared profile that has things of P1.
VERBS: dict[str, Callable[[Engine, str, str], Any]] = {
    "get": lambda e, id, _: e.get(id),
    "path": lambda e, id, _: e.path(id),
    "update": lambda e, id, _: e.update(id, {"title": "miss"}),
    "update scoped": lambda e, id, _: e.update(
        id, {"notes": ["own"], "preferences": [], "restrictions": None, "consents": []}
    ),
    "search": lambda e, id, _: (e.search("shared"), e.search(), e.search("twin")),
    "relationships": lambda e, id, _: e.relationships(id),
    "plan_merge": lambda e, id, other: e.plan_merge(id, [other]),
    "merge": lambda e, id, other: (e.merge(e.plan_merge(id, [other])), e.get(other)),
    "unmerge": lambda e, id, other: e.unmerge(e.merge(e.plan_merge(id, [other])).id),
    "unmerge twice": lambda e, id, other: [
        e.unmerge(m) for m in [e.merge(e.plan_merge(id, [other])).id] * 2
    ],
    "merges": lambda e, id, other: (e.merge(e.plan_merge(id, [other])), e.merges(id)),
    "plan_clear": lambda e, id, _: e.plan_clear(id),
    "clear": lambda e, id, _: e.clear(id),
    "place_hold": lambda e, id, _: e.place_hold(id, kind="own"),
    "holds": lambda e, id, _: e.holds(id),
    "record_stay": lambda e, id, _: e.record_stay(
        id, {"property_id": e._kernel.actor.property_id}
    ),
    "stays": lambda e, id, _: e.stays(id),
    "attach": lambda e, id, _: e.attach(id, "own.png", PNG),
    "files": lambda e, id, _: e.files(id),
    "access": lambda e, id, _: e.access(id),
    "access_page": lambda e, id, _: e.access_page(id),
    "access after a merge": lambda e, id, other: (
        e.merge(e.plan_merge(id, [other])), e.access(id),
    ),
    "check": lambda e, id, _: e.check(id),
    "changes": lambda e, id, _: e.changes(),
}  # fmt: skip


@pytest.mark.parametrize("verb", VERBS)
def test_no_answer_or_error_holds_a_byte_of_another_property(world: World, verb: str) -> None:
    with world.engine.acting(P2):
        try:
            answer = VERBS[verb](world.engine, world.shared, world.twin)
        except ProfilecoreError as error:
            answer = (str(error), repr(error), dict(error.details()))
    text = shown(answer)
    assert M not in text
    assert world.hold not in text
    assert world.file not in text


@pytest.mark.parametrize("verb", VERBS)
def test_the_property_itself_is_not_hindered(world: World, verb: str) -> None:
    with world.engine.acting(P1):
        for id in (world.hold, world.private_hold):
            world.engine.release_hold(id)
        VERBS[verb](world.engine, world.shared, world.twin)


# Verbs that name a profile, asked for a private profile of another property.
NAMED: dict[str, Callable[[Engine, str], Any]] = {
    "get": lambda e, id: e.get(id),
    "path": lambda e, id: e.path(id),
    "update": lambda e, id: e.update(id, {"title": "miss"}),
    "relationships": lambda e, id: e.relationships(id),
    "plan_merge as survivor": lambda e, id: e.plan_merge(id, [id]),
    "plan_clear": lambda e, id: e.plan_clear(id),
    "clear": lambda e, id: e.clear(id),
    "receipt": lambda e, id: e.receipt(id),
    "merges": lambda e, id: e.merges(id),
    "place_hold": lambda e, id: e.place_hold(id, kind="own"),
    "holds": lambda e, id: e.holds(id),
    "record_stay": lambda e, id: e.record_stay(
        id, {"property_id": e._kernel.actor.property_id}
    ),
    "stays": lambda e, id: e.stays(id),
    "attach": lambda e, id: e.attach(id, "own.png", PNG),
    "files": lambda e, id: e.files(id),
    "access": lambda e, id: e.access(id),
    "access_page": lambda e, id: e.access_page(id),
    "check": lambda e, id: e.check(id),
}  # fmt: skip


def outcome(call: Callable[[], Any], *ids: str) -> tuple[Any, ...]:
    """Give an error with its ids taken out, so that two can be compared."""
    with pytest.raises(ProfilecoreError) as raised:
        call()
    text = repr((str(raised.value), dict(raised.value.details())))
    for id in ids:
        text = text.replace(id, "<id>")
    return type(raised.value), text


@pytest.mark.parametrize("verb", NAMED)
def test_a_private_profile_and_an_unknown_one_give_equal_errors(world: World, verb: str) -> None:
    with world.engine.acting(P2):
        foreign = outcome(lambda: NAMED[verb](world.engine, world.private), world.private)
        unknown = outcome(lambda: NAMED[verb](world.engine, "unknown"), "unknown")
    assert foreign == unknown


OWNED: dict[str, Callable[[Engine, str], Any]] = {
    "read_file": lambda e, id: e.read_file(id),
    "detach": lambda e, id: e.detach(id),
    "release_hold": lambda e, id: e.release_hold(id),
    "unmerge": lambda e, id: e.unmerge(id),
}


@pytest.mark.parametrize(
    ("verb", "attribute"),
    [
        ("read_file", "file"),
        ("read_file", "private_file"),
        ("detach", "file"),
        ("detach", "private_file"),
        ("release_hold", "hold"),
        ("release_hold", "private_hold"),
        ("unmerge", "private_merge"),
    ],
)
def test_a_document_of_another_property_and_an_unknown_one_give_equal_errors(
    world: World, verb: str, attribute: str
) -> None:
    id = getattr(world, attribute)
    with world.engine.acting(P2):
        foreign = outcome(lambda: OWNED[verb](world.engine, id), id)
        unknown = outcome(lambda: OWNED[verb](world.engine, "unknown"), "unknown")
    assert foreign == unknown
    assert foreign[0] is NotFound


def test_a_profile_merged_into_a_private_one_is_not_found_under_its_own_id(
    engine: Engine,
) -> None:
    open_one = engine.create({"last_name": "x"}).id
    private = engine.create({"last_name": "x"}).id
    engine.merge(engine.plan_merge(private, [open_one]))
    engine.update(private, {"shared_level": "property", "property_id": "P1"})
    with engine.acting(P2), pytest.raises(NotFound) as missing:
        engine.get(open_one)
    assert missing.value.id == open_one


def test_a_private_profile_is_in_no_search_and_no_feed_of_others(world: World) -> None:
    engine = world.engine
    with engine.acting(P2):
        for page in (engine.search(f"{M}-private"), engine.search(tags=[f"{M}-tag"])):
            assert page.items == ()
            assert page.next is None
        assert world.private not in shown(engine.changes())
        assert world.private not in {p.id for p in engine.search().items}
    with engine.acting(P1):
        assert [p.id for p in engine.search(f"{M}-private").items] == [world.private]
        assert world.private in shown(engine.changes())


def test_holds_and_files_are_counted_for_their_property_only(world: World) -> None:
    engine = world.engine
    for actor, counts in ((P1, {"hold": 1, "file": 1}), (P2, {}), (CHAIN, {"hold": 1, "file": 1})):
        with engine.acting(actor):
            assert engine.plan_merge(world.shared, [world.twin]).owned == counts
            assert engine.plan_clear(world.shared).counts == counts


def test_events_of_a_propertys_documents_are_told_to_it_and_the_chain(world: World) -> None:
    def subjects() -> set[str | None]:
        return {e.subject for e in world.engine.changes().items}

    documents = {world.hold, world.file}
    assert documents <= subjects()
    with world.engine.acting(P1):
        assert documents <= subjects()
    with world.engine.acting(P2):
        assert not documents & subjects()


def test_replacing_a_list_replaces_only_what_the_actor_sees(world: World) -> None:
    engine = world.engine
    with engine.acting(P2):
        engine.update(world.shared, {"preferences": [{"group": "room", "code": "own"}]})
        engine.update(world.shared, {"preferences": None, "restrictions": []})
        assert engine.get(world.shared).preferences == ()
    left = engine.get(world.shared)
    assert [p.property_id for p in left.preferences] == ["P1"]
    assert [r.property_id for r in left.restrictions] == ["P1"]
    assert len(left.notes) == len(left.consents) == 1


def test_sending_back_what_one_saw_changes_nothing(engine: Engine) -> None:
    own = Preference("room", "own", property_id="P2")
    given = [own, Preference("room", "foreign", property_id="P1"), Preference("room", "all")]
    made = engine.create({"last_name": "x", "preferences": given})
    with engine.acting(P2):
        seen = engine.get(made.id)
        engine.update(made.id, {"preferences": list(seen.preferences)})
    assert engine.get(made.id) == made


@pytest.mark.parametrize(
    "patch",
    [
        {"remove": ["room:x:P1"]},
        {"change": {"room:x:P1": {"value": "taken over"}}},
        {"remove": ["room:unknown:P1"]},
    ],
)
def test_an_item_of_another_property_cannot_be_reached_by_its_key(
    engine: Engine, patch: dict[str, Any]
) -> None:
    item = Preference("room", "x", property_id="P1")
    made = engine.create({"last_name": "x", "preferences": [item]})
    with engine.acting(P2), pytest.raises(InvalidProfile) as refused:
        engine.update(made.id, {"preferences": patch})
    assert [p.code for p in refused.value.problems] == ["unknown-item"]
    assert engine.get(made.id) == made


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"notes": [{"text": "x", "property_id": "P1"}]}, "/notes/0/property_id"),
        ({"notes": {"add": [{"text": "x", "property_id": "P1"}]}}, "/notes/add/0/property_id"),
        (
            {"preferences": {"change": {"room:own:P2": {"property_id": "P1"}}}},
            "/preferences/change/0/property_id",
        ),
    ],
)
def test_a_property_writes_nothing_in_anothers_name(
    engine: Engine, changes: dict[str, Any], path: str
) -> None:
    with engine.acting(P2):
        own = Preference("room", "own", property_id="P2")
        made = engine.create({"last_name": "x", "preferences": [own]})
        with pytest.raises(InvalidProfile) as refused:
            engine.update(made.id, changes)
    assert [(p.path, p.code) for p in refused.value.problems] == [(path, "scope")]


def test_an_import_of_one_property_leaves_others_items_alone(world: World) -> None:
    with world.engine.acting(P2):
        seen = world.engine.update(world.shared, {"notes": [Note("own", property_id="P2")]})
    assert [n.text for n in seen.notes] == ["own"]
    assert len(world.engine.get(world.shared).notes) == 2


def test_without_an_actor_the_engine_acts_for_the_chain(world: World) -> None:
    event = world.engine.changes().items[0]
    assert (event.actor, event.property_id) == ("chain", None)
    assert world.engine.get(world.private).id == world.private


def test_acting_ends_with_its_block_also_after_an_exception(engine: Engine) -> None:
    made = engine.create({"last_name": "x"})
    with pytest.raises(ZeroDivisionError), engine.acting(P1):
        raise ZeroDivisionError
    with engine.acting(P1), engine.acting(P2):
        engine.update(made.id, {"title": "mx"})
    engine.update(made.id, {"title": "miss"})
    assert [e.actor for e in engine.changes().items] == ["chain", "desk-2", "chain"]
    assert evolve(made, version=1) == made
    assert msgspec.json.encode(engine.access(made.id))


def test_an_explanation_does_not_date_what_another_property_keeps(each_engine: Engine) -> None:
    id = each_engine.create({"last_name": "García"}).id
    with each_engine.acting(P1):
        each_engine.place_hold(id, kind="open-bill", expected_on=date(2026, 7, 7))
        assert each_engine.explain(id).complete_on == date(2026, 7, 8)
        assert each_engine.explain(id).last_sign == date(2026, 3, 1)
    with each_engine.acting(P2):
        told = each_engine.explain(id)
    assert [blocker.code for blocker in told.blockers] == ["other-property"]
    assert (told.complete_on, told.last_sign) == (None, None)
    assert not any("2026" in words for words in told.words)


def test_the_engine_tells_who_acts(engine: Engine) -> None:
    assert engine.actor == CHAIN
    with engine.acting(P1):
        assert engine.actor == P1
    assert engine.actor == CHAIN


def test_a_relation_to_anothers_private_guest_is_hidden_and_hinders_nobody(engine: Engine) -> None:
    shared, child = (engine.create({"last_name": "x"}).id for _ in range(2))
    with engine.acting(P1):
        private = engine.create({"last_name": "x", "shared_level": "property"}).id
        engine.update(shared, {"relationships": [{"type": "friend", "profile_id": private}]})
        assert [r.profile_id for r in engine.relationships(shared)] == [private]
    with engine.acting(P2):
        assert engine.relationships(shared) == []
        added = {"add": [{"type": "child", "profile_id": child}]}
        engine.update(shared, {"relationships": added})
        assert [r.profile_id for r in engine.relationships(shared)] == [child]
    assert {r.profile_id for r in engine.relationships(shared)} == {private, child}
