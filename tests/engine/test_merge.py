"""Merges through the engine: plans, refusals, staleness, ids that resolve for ever."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from kit import PNG, START, Clock, open_engine

from profilecore import (
    Engine,
    InvalidProfile,
    MergeBlocked,
    MergePlan,
    NotFound,
    PluginError,
    Profile,
    StalePlan,
    hookimpl,
)
from profilecore.model import State

ANA = {"first_name": "Ana", "last_name": "García"}
TWIN = {"first_name": "Anna", "last_name": "Garcia", "emails": ["anna@example.org"]}


@pytest.fixture
def pair(each_engine: Engine) -> tuple[str, str]:
    return each_engine.create(ANA).id, each_engine.create(TWIN).id


def merge(engine: Engine, survivor: str, *others: str, **options: Any) -> str:
    return engine.merge(engine.plan_merge(survivor, others, **options)).id


def test_planning_writes_nothing(each_engine: Engine, pair: tuple[str, str]) -> None:
    before = [each_engine.get(id) for id in pair]
    plan = each_engine.plan_merge(pair[0], [pair[1]])
    assert [each_engine.get(id) for id in pair] == before
    assert plan.result is not None
    assert plan.result.emails == before[1].emails


def test_a_merge_leaves_one_profile_that_has_what_both_had(
    each_engine: Engine, pair: tuple[str, str], clock: Clock
) -> None:
    clock.move(days=1)
    plan = each_engine.plan_merge(pair[0], [pair[1]])
    entry = each_engine.merge(plan)
    survivor = each_engine.get(pair[0])
    assert survivor == plan.result
    assert (survivor.version, survivor.updated_at, survivor.absorbed) == (2, clock.now, (pair[1],))
    assert survivor.created_at == START
    assert [e.value for e in survivor.emails] == ["anna@example.org"]
    assert each_engine.get(pair[1]) == survivor
    assert (entry.survivor_id, entry.loser_ids) == (pair[0], (pair[1],))
    assert each_engine.merges(pair[1]) == [entry]
    assert [p.id for p in each_engine.search("anna").items] == [pair[0]]
    assert [p.id for p in each_engine.search("anna@example.org").items] == [pair[0]]


def test_the_journal_entry_shows_no_values(engine: Engine) -> None:
    a, b = engine.create(ANA).id, engine.create(TWIN).id
    entry = engine.merge(engine.plan_merge(a, [b]))
    assert (entry.before, entry.after) == ({}, {})
    assert "emails" in entry.fields
    assert "anna" not in repr(entry).casefold()


def test_an_event_names_the_profiles_and_the_fields(engine: Engine) -> None:
    a, b = engine.create(ANA).id, engine.create(TWIN).id
    entry = engine.merge(engine.plan_merge(a, [b]))
    event = engine.changes().items[-1]
    assert (event.type, event.profile_id, event.related) == ("profiles.merged", a, (b,))
    assert (event.subject, set(event.fields)) == (entry.id, set(entry.fields))


def test_ids_resolve_through_a_chain_of_merges(each_engine: Engine) -> None:
    a, b, c = (each_engine.create(ANA).id for _ in range(3))
    merge(each_engine, b, a)
    merge(each_engine, c, b)
    assert each_engine.get(a) == each_engine.get(b) == each_engine.get(c)
    assert each_engine.path(a) == (a, b, c)
    assert each_engine.path(c) == (c,)
    assert set(each_engine.get(a).absorbed) == {a, b}
    assert [m.loser_ids for m in each_engine.merges(a)] == [(a,), (b,)]


def test_an_update_under_a_merged_away_id_reaches_the_survivor(
    each_engine: Engine, pair: tuple[str, str]
) -> None:
    merge(each_engine, *pair)
    changed = each_engine.update(pair[1], {"title": "miss"}, if_version=2)
    assert changed.id == pair[0]
    assert each_engine.get(pair[0]).title == changed.title


def test_planning_with_old_ids_plans_for_their_roots(engine: Engine) -> None:
    a, b, c, d = (engine.create(ANA).id for _ in range(4))
    merge(engine, a, b)
    merge(engine, c, d)
    plan = engine.plan_merge(b, [d])
    assert (plan.survivor_id, plan.loser_ids) == (a, (c,))
    engine.merge(plan)
    assert {engine.get(id).id for id in (a, b, c, d)} == {a}


# ---- refusals


def codes(plan: MergePlan) -> list[str]:
    return [b.code for b in plan.blockers]


def test_a_profile_is_not_merged_with_itself(engine: Engine) -> None:
    a = engine.create(ANA).id
    plan = engine.plan_merge(a, [a])
    assert codes(plan) == ["merge-with-itself"]
    with pytest.raises(MergeBlocked) as refused:
        engine.merge(plan)
    assert refused.value.blockers == plan.blockers


def test_a_cycle_is_refused(engine: Engine) -> None:
    a, b = engine.create(ANA).id, engine.create(ANA).id
    merge(engine, a, b)
    assert codes(engine.plan_merge(b, [a])) == ["cycle"]
    with pytest.raises(MergeBlocked):
        engine.merge(engine.plan_merge(b, [a]))


@pytest.mark.parametrize("which", [0, 1])
def test_a_cleared_profile_is_not_merged(engine: Engine, which: int) -> None:
    pair = [engine.create(ANA).id, engine.create(ANA).id]
    engine.clear(pair[which])
    assert codes(engine.plan_merge(pair[0], [pair[1]])) == ["cleared"]


def test_profiles_of_different_types_are_not_merged(engine: Engine) -> None:
    a, b = engine.create(ANA).id, engine.create(ANA | {"profile_type": "agent"}).id
    assert codes(engine.plan_merge(a, [b])) == ["other-type"]


def test_all_blockers_come_at_once(engine: Engine) -> None:
    a, b, c = engine.create(ANA), engine.create(ANA), engine.create(ANA | {"profile_type": "agent"})
    engine.clear(b.id)
    plan = engine.plan_merge(a.id, [a.id, b.id, c.id])
    assert sorted(codes(plan)) == ["cleared", "merge-with-itself", "other-type"]


def test_a_plan_with_a_blocker_is_not_applied_in_part(engine: Engine) -> None:
    a, b = engine.create(ANA).id, engine.create(TWIN).id
    plan = engine.plan_merge(a, [a, b])
    with pytest.raises(MergeBlocked):
        engine.merge(plan)
    assert engine.get(b).id == b


def test_a_merge_needs_others_that_exist(engine: Engine) -> None:
    a = engine.create(ANA).id
    with pytest.raises(InvalidProfile):
        engine.plan_merge(a, [])
    with pytest.raises(NotFound):
        engine.plan_merge(a, ["nobody"])
    with pytest.raises(NotFound):
        engine.plan_merge("nobody", [a])


# ---- staleness


CHANGES: dict[str, Callable[[Engine, str, str], object]] = {
    "survivor updated": lambda e, a, b: e.update(a, {"title": "miss"}),
    "loser updated": lambda e, a, b: e.update(b, {"title": "miss"}),
    "hold placed": lambda e, a, b: e.place_hold(b, kind="open-bill"),
    "stay recorded": lambda e, a, b: e.record_stay(a, {"property_id": "P1"}),
    "file attached": lambda e, a, b: e.attach(b, "a.png", PNG),
    "survivor merged": lambda e, a, b: merge(e, a, e.create(ANA).id),
    "loser merged": lambda e, a, b: merge(e, b, e.create(ANA).id),
    "survivor merged away": lambda e, a, b: merge(e, e.create(ANA).id, a),
    "loser merged away": lambda e, a, b: merge(e, e.create(ANA).id, b),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_plan_is_stale_after_any_change(engine: Engine, what: str) -> None:
    a, b = engine.create(ANA).id, engine.create(TWIN).id
    plan = engine.plan_merge(a, [b])
    CHANGES[what](engine, a, b)
    roots = engine.get(a), engine.get(b)
    with pytest.raises(StalePlan) as stale:
        engine.merge(plan)
    assert stale.value.operation == "merge"
    assert (engine.get(a), engine.get(b)) == roots


def test_a_hold_released_and_a_file_detached_in_between_make_a_plan_stale(engine: Engine) -> None:
    a, b = engine.create(ANA).id, engine.create(TWIN).id
    hold, file = engine.place_hold(a, kind="open-bill"), engine.attach(b, "a.png", PNG)
    plan = engine.plan_merge(a, [b])
    engine.release_hold(hold.id)
    with pytest.raises(StalePlan):
        engine.merge(plan)
    plan = engine.plan_merge(a, [b])
    engine.detach(file.id)
    with pytest.raises(StalePlan):
        engine.merge(plan)


def test_a_plan_whose_merge_was_undone_is_stale(engine: Engine) -> None:
    a, b = engine.create(ANA).id, engine.create(TWIN).id
    old = engine.plan_merge(a, [b])
    id = engine.merge(old).id
    noop = engine.plan_merge(a, [b])
    assert noop.already == id
    engine.unmerge(id)
    for plan in (old, noop):
        with pytest.raises(StalePlan):
            engine.merge(plan)
    assert engine.get(b).id == b


def test_an_unrelated_change_leaves_a_plan_good(engine: Engine) -> None:
    a, b, c = engine.create(ANA).id, engine.create(TWIN).id, engine.create(ANA).id
    plan = engine.plan_merge(a, [b])
    engine.update(c, {"title": "miss"})
    engine.merge(plan)
    assert engine.get(b).id == a


def test_merging_again_is_a_no_op(each_engine: Engine, pair: tuple[str, str], clock: Clock) -> None:
    plan = each_engine.plan_merge(pair[0], [pair[1]])
    first = each_engine.merge(plan)
    seen = each_engine.get(pair[0])
    clock.move(days=1)
    assert each_engine.merge(plan) == first
    again = each_engine.plan_merge(pair[0], [pair[1]])
    assert again.already == first.id
    assert each_engine.merge(again) == first
    assert each_engine.get(pair[0]) == seen
    assert len([e for e in each_engine.changes().items if e.type == "profiles.merged"]) == 1


def test_a_plan_may_be_stored_as_ids_choices_and_fingerprint(engine: Engine) -> None:
    a, b = engine.create(ANA).id, engine.create(TWIN).id
    plan = engine.plan_merge(a, [b], choices={"first_name": b})
    stored = MergePlan(plan.survivor_id, plan.loser_ids, plan.fingerprint, dict(plan.choices))
    engine.merge(stored)
    assert engine.get(a) == plan.result
    assert engine.get(a).first_name == "Anna"


def test_a_stored_plan_with_other_choices_is_stale(engine: Engine) -> None:
    a, b = engine.create(ANA).id, engine.create(TWIN).id
    plan = engine.plan_merge(a, [b])
    for other in (
        MergePlan(a, (b,), plan.fingerprint, {"first_name": b}),
        MergePlan(b, (a,), plan.fingerprint),
    ):
        with pytest.raises(StalePlan):
            engine.merge(other)


def test_a_choice_may_name_a_field_in_the_singular(engine: Engine) -> None:
    a = engine.create(ANA | {"emails": [{"value": "a@example.org", "primary": True}]}).id
    b = engine.create(TWIN | {"emails": [{"value": "b@example.org", "primary": True}]}).id
    merge(engine, a, b, choices={"email": b})
    assert [(e.value, e.primary) for e in engine.get(a).emails] == [
        ("b@example.org", True),
        ("a@example.org", False),
    ]


def test_a_merged_profile_of_more_than_a_mebibyte_is_refused() -> None:
    engine = open_engine(config={"profilecore": {"custom_fields": {"p": "none", "q": "none"}}})
    a = engine.create(ANA | {"custom": {"p": ["x" * 60_000] * 10}}).id
    b = engine.create(ANA | {"custom": {"q": ["x" * 60_000] * 10}}).id
    plan = engine.plan_merge(a, [b])
    with engine.transaction(), pytest.raises(InvalidProfile) as refused:
        engine.merge(plan)
    assert [p.code for p in refused.value.problems] == ["too-large"]
    assert (engine.get(a).version, engine.get(b).state) == (1, State.ACTIVE)


def test_trusted_sources_are_a_setting() -> None:
    engine = open_engine(config={"profilecore": {"trusted_sources": ["crm"]}})
    a = engine.create({"last_name": "New"}, source="web").id
    b = engine.create({"last_name": "Vogel"}, source="crm").id
    plan = engine.plan_merge(a, [b])
    assert {p.field: p.reason for p in plan.fields}["last_name"] == "trusted-source"


# ---- what the survivor owns


def test_the_survivor_owns_what_its_family_owns(each_engine: Engine, pair: tuple[str, str]) -> None:
    a, b = pair
    hold = each_engine.place_hold(b, kind="open-bill", property_id="P1")
    stay = each_engine.record_stay(b, {"property_id": "P1", "reference": "17"})
    file = each_engine.attach(b, "a.png", PNG)
    plan = each_engine.plan_merge(a, [b])
    assert plan.owned == {"hold": 1, "stay": 1, "file": 1}
    each_engine.merge(plan)
    assert each_engine.holds(a) == each_engine.holds(b) == [hold]
    assert each_engine.stays(a) == [stay]
    assert each_engine.files(a) == [file]
    assert each_engine.read_file(file.id) == PNG
    assert each_engine.record_stay(a, {"property_id": "P1", "reference": "17"}) == stay


# ---- references of the host


class Bookings:
    """A host's table of bookings by profile id, beside the store."""

    name = "bookings"

    def __init__(self, *rows: str) -> None:
        self.rows = list(rows)
        self.fail: str | None = None

    @hookimpl
    def profilecore_register_references(self, register: Callable[[Any], None]) -> None:
        register(self)

    def count(self, profile_ids: Any) -> int:
        self._trip("count")
        return sum(row in profile_ids for row in self.rows)

    def repoint(self, from_ids: Any, to_id: str) -> Any:
        self._trip("repoint")
        token = {str(n): row for n, row in enumerate(self.rows) if row in from_ids}
        self.rows = [to_id if row in from_ids else row for row in self.rows]
        return token

    def undo(self, token: Any) -> None:
        self._trip("undo")
        for number, row in token.items():
            self.rows[int(number)] = row

    def _trip(self, step: str) -> None:
        if self.fail == step:
            raise OSError("Ana García is in the way")


