"""Create, read and update profiles through the engine."""

from __future__ import annotations

from typing import Any

import pytest
from kit import START, Clock, open_engine

from profilecore import (
    UNSET,
    Actor,
    Consent,
    Email,
    Engine,
    InvalidProfile,
    Note,
    NotFound,
    Profile,
    ProfileCleared,
    VersionConflict,
)
from profilecore.model import ConsentStatus, ProfileType, SharedLevel, State

ANA = {"first_name": "Ana", "last_name": "García"}


def problems(error: pytest.ExceptionInfo[InvalidProfile]) -> list[tuple[str, str]]:
    return [(p.path, p.code) for p in error.value.problems]


def test_a_created_profile_is_given_as_stored(each_engine: Engine) -> None:
    made = each_engine.create(Profile(first_name=" Ana ", last_name="García"))
    assert made.id
    assert (made.version, made.state, made.first_name) == (1, State.ACTIVE, "Ana")
    assert made.created_at == made.updated_at == START
    assert each_engine.get(made.id) == made


def test_a_mapping_and_a_profile_mean_the_same(engine: Engine) -> None:
    one = engine.create(ANA | {"emails": ["a@example.org"]})
    other = engine.create(Profile(**ANA, emails=(Email("a@example.org"),)))  # type: ignore[arg-type]
    assert (one.first_name, one.emails) == (other.first_name, other.emails)


def test_only_the_last_name_is_required(engine: Engine) -> None:
    assert engine.create({"last_name": "García"}).first_name is None
    for given in ({}, {"first_name": "Ana"}, {"last_name": "  "}, {"last_name": None}):
        with pytest.raises(InvalidProfile) as refused:
            engine.create(given)
        assert ("/last_name", "missing") in problems(refused)


def test_every_problem_comes_at_once_and_nothing_is_written(engine: Engine) -> None:
    given = {"birth_date": "1984-02-31", "emails": ["no"], "nonsense": 1, "id": "mine"}
    with pytest.raises(InvalidProfile) as refused:
        engine.create(given)
    assert set(problems(refused)) == {
        ("/birth_date", "invalid-value"),
        ("/emails/0/value", "invalid-value"),
        ("/nonsense", "unknown-field"),
        ("/id", "not-settable"),
        ("/last_name", "missing"),
    }
    assert engine.search().items == ()
    assert engine.changes().items == ()


def test_a_new_profile_has_one_primary_of_each_kind(engine: Engine) -> None:
    given = [{"value": "a@example.org", "primary": True}, {"value": "b@example.org", "primary": 1}]
    given[1]["primary"] = True
    assert [e.primary for e in engine.create(ANA | {"emails": given}).emails] == [True, False]


def test_empty_entries_of_a_new_profile_are_not_stored() -> None:
    engine = open_engine(config={"profilecore": {"custom_fields": {"pet": "none"}}})
    made = engine.create(ANA | {"custom": {"pet": None}, "facets": {"club": None}})
    assert (made.custom, made.facets) == ({}, {})


def test_an_unknown_id_is_not_found(engine: Engine) -> None:
    for call in (engine.get, engine.path, engine.stays, engine.files, engine.holds, engine.access):
        with pytest.raises(NotFound) as missing:
            call("nobody")
        assert (missing.value.what, missing.value.id) == ("profile", "nobody")


# ---- update


def test_absent_and_unset_keep_none_removes_a_value_replaces(each_engine: Engine) -> None:
    made = each_engine.create(ANA | {"title": "miss", "occupation": "pilot", "tags": ["vip"]})
    changed = each_engine.update(
        made.id, {"title": UNSET, "occupation": None, "first_name": "Anna", "tags": UNSET}
    )
    assert (changed.occupation, changed.first_name) == (None, "Anna")
    assert (changed.title, changed.last_name, changed.tags) == (made.title, "García", ("vip",))
    assert changed.version == 2
    assert each_engine.get(made.id) == changed


def test_a_change_that_changes_nothing_writes_nothing(engine: Engine, clock: Clock) -> None:
    made = engine.create(ANA | {"tags": ["vip"]})
    clock.move(days=1)
    assert engine.update(made.id, ANA | {"tags": ["vip"]}) == made
    assert engine.update(made.id, {}) == made
    assert len(engine.changes().items) == 1


