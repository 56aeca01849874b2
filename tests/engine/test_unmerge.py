"""Undoing merges: exact where nothing changed, in any order, with later edits kept."""

from __future__ import annotations

import itertools
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit import BORDER, PNG, START, Clock, examples, given_profiles, open_engine

from profilecore import Engine, NotFound, Profile, UnmergeBlocked
from profilecore.model import State
from profilecore.model.fields import Clear, Search, Sensitivity, field, record
from profilecore.plugins import Plugins
from profilecore.rules.survivorship import current_consents

ANA = {"first_name": "Ana", "last_name": "García"}
TWIN = {"first_name": "Anna", "last_name": "Garcia", "emails": ["anna@example.org"]}
CUSTOM = {"profilecore": {"custom_fields": dict.fromkeys(BORDER.custom_fields, "none")}}


def merge(engine: Engine, survivor: str, *others: str, **options: Any) -> str:
    return engine.merge(engine.plan_merge(survivor, others, **options)).id


def bare(profile: Profile) -> Profile:
    """Leave out what counts the writes: everything else must come back."""
    return attrs.evolve(profile, version=0, updated_at=None)


def found(engine: Engine, text: str) -> set[str]:
    return {p.id for p in engine.search(text).items}


def test_an_undone_merge_gives_both_back_exactly(each_engine: Engine, clock: Clock) -> None:
    a, b = each_engine.create(ANA), each_engine.create(TWIN)
    clock.move(days=1)
    id = merge(each_engine, a.id, b.id)
    clock.move(days=1)
    undone = each_engine.unmerge(id)
    assert (undone.exact, undone.kept) == (True, ())
    assert [bare(p) for p in (undone.survivor, *undone.restored)] == [bare(a), bare(b)]
    assert undone.survivor == each_engine.get(a.id)
    assert undone.restored == (each_engine.get(b.id),)
    assert undone.survivor.version == 3
    assert found(each_engine, "anna@example.org") == {b.id}
    assert found(each_engine, "garcia") == {a.id, b.id}


def test_undoing_twice_does_nothing(engine: Engine, clock: Clock) -> None:
    a, b = engine.create(ANA), engine.create(TWIN)
    id = merge(engine, a.id, b.id)
    engine.unmerge(id)
    seen = engine.get(a.id), engine.get(b.id)
    clock.move(days=1)
    engine.unmerge(id)
    assert (engine.get(a.id), engine.get(b.id)) == seen
    assert engine.merges(a.id)[0].undone is not None


def test_after_an_undo_the_same_profiles_can_be_merged_and_undone_again(engine: Engine) -> None:
    a, b = engine.create(ANA), engine.create(TWIN)
    engine.unmerge(merge(engine, a.id, b.id))
    second = merge(engine, a.id, b.id)
    assert engine.get(b.id).id == a.id
    engine.unmerge(second)
    assert (bare(engine.get(a.id)), bare(engine.get(b.id))) == (bare(a), bare(b))
    other_way = merge(engine, b.id, a.id)
    assert engine.get(a.id).id == b.id
    engine.unmerge(other_way)
    assert (bare(engine.get(a.id)), bare(engine.get(b.id))) == (bare(a), bare(b))