@pytest.fixture
def bookings() -> Bookings:
    return Bookings()


@pytest.fixture
def hosted(bookings: Bookings) -> Engine:
    return open_engine(plugins=[bookings])


def test_references_are_counted_repointed_and_pointed_back(
    hosted: Engine, bookings: Bookings
) -> None:
    a, b = hosted.create(ANA).id, hosted.create(TWIN).id
    bookings.rows = [a, b, b, "other"]
    plan = hosted.plan_merge(a, [b])
    assert plan.references == {"bookings": 2}
    entry = hosted.merge(plan)
    assert bookings.rows == [a, a, a, "other"]
    bookings.rows.append(a)
    hosted.unmerge(entry.id)
    assert bookings.rows == [a, b, b, "other", a]


@pytest.mark.parametrize("step", ["count", "repoint"])
def test_a_failing_provider_is_named_and_aborts_the_merge(
    hosted: Engine, bookings: Bookings, step: str
) -> None:
    a, b = hosted.create(ANA).id, hosted.create(TWIN).id
    plan = hosted.plan_merge(a, [b])
    bookings.fail = step
    with pytest.raises(PluginError) as failed:
        hosted.merge(plan)
    assert (failed.value.plugin, failed.value.hook) == ("bookings", step)
    assert "Ana" not in str(failed.value)
    assert hosted.get(b).id == b
    assert hosted.merges(a) == []