def test_the_last_name_cannot_be_removed(engine: Engine) -> None:
    made = engine.create(ANA)
    for nothing in (None, "", "  "):
        with pytest.raises(InvalidProfile) as refused:
            engine.update(made.id, {"last_name": nothing})
        assert problems(refused) == [("/last_name", "missing")]


@pytest.mark.parametrize(
    ("name", "default"),
    [("shared_level", SharedLevel.CHAIN), ("profile_type", ProfileType.GUEST)],
)
def test_removing_a_field_that_is_never_empty_gives_its_default(
    each_engine: Engine, name: str, default: object
) -> None:
    made = each_engine.create(ANA | {"shared_level": "property", "profile_type": "agent"})
    changed = each_engine.update(made.id, {name: None})
    assert getattr(changed, name) is default
    assert each_engine.get(made.id) == changed


def test_a_change_based_on_an_old_version_is_refused(each_engine: Engine) -> None:
    made = each_engine.create(ANA)
    each_engine.update(made.id, {"title": "miss"}, if_version=1)
    with pytest.raises(VersionConflict) as refused:
        each_engine.update(made.id, {"title": "mx"}, if_version=1)
    assert (refused.value.expected, refused.value.actual) == (1, 2)


def test_a_cleared_person_cannot_be_updated(engine: Engine) -> None:
    made = engine.create(ANA)
    engine.clear(made.id)
    with pytest.raises(ProfileCleared):
        engine.update(made.id, {"title": "miss"})


def test_a_list_replaces_the_collection(engine: Engine) -> None:
    made = engine.create(ANA | {"emails": ["a@example.org", "b@example.org"]})
    changed = engine.update(made.id, {"emails": ["B@example.org", "c@example.org"]})
    assert [e.value for e in changed.emails] == ["b@example.org", "c@example.org"]
    assert engine.update(made.id, {"emails": None}).emails == ()


def test_a_collection_is_patched_by_item(engine: Engine) -> None:
    made = engine.create(ANA | {"emails": ["a@example.org", "b@example.org"]})
    patch: dict[str, Any] = {
        "add": [{"value": "c@example.org", "primary": True}],
        "remove": ["a@example.org"],
        "change": {"b@example.org": {"type": "business"}},
    }
    changed = engine.update(made.id, {"emails": patch})
    assert [(e.value, e.primary, e.type and e.type.value) for e in changed.emails] == [
        ("b@example.org", False, "business"),
        ("c@example.org", True, None),
    ]


@pytest.mark.parametrize("how", ["add", "change"])
def test_a_new_primary_takes_the_mark_from_the_old_one(engine: Engine, how: str) -> None:
    made = engine.create(
        ANA | {"emails": [{"value": "a@example.org", "primary": True}, {"value": "b@example.org"}]}
    )
    marked = {"value": "b@example.org", "primary": True}
    patch: dict[str, Any] = (
        {"add": [marked]} if how == "add" else {"change": {"b@example.org": {"primary": True}}}
    )
    changed = engine.update(made.id, {"emails": patch})
    assert {e.value: e.primary for e in changed.emails} == {
        "a@example.org": False,
        "b@example.org": True,
    }


def test_changing_an_address_forgets_how_the_old_one_was_typed(engine: Engine) -> None:
    made = engine.create(ANA | {"emails": ["Ana@Example.org"]})
    assert made.emails[0].raw == "Ana@Example.org"
    changed = engine.update(
        made.id, {"emails": {"change": {"ana@example.org": {"value": "b@example.org"}}}}
    )
    assert changed.emails == (Email("b@example.org"),)


def test_a_change_that_makes_two_items_one_leaves_one(engine: Engine) -> None:
    made = engine.create(ANA | {"emails": ["a@example.org", "b@example.org"]})
    changed = engine.update(
        made.id, {"emails": {"change": {"a@example.org": {"value": "b@example.org"}}}}
    )
    assert [e.value for e in changed.emails] == ["b@example.org"]


def test_classifications_and_tags_are_patched_by_their_text(engine: Engine) -> None:
    made = engine.create(ANA | {"classifications": ["staff", "media"], "tags": ["vip", "golf"]})
    changed = engine.update(
        made.id,
        {"classifications": {"remove": ["staff"]}, "tags": {"remove": ["vip"], "add": ["wine"]}},
    )
    assert [c.value for c in changed.classifications] == ["media"]
    assert changed.tags == ("golf", "wine")