@st.composite
def histories(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draw what two or three profiles are created with, and how they are then edited."""
    return [
        {
            "given": draw(given_profiles),
            "source": draw(st.sampled_from((None, "pms"))),
            "verified": draw(st.booleans()),
            "edit": draw(st.none() | given_profiles),
        }
        for _ in range(3)
    ]


def make(engine: Engine, clock: Clock, history: dict[str, Any]) -> Profile:
    made = engine.create(history["given"], source=history["source"], verified=history["verified"])
    if history["edit"] is not None:
        made = engine.update(made.id, history["edit"])
    else:
        clock.move(hours=1)
    return made


@given(histories(), st.booleans())
@examples(25)
def test_undoing_a_merge_of_any_profiles_is_exact(histories: Any, verified_first: bool) -> None:
    clock = Clock()
    engine = open_engine(clock=clock, config=CUSTOM)
    people = [make(engine, clock, history) for history in histories]
    clock.move(days=1)
    choices = {"last_name": people[1].id} if verified_first else {}
    undone = engine.unmerge(
        merge(engine, people[0].id, people[1].id, people[2].id, choices=choices)
    )
    assert (undone.exact, undone.kept) == (True, ())
    assert [bare(engine.get(p.id)) for p in people] == [bare(p) for p in people]


@given(histories(), st.booleans())
@examples(25)
def test_a_star_is_undone_in_either_order(histories: Any, first_first: bool) -> None:
    clock = Clock()
    engine = open_engine(clock=clock, config=CUSTOM)
    a, b, c = (make(engine, clock, history) for history in histories)
    merges = [merge(engine, a.id, b.id), merge(engine, a.id, c.id)]
    for id in merges if first_first else reversed(merges):
        clock.move(days=1)
        engine.unmerge(id)
    assert [bare(engine.get(p.id)) for p in (a, b, c)] == [bare(p) for p in (a, b, c)]


@given(histories(), st.integers(0, 2))
@examples(40)
def test_undone_between_others_a_merge_leaves_all_that_those_others_say(
    histories: Any, which: int
) -> None:
    clock = Clock()
    engine = open_engine(clock=clock, config=CUSTOM)
    # Much is said by two of them, in the same or in other words.
    histories += [histories[which] | {"edit": None, "source": None}]
    people = [make(engine, clock, history) for history in histories]
    first, *others = people
    merges = [merge(engine, first.id, other.id) for other in others]
    clock.move(days=1)
    engine.unmerge(merges[which])
    without = engine.get(first.id)
    for number in (n for n in (2, 1, 0) if n != which):
        engine.unmerge(merges[number])
    assert [bare(engine.get(p.id)) for p in people] == [bare(p) for p in people]
    for number in (n for n in (0, 1, 2) if n != which):
        merge(engine, first.id, others[number].id)
    again = engine.get(first.id)
    assert bare(attrs.evolve(without, provenance=again.provenance)) == bare(again)


def test_what_two_merged_profiles_say_stays_while_one_of_them_does(engine: Engine) -> None:
    said = {
        "last_name": "García",
        "birth_date": "1984-05-17",
        "tags": ["vip"],
        "restrictions": [{"kind": "blocklist", "reason_code": "damage"}],
        "emails": ["ana@example.org"],
    }
    a, b, c = engine.create(ANA), engine.create(said), engine.create(said)
    first, second = merge(engine, a.id, b.id), merge(engine, a.id, c.id)
    assert engine.unmerge(first).kept == ()
    left = engine.get(a.id)
    names = ("birth_date", "tags", "restrictions", "emails")
    assert [getattr(left, n) for n in names] == [getattr(c, n) for n in names]
    assert found(engine, "ana@example.org") == {a.id, b.id}
    engine.unmerge(second)
    assert bare(engine.get(a.id)) == bare(a)


def test_what_must_not_be_done_is_heeded_for_each_of_the_parted(engine: Engine) -> None:
    grant = {"purpose": "news", "channel": "email", "status": "granted", "at": START}
    own = {"kind": "blocklist", "reason_code": "damage"}
    a = engine.create(ANA | {"consents": [grant], "restrictions": [own]})
    b = engine.create(TWIN | {"consents": [grant]})
    c = engine.create(TWIN | {"consents": [grant | {"purpose": "offers", "status": "denied"}]})
    first = merge(engine, a.id, b.id)
    revoked = {"purpose": "news", "channel": "email", "status": "revoked"}
    engine.update(b.id, {"consents": {"add": [revoked, grant | {"purpose": "photo"}]}})
    engine.update(a.id, {"restrictions": {"add": [{"kind": "cashlist"}]}})
    merge(engine, a.id, c.id)
    engine.unmerge(first)

    def limits(id: str) -> tuple[list[str], list[str]]:
        held = current_consents(engine.get(id).consents, engine.now).values()
        kinds = [restriction.kind.value for restriction in engine.get(id).restrictions]
        return [f"{c.purpose} {c.status.value}" for c in held], kinds

    assert limits(b.id) == (["news revoked"], ["cashlist"])
    said = ["news revoked", "photo granted", "offers denied"]
    assert limits(a.id) == (said, ["blocklist", "cashlist"])


def test_a_name_from_between_two_later_merges_is_still_found(engine: Engine, clock: Clock) -> None:
    a = engine.create({"first_name": "Berta", "last_name": "Ruiz"})
    b = engine.create({"last_name": "Ruiz"})
    clock.move(hours=1)
    c = engine.create({"last_name": "Sanz"})
    clock.move(hours=1)
    d = engine.create({"first_name": "Carla", "last_name": "Sanz"})
    first, *_ = (merge(engine, a.id, other.id) for other in (b, c, d))
    assert engine.get(a.id).names[0].words == ("Carla", None, "Sanz", None)
    engine.unmerge(first)
    found_by = {name for name in ("Berta Ruiz", "Berta Sanz", "Carla Ruiz") if found(engine, name)}
    assert found_by == {"Berta Ruiz", "Berta Sanz"}


def test_choices_of_a_later_merge_hold_when_an_earlier_one_is_undone(engine: Engine) -> None:
    a, b, c = (engine.create({"last_name": "x", "title": t}) for t in ("miss", "mx", "mister"))
    first = merge(engine, a.id, b.id, choices={"title": b.id})
    second = merge(engine, a.id, c.id, choices={"title": c.id})
    engine.unmerge(first)
    assert engine.get(a.id).title == c.title
    engine.unmerge(second)
    assert engine.get(a.id).title == a.title


def test_a_new_primary_keeps_its_mark_and_nothing_of_the_other_person(engine: Engine) -> None:
    a = engine.create(ANA | {"emails": [{"value": "own@example.org", "primary": True}]})
    b = engine.create({"last_name": "x", "emails": [{"value": "b@example.org", "primary": True}]})
    id = merge(engine, a.id, b.id, choices={"emails": b.id})
    engine.update(a.id, {"emails": {"add": [{"value": "new@example.org", "primary": True}]}})
    undone = engine.unmerge(id)
    assert [(e.value, e.primary) for e in undone.survivor.emails] == [
        ("own@example.org", False),
        ("new@example.org", True),
    ]


def test_a_later_edit_keeps_its_stamp(engine: Engine, clock: Clock) -> None:
    a, b = engine.create(ANA | {"tags": ["a"]}), engine.create(TWIN | {"tags": ["b"]})
    id = merge(engine, a.id, b.id)
    clock.move(days=1)
    engine.update(a.id, {"tags": {"add": ["c"]}})
    stamp = engine.get(a.id).provenance.of("tags")
    clock.move(days=1)
    undone = engine.unmerge(id)
    assert (undone.survivor.tags, undone.survivor.provenance.of("tags")) == (("a", "c"), stamp)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_a_star_of_three_is_undone_in_any_order(engine: Engine, order: tuple[int, ...]) -> None:
    a = engine.create(ANA | {"tags": ["a"]})
    others = [
        engine.create(TWIN | {"title": t, "tags": [t, "shared"], "occupation": t})
        for t in ("miss", "mx", "mister")
    ]
    merges = [merge(engine, a.id, other.id) for other in others]
    left = set(range(3))
    for number in order:
        engine.unmerge(merges[number])
        left.discard(number)
        assert bare(engine.get(others[number].id)) == bare(others[number])
        for still in left:
            assert engine.get(others[still].id).id == a.id
            assert others[still].tags[0] in engine.get(a.id).tags
        assert others[number].tags[0] not in engine.get(a.id).tags
    assert bare(engine.get(a.id)) == bare(a)


def test_edits_since_the_merge_stay_and_are_reported(engine: Engine, clock: Clock) -> None:
    a, b = engine.create(ANA), engine.create(TWIN | {"title": "miss", "occupation": "pilot"})
    id = merge(engine, a.id, b.id)
    clock.move(days=1)
    engine.update(
        b.id,
        {
            "title": "mx",
            "emails": {"add": ["new@example.org"]},
            "notes": ["since the merge"],
        },
    )
    undone = engine.unmerge(id)
    assert (undone.exact, undone.kept) == (False, ("emails", "title"))
    survivor = undone.survivor
    assert survivor.title is not None
    assert (survivor.title.value, survivor.occupation) == ("mx", None)
    assert [e.value for e in survivor.emails] == ["new@example.org"]
    assert [n.text for n in survivor.notes] == ["since the merge"]
    assert bare(undone.restored[0]) == bare(b)


def test_an_edit_that_removed_something_stays_removed(engine: Engine) -> None:
    a = engine.create(ANA | {"emails": ["a@example.org"]})
    b = engine.create(TWIN)
    id = merge(engine, a.id, b.id)
    engine.update(a.id, {"emails": {"remove": ["a@example.org"]}})
    undone = engine.unmerge(id)
    assert undone.survivor.emails == ()
    assert undone.kept == ("emails",)
    assert undone.restored[0].emails == b.emails


def test_new_documents_after_the_merge_belong_to_whom_they_were_given(each_engine: Engine) -> None:
    a, b = each_engine.create(ANA), each_engine.create(TWIN)
    old = each_engine.attach(b.id, "old.png", PNG)
    id = merge(each_engine, a.id, b.id)
    new = [each_engine.attach(given, "new.png", PNG).id for given in (a.id, b.id)]
    each_engine.place_hold(b.id, kind="open-bill", property_id="P1")
    here = {"property_id": "P1", "status": "in_house", "arrival": "2026-01-01"}
    each_engine.record_stay(b.id, here)
    each_engine.record_activity(b.id)
    assert len(each_engine.stays(a.id)) == len(each_engine.holds(a.id)) == 1
    each_engine.unmerge(id)
    assert [f.id for f in each_engine.files(a.id)] == new[:1]
    assert [f.id for f in each_engine.files(b.id)] == [old.id, *new[1:]]
    assert (each_engine.stays(a.id), each_engine.holds(a.id)) == ([], [])
    assert {blocker.code for blocker in each_engine.plan_clear(b.id).blockers} == {
        "open-bill", "in-house",
    }  # fmt: skip
    each_engine.clear(a.id)


def test_an_event_tells_of_the_undo(engine: Engine) -> None:
    a, b = engine.create(ANA), engine.create(TWIN)
    id = merge(engine, a.id, b.id)
    engine.unmerge(id)
    event = engine.changes().items[-1]
    assert (event.type, event.profile_id, event.related) == ("merge.undone", a.id, (b.id,))
    assert event.subject == id


# ---- refusals


def test_a_survivor_that_was_merged_on_must_come_back_first(engine: Engine) -> None:
    a, b, c = engine.create(ANA), engine.create(TWIN), engine.create(ANA)
    inner = merge(engine, b.id, c.id)
    outer = merge(engine, a.id, b.id)
    with pytest.raises(UnmergeBlocked) as refused:
        engine.unmerge(inner)
    assert [x.code for x in refused.value.blockers] == ["merged-since"]
    engine.unmerge(outer)
    engine.unmerge(inner)
    assert [bare(engine.get(p.id)) for p in (a, b, c)] == [bare(p) for p in (a, b, c)]


def test_after_a_clear_there_is_nothing_to_undo(engine: Engine) -> None:
    a, b = engine.create(ANA), engine.create(TWIN)
    id = merge(engine, a.id, b.id)
    engine.clear(a.id)
    with pytest.raises(NotFound) as refused:
        engine.unmerge(id)
    assert (refused.value.what, refused.value.id) == ("merge", id)
    assert engine.get(b.id).state is State.CLEARED


def test_an_unknown_merge_is_not_found(engine: Engine) -> None:
    with pytest.raises(NotFound):
        engine.unmerge("nothing")


def test_an_edge_to_a_person_cleared_since_does_not_come_back_to_the_survivor(
    engine: Engine,
) -> None:
    friend = engine.create(ANA)
    a = engine.create(TWIN | {"relationships": [{"type": "friend", "profile_id": friend.id}]})
    b = engine.create(ANA)
    id = merge(engine, a.id, b.id)
    engine.clear(friend.id)
    undone = engine.unmerge(id)
    assert undone.survivor.relationships == ()


def test_an_edge_to_a_person_cleared_since_does_not_come_back_to_a_loser(engine: Engine) -> None:
    friend, other = engine.create(ANA), engine.create(ANA)
    edges = [{"type": "friend", "profile_id": id} for id in (friend.id, other.id)]
    a, b = engine.create(ANA), engine.create(TWIN | {"relationships": edges})
    id = merge(engine, a.id, b.id)
    engine.clear(friend.id)
    undone = engine.unmerge(id)
    assert [e.profile_id for e in undone.restored[0].relationships] == [other.id]
    assert not undone.exact


def test_undoing_the_newest_first_is_exact_every_time(engine: Engine) -> None:
    a = engine.create(ANA)
    merges = [merge(engine, a.id, engine.create(TWIN | {"tags": [tag]}).id) for tag in "xyz"]
    assert [engine.unmerge(id).exact for id in reversed(merges)] == [True] * 3
    assert bare(engine.get(a.id)) == bare(a)


def test_an_edit_between_two_merges_makes_only_the_older_undo_inexact(engine: Engine) -> None:
    a = engine.create(ANA)
    first = merge(engine, a.id, engine.create(TWIN).id)
    engine.update(a.id, {"occupation": "pilot"})
    second = merge(engine, a.id, engine.create(TWIN | {"tags": ["vip"]}).id)
    assert engine.unmerge(second).exact
    undone = engine.unmerge(first)
    assert (undone.exact, undone.survivor.occupation) == (False, "pilot")


# ---- facets

_fact = {"clear": Clear.ERASE, "sensitivity": Sensitivity.PERSONAL, "search": Search.NONE}


@record
class Club:
    level: str | None = field(merge="best", **_fact)
    cards: tuple[str, ...] = field(merge="union", default=(), **_fact)


class ClubPlugin:
    name = "club"

    from profilecore import hookimpl

    @hookimpl
    def profilecore_register_facets(self, register: Any) -> None:
        register("club", Club)


def test_a_known_facet_comes_back_exactly() -> None:
    engine = open_engine(plugins=[ClubPlugin()])
    a = engine.create(ANA | {"facets": {"club": {"cards": ["1"]}}})
    b = engine.create(TWIN | {"facets": {"club": Club(level="gold", cards=("2",))}})
    id = merge(engine, a.id, b.id)
    assert engine.get(a.id).facets == {"club": Club(level="gold", cards=("1", "2"))}
    engine.unmerge(id)
    assert [bare(engine.get(p.id)) for p in (a, b)] == [bare(a), bare(b)]


def test_a_facet_is_given_back_by_an_engine_without_its_plugin() -> None:
    engine = open_engine(plugins=[ClubPlugin()])
    a = engine.create(ANA)
    b = engine.create(TWIN | {"facets": {"club": {"level": "gold"}}})
    id = merge(engine, a.id, b.id)
    open_engine(engine.store).unmerge(id)
    assert [bare(engine.get(p.id)) for p in (a, b)] == [bare(a), bare(b)]
    assert isinstance(engine.plugins, Plugins)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_no_name_of_who_leaves_stays_with_the_survivor(order: tuple[int, int]) -> None:
    engine = open_engine()
    people = [
        engine.create({"first_name": first, "last_name": last})
        for first, last in (("Ana", "Alpha"), ("Bea", "Beta"), ("Cleo", "Gamma"))
    ]
    survivor, *others = people
    merges = []
    for other in others:
        choices = {"first_name": other.id, "last_name": other.id}
        plan = engine.plan_merge(survivor.id, [other.id], choices=choices)
        merges.append(engine.merge(plan).id)
    first, second = order
    engine.unmerge(merges[first])
    left = engine.get(survivor.id)
    assert others[first].names[0].key not in {name.key for name in left.names}
    assert [p.id for p in engine.search("ana alpha").items] == [survivor.id]
    engine.unmerge(merges[second])
    assert [bare(engine.get(p.id)) for p in people] == [bare(p) for p in people]