def test_references_are_pointed_back_with_the_transaction_of_their_merge(
    hosted: Engine, bookings: Bookings
) -> None:
    a, b, c = (hosted.create(person).id for person in (ANA, TWIN, TWIN))
    bookings.rows = [a, b, c]

    def merge_and_fail(id: str, error: BaseException) -> None:
        with hosted.transaction():
            hosted.merge(hosted.plan_merge(a, [id]))
            raise error

    with hosted.transaction():
        hosted.merge(hosted.plan_merge(a, [b]))
        with pytest.raises(OSError, match="full"):
            merge_and_fail(c, OSError("full"))
        assert bookings.rows == [a, a, c]
    with pytest.raises(KeyboardInterrupt):
        merge_and_fail(c, KeyboardInterrupt())
    assert bookings.rows == [a, a, c]
    assert len(hosted.merges(a)) == 1


def test_a_provider_that_cannot_undo_aborts_the_unmerge(hosted: Engine, bookings: Bookings) -> None:
    a, b = hosted.create(ANA).id, hosted.create(TWIN).id
    entry = hosted.merge(hosted.plan_merge(a, [b]))
    bookings.fail = "undo"
    with pytest.raises(PluginError):
        hosted.unmerge(entry.id)
    assert hosted.get(b).id == a
    bookings.fail = None
    assert hosted.unmerge(entry.id).exact


def test_an_unmerge_without_its_provider_is_refused(bookings: Bookings) -> None:
    engine = open_engine(plugins=[bookings])
    a, b = engine.create(ANA).id, engine.create(TWIN).id
    entry = engine.merge(engine.plan_merge(a, [b]))
    with pytest.raises(PluginError) as refused:
        open_engine(engine.store).unmerge(entry.id)
    assert refused.value.plugin == "bookings"
    assert engine.get(b) == engine.get(a)


def test_a_merge_plan_shows_no_value_in_its_repr(engine: Engine) -> None:
    a, b = engine.create(ANA).id, engine.create(TWIN).id
    plan = engine.plan_merge(a, [b])
    assert isinstance(plan.result, Profile)
    assert "anna" not in repr(plan).casefold()
    assert "garc" not in repr(plan).casefold()