@pytest.mark.parametrize(
    ("patch", "problem"),
    [
        ({"remove": ["z@example.org"]}, ("/emails/remove/0", "unknown-item")),
        ({"remove": [{"a": 1}]}, ("/emails/remove/0", "unknown-item")),
        ({"remove": "a@example.org"}, ("/emails", "invalid-patch")),
        ({"remove": 1}, ("/emails", "invalid-patch")),
        ({"change": ["a@example.org"]}, ("/emails", "invalid-patch")),
        ({"change": {"z": {}}}, ("/emails/change/0", "unknown-item")),
        ({"change": {"a@example.org": 1}}, ("/emails/change/0", "invalid-patch")),
        (
            {"change": {"a@example.org": {"value": "no"}}},
            ("/emails/change/0/value", "invalid-value"),
        ),
        ({"add": ["a@example.org", "no"]}, ("/emails/add/1/value", "invalid-value")),
        ({"add": "a@example.org"}, ("/emails/add", "wrong-type")),
        ({"replace": []}, ("/emails", "invalid-patch")),
    ],
)
def test_a_patch_that_makes_no_sense_is_refused(
    engine: Engine, patch: dict[str, Any], problem: tuple[str, str]
) -> None:
    made = engine.create(ANA | {"emails": ["a@example.org"]})
    with pytest.raises(InvalidProfile) as refused:
        engine.update(made.id, {"emails": patch})
    assert problems(refused) == [problem]
    assert "example.org" not in str(refused.value)
    assert engine.get(made.id) == made


def test_removing_an_item_twice_removes_it(engine: Engine) -> None:
    made = engine.create(ANA | {"tags": ["vip"]})
    assert engine.update(made.id, {"tags": {"remove": ["vip", "vip"]}}).tags == ()


def test_empty_parts_of_a_patch_mean_nothing(engine: Engine) -> None:
    made = engine.create(ANA | {"tags": ["vip"]})
    assert engine.update(made.id, {"tags": {"add": None, "remove": None, "change": None}}) == made


def test_notes_are_only_added_to(engine: Engine, clock: Clock) -> None:
    made = engine.create(ANA | {"notes": ["first"]})
    clock.move(days=1)
    with engine.acting(Actor("desk-7")):
        changed = engine.update(made.id, {"notes": [Note("second")]})
        changed = engine.update(made.id, {"notes": {"add": ["third"]}})
    assert [(n.text, n.by) for n in changed.notes] == [
        ("first", "chain"),
        ("second", "desk-7"),
        ("third", "desk-7"),
    ]
    assert [n.at for n in changed.notes] == [START, clock.now, clock.now]
    assert len({n.id for n in changed.notes}) == 3
    for patch in ({"remove": [changed.notes[0].id]}, {"change": {changed.notes[0].id: {}}}):
        with pytest.raises(InvalidProfile) as refused:
            engine.update(made.id, {"notes": patch})
        assert problems(refused) == [("/notes", "invalid-patch")]
    assert engine.update(made.id, {"notes": None}).notes == changed.notes
    assert engine.update(made.id, {"notes": list(changed.notes)}).notes == changed.notes


def test_consents_keep_their_whole_history(engine: Engine, clock: Clock) -> None:
    made = engine.create(ANA | {"consents": [Consent("news", ConsentStatus.GRANTED)]})
    clock.move(days=1)
    changed = engine.update(made.id, {"consents": [{"purpose": "news", "status": "revoked"}]})
    assert [(c.status.value, c.at, c.recorded_by) for c in changed.consents] == [
        ("granted", START, "chain"),
        ("revoked", clock.now, "chain"),
    ]
    assert engine.update(made.id, {"consents": None}).consents == changed.consents


def test_custom_fields_are_declared_and_merge_by_key() -> None:
    engine = open_engine(
        config={"profilecore": {"custom_fields": {"pet": "personal", "car": "none"}}}
    )
    made = engine.create(ANA | {"custom": {"pet": {"kind": "cat"}, "car": 1}})
    assert engine.update(made.id, {"custom": {"pet": "dog"}}).custom == {"pet": "dog", "car": 1}
    assert engine.update(made.id, {"custom": {"pet": None}}).custom == {"car": 1}
    assert engine.update(made.id, {"custom": None}).custom == {}
    with pytest.raises(InvalidProfile) as refused:
        engine.update(made.id, {"custom": {"shoe": 41}})
    assert problems(refused) == [("/custom/shoe", "unknown-field")]


