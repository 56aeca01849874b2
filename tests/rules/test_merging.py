"""Planning a merge: properties that hold for any profiles."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import attrs
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from kit import P1, P2, START, examples, profiles

from profilecore import InvalidProfile, Note, Profile
from profilecore.model import Document, SharedLevel, State, record
from profilecore.model.fields import Clear, Search, Sensitivity, field, rules_of
from profilecore.model.parts import Provenance, Relationship
from profilecore.rules.fingerprint import fingerprint
from profilecore.rules.merging import MergePlan, MergeRules, plan_merge
from profilecore.rules.survivorship import is_empty, item_key

RULES = MergeRules()
three = st.tuples(profiles("A"), profiles("B"), profiles("C"))


def merged(survivor: Profile, *losers: Profile, **choices: str) -> MergePlan:
    return plan_merge(survivor, losers, choices, (), RULES, START)


def result_of(plan: MergePlan) -> Profile:
    assert plan.result is not None
    return plan.result


@given(three)
@examples(30)
def test_the_order_of_losers_does_not_change_which_values_exist(people: Any) -> None:
    a, b, c = people
    one, other = merged(a, b, c), merged(a, c, b)
    by_name = {p.field: p for p in other.fields}
    assert by_name.keys() == {p.field for p in one.fields}
    for plan in one.fields:
        value, twin = plan.value, by_name[plan.field].value
        if "survivor" in (plan.reason, by_name[plan.field].reason):
            continue
        if plan.field in ("custom", "alternate_names"):
            assert len(value) == len(twin) or plan.field == "alternate_names"
        elif plan.field == "facets":
            assert value.keys() == twin.keys()  # of an unknown one the first is kept
        elif isinstance(value, tuple):
            assert {item_key(i) for i in value} == {item_key(i) for i in twin}, plan.field
        else:
            assert value == twin, plan.field


@given(three)
@examples(30)
def test_merging_never_invents_a_value(people: Any) -> None:
    result = result_of(merged(*people))
    for name in rules_of(Profile):
        if name in ("version", "updated_at", "absorbed", "provenance"):
            continue
        given_values = [getattr(p, name) for p in people]
        value = getattr(result, name)
        if name == "alternate_names":
            known = {n.key for p in people for n in p.names}
            assert {n.key for n in value} <= known
        elif isinstance(value, tuple):
            assert {item_key(i) for i in value} == {item_key(i) for v in given_values for i in v}
        elif isinstance(value, dict):
            for key, entry in value.items():
                assert any(v.get(key) == entry for v in given_values)
        else:
            assert value in given_values, name


@given(three)
@examples(20)
def test_a_filled_field_never_becomes_empty(people: Any) -> None:
    result = result_of(merged(*people))
    for name in rules_of(Profile):
        if not is_empty(getattr(people[0], name)) and name not in ("alternate_names", "provenance"):
            assert not is_empty(getattr(result, name)), name


@given(three)
@examples(20)
def test_there_is_at_most_one_primary(people: Any) -> None:
    result = result_of(merged(*people))
    for name in ("emails", "phones", "addresses", "documents"):
        assert sum(item.primary for item in getattr(result, name)) <= 1


@given(three)
@examples(20)
def test_every_name_a_person_went_by_is_still_there(people: Any) -> None:
    result = result_of(merged(*people))
    kept = {name.key for name in result.names}
    assert {p.names[0].key for p in people} <= kept
    assert sum(name.key == result.names[0].key for name in result.names) == 1


def test_the_plan_names_who_gave_each_value_and_why() -> None:
    a = Profile(id="A", version=1, last_name="García")
    b = Profile(id="B", version=1, last_name="García", first_name="Ana")
    plans = {p.field: p for p in merged(a, b).fields}
    assert (plans["first_name"].profile_id, plans["first_name"].reason) == ("B", "only-value")
    assert (plans["last_name"].profile_id, plans["last_name"].reason) == ("A", "same")
    assert [c.profile_id for c in plans["first_name"].candidates] == ["A", "B"]


@pytest.mark.parametrize(
    ("given_name", "field_name"),
    [
        ("email", "emails"),
        ("address", "addresses"),
        ("nationality", "nationalities"),
        ("last_name", "last_name"),
    ],
)
def test_a_field_may_be_chosen_by_its_singular_name(given_name: str, field_name: str) -> None:
    a = Profile(id="A", version=1, last_name="García", nationalities=("ES",))
    b = Profile(id="B", version=1, last_name="Garcia", nationalities=("PT",))
    assert merged(a, b, **{given_name: "B"}).choices == {field_name: "B"}


@pytest.mark.parametrize("name", ["nonsense", "id", "version", "state", "provenance", "facets"])
def test_what_cannot_be_chosen_is_refused(name: str) -> None:
    a, b = Profile(id="A", last_name="x"), Profile(id="B", last_name="x")
    with pytest.raises(InvalidProfile) as refused:
        merged(a, b, **{name: "B"})
    assert [(p.path, p.code) for p in refused.value.problems] == [
        (f"/choices/{name}", "unknown-field")
    ]


def test_a_choice_of_somebody_who_is_not_merged_is_refused_and_an_old_id_is_known() -> None:
    a, b = Profile(id="A", last_name="x"), Profile(id="B", last_name="y", absorbed=("B0",))
    with pytest.raises(InvalidProfile) as refused:
        merged(a, b, last_name="C", first_name="C")
    assert [p.path for p in refused.value.problems] == ["/choices/last_name", "/choices/first_name"]
    assert result_of(merged(a, b, last_name="B0")).last_name == "y"


def test_edges_between_the_merged_profiles_vanish_and_others_stay() -> None:
    a = Profile(id="A", last_name="x", relationships=(Relationship(_spouse(), "B0"),))
    b = Profile(
        id="B",
        last_name="x",
        absorbed=("B0",),
        relationships=(Relationship(_spouse(), "A"), Relationship(_spouse(), "Z")),
    )
    assert [e.profile_id for e in result_of(merged(a, b)).relationships] == ["Z"]


def _spouse() -> Any:
    from profilecore.model import RelationshipType

    return RelationshipType.SPOUSE


def test_the_survivor_absorbs_the_whole_family() -> None:
    a = Profile(id="A", last_name="x", absorbed=("A0",))
    b = Profile(id="B", last_name="x", absorbed=("B0", "B1"))
    assert result_of(merged(a, b)).absorbed == ("A0", "B", "B0", "B1")


def test_blockers_come_all_at_once() -> None:
    a = Profile(id="A", last_name="x", state=State.CLEARED)
    b = Profile(id="B", last_name="x", state=State.CLEARED)
    company = Profile(id="C", last_name="x", profile_type=_company())
    assert [x.code for x in merged(a, b, company).blockers] == ["cleared", "cleared", "other-type"]


def test_those_whom_not_the_same_properties_may_see_are_not_merged() -> None:
    shared = Profile(id="A", last_name="x", property_id="P1")
    private = partial(Profile, last_name="x", shared_level=SharedLevel.PROPERTY)
    own, same, other = (
        private(id=n, property_id=p) for n, p in (("B", "P1"), ("C", "P1"), ("D", "P2"))
    )
    for one, two in ((shared, own), (own, shared), (own, other)):
        assert [x.code for x in merged(one, two).blockers] == ["other-sharing"]
    assert merged(own, same).blockers == ()
    assert merged(shared, evolve(shared, id="E", property_id="P2")).blockers == ()


def _company() -> Any:
    from profilecore.model import ProfileType

    return ProfileType.COMPANY


# ---- what a plan rests on


@pytest.mark.parametrize("who", [0, 1])
def test_the_fingerprint_changes_with_any_version(who: int) -> None:
    people = [Profile(id="A", version=1), Profile(id="B", version=1)]
    changed = list(people)
    changed[who] = attrs.evolve(people[who], version=2)
    assert fingerprint(people, ()) != fingerprint(changed, ())


def test_the_fingerprint_changes_with_any_owned_document() -> None:
    people = [Profile(id="A", version=1)]
    document = Document("hold", "H", "A", 1, b"")
    seen = {
        fingerprint(people, ()),
        fingerprint(people, [document]),
        fingerprint(people, [attrs.evolve(document, version=2)]),
        fingerprint(people, [attrs.evolve(document, id="I")]),
        fingerprint(people, [attrs.evolve(document, kind="file")]),
    }
    assert len(seen) == 5


def test_the_fingerprint_does_not_depend_on_the_order_of_documents() -> None:
    documents = [Document("hold", id, "A", 1, b"") for id in "HIJ"]
    assert fingerprint((), documents) == fingerprint((), documents[::-1])


def test_the_fingerprint_tells_survivor_and_choices() -> None:
    a = Profile(id="A", version=1, last_name="x")
    b = Profile(id="B", version=1, last_name="y")
    plans = [merged(a, b), merged(b, a), merged(a, b, last_name="B"), merged(a, b, last_name="A")]
    assert len({plan.fingerprint for plan in plans}) == 4


# ---- scope, facets


def test_a_property_sees_neither_items_nor_counts_of_another() -> None:
    note = Note("secret of P1", property_id="P1", id="n")
    a = Profile(id="A", version=1, last_name="x")
    b = Profile(id="B", version=1, last_name="x", notes=(note,))
    owned = [Document("hold", "H", "B", 1, b"", "P1"), Document("stay", "S", "B", 1, b"")]
    plan = plan_merge(a, [b], {}, owned, RULES, START, P2).seen_by(P2)
    assert plan.owned == {"stay": 1}
    assert result_of(plan).notes == ()
    notes = [c.value for p in plan.fields if p.field == "notes" for c in p.candidates]
    assert notes == [(), ()]
    assert plan_merge(a, [b], {}, owned, RULES, START, P1).owned == {"hold": 1, "stay": 1}


_fact = {
    "clear": Clear.ERASE,
    "sensitivity": Sensitivity.PERSONAL,
    "search": Search.NONE,
}


@record
class Club:
    level: str | None = field(merge="best", **_fact)
    cards: tuple[str, ...] = field(merge="union", default=(), **_fact)


def test_a_known_facet_merges_by_its_own_rules() -> None:
    a = Profile(id="A", last_name="x", facets={"club": Club(cards=("1",))})
    b = Profile(id="B", last_name="x", facets={"club": Club(level="gold", cards=("2", "1"))})
    rules = MergeRules(facets={"club": Club})
    plan = plan_merge(a, [b], {}, (), rules, START)
    assert result_of(plan).facets == {"club": Club(level="gold", cards=("1", "2"))}


def test_an_unknown_facet_follows_the_merge_as_it_is() -> None:
    a = Profile(id="A", last_name="x")
    b = Profile(id="B", last_name="x", facets={"spa": {"likes": ["mud"]}})
    assert result_of(merged(a, b)).facets == {"spa": {"likes": ["mud"]}}


def test_a_value_brings_its_provenance_along() -> None:
    from profilecore.model import Stamp

    own, other = Stamp(START, "pms"), Stamp(START + timedelta(days=1), "web")
    a = Profile(id="A", last_name="x", first_name="Old", provenance=Provenance(own))
    b = Profile(id="B", last_name="x", first_name="New", provenance=Provenance(other))
    provenance = result_of(merged(a, b)).provenance
    assert provenance.of("first_name") == other
    assert provenance.of("last_name") == own


def test_a_value_of_the_same_import_is_not_said_to_be_verified() -> None:
    from profilecore.model import Stamp

    base, seen = Stamp(START, "pms"), Stamp(START, actor="desk", verified=True)
    a = Profile(id="A", last_name="x", provenance=Provenance(base, {"last_name": seen}))
    b = Profile(id="B", last_name="y", provenance=Provenance(base))
    assert result_of(merged(a, b, last_name="B")).provenance.of("last_name") == base