def test_national_numbers_are_read_by_the_persons_own_country() -> None:
    engine = open_engine(config={"profilecore": {"region": "FR"}})
    spanish = engine.create(ANA | {"country_of_residence": "ES", "phones": ["600 111 222"]})
    assert spanish.phones[0].value == "+34600111222"
    assert engine.create(ANA | {"phones": ["06 12 34 56 78"]}).phones[0].value == "+33612345678"
    portuguese = engine.create(ANA | {"addresses": [{"country": "PT"}]})
    changed = engine.update(portuguese.id, {"phones": ["912 345 678"]})
    assert changed.phones[0].value == "+351912345678"
    with pytest.raises(InvalidProfile):
        open_engine().create(ANA | {"phones": ["600 111 222"]})


def test_each_changed_field_remembers_where_its_value_is_from(engine: Engine, clock: Clock) -> None:
    made = engine.create(ANA, source="pms")
    clock.move(days=1)
    with engine.acting(Actor("desk-7", property_id="P1", source="desk")):
        changed = engine.update(made.id, {"first_name": "Anna"}, verified=True)
    stamp = changed.provenance.of("first_name")
    assert stamp is not None
    assert (stamp.at, stamp.source, stamp.actor, stamp.property_id, stamp.verified) == (
        clock.now, "desk", "desk-7", "P1", True,
    )  # fmt: skip
    old = changed.provenance.of("last_name")
    assert old is not None
    assert (old.at, old.source, old.verified) == (START, "pms", False)


def test_a_profile_of_more_than_a_mebibyte_is_refused(engine: Engine) -> None:
    engine = open_engine(config={"profilecore": {"custom_fields": {"essay": "personal"}}})
    with pytest.raises(InvalidProfile) as refused:
        engine.create(ANA | {"custom": {"essay": ["x" * 60_000] * 20}})
    assert problems(refused) == [("/", "too-large")]
    assert engine.search().items == ()


# ---- relationships


def test_only_one_direction_of_a_relationship_is_stored(each_engine: Engine) -> None:
    mother = each_engine.create(ANA)
    edge = {"type": "parent", "profile_id": mother.id}
    child = each_engine.create({"last_name": "García", "relationships": [edge]})
    (seen,) = each_engine.relationships(mother.id)
    assert (seen.profile_id, seen.type.value, seen.derived) == (child.id, "child", True)
    (own,) = each_engine.relationships(child.id)
    assert (own.profile_id, own.type.value, own.derived) == (mother.id, "parent", False)


def test_a_relationship_needs_another_living_person(engine: Engine) -> None:
    made, gone = engine.create(ANA), engine.create(ANA)
    engine.clear(gone.id)
    for other in (made.id, gone.id, "nobody"):
        with pytest.raises(InvalidProfile) as refused:
            engine.update(made.id, {"relationships": [{"type": "friend", "profile_id": other}]})
        assert problems(refused) == [("/relationships/0/profile_id", "unknown-profile")]


def test_relations_to_a_merged_profile_lead_to_its_survivor(engine: Engine) -> None:
    ana, twin = engine.create(ANA), engine.create(ANA)
    edge = {"type": "friend", "profile_id": twin.id}
    friend = engine.create({"last_name": "Núñez", "relationships": [edge]})
    engine.merge(engine.plan_merge(ana.id, [twin.id]))
    assert [r.profile_id for r in engine.relationships(ana.id)] == [friend.id]
    engine.update(ana.id, {"relationships": [edge | {"profile_id": friend.id}]})
    (relation,) = engine.relationships(friend.id)
    assert (relation.profile_id, relation.derived) == (ana.id, False)


# ---- facets of absent plugins


def test_a_facet_of_an_absent_plugin_is_plain_json_and_survives_updates(engine: Engine) -> None:
    made = engine.create(ANA | {"facets": {"spa": {"likes": ["mud"], "since": 2020}}})
    changed = engine.update(made.id, {"title": "miss"})
    assert changed.facets == {"spa": {"likes": ["mud"], "since": 2020}}
    assert engine.update(made.id, {"facets": {"spa": None}}).facets == {}


@pytest.mark.parametrize("held", [{"x": object()}, {"x": {1, 2}}, {"x": float("nan")}, b"x"])
def test_a_facet_that_is_no_json_is_refused(engine: Engine, held: object) -> None:
    with pytest.raises(InvalidProfile) as refused:
        engine.create(ANA | {"facets": {"spa": held}})
    assert problems(refused)[0][0].startswith("/facets/spa")
