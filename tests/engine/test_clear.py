"""Clears: who may, what blocks, what goes, what is left to show."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from kit import P1, P2, PNG, START, Clock, open_engine

from profilecore import (
    ClearBlocked,
    ClearPlan,
    Engine,
    InvalidProfile,
    NotFound,
    Profile,
    ProfileCleared,
    ScopeDenied,
    StalePlan,
)
from profilecore.model import ReceiptStatus, State
from profilecore.model.fields import Clear, rules_of

ANA = {
    "first_name": "Ana",
    "last_name": "García",
    "emails": ["ana@example.org"],
    "external_ids": [{"system": "pms", "value": "17"}],
}


def merge(engine: Engine, survivor: str, *others: str) -> str:
    return engine.merge(engine.plan_merge(survivor, others)).id


def test_a_cleared_person_is_a_tombstone_with_a_receipt(each_engine: Engine, clock: Clock) -> None:
    made = each_engine.create(ANA)
    clock.move(days=1)
    receipt = each_engine.clear(made.id, reason="asked")
    assert (receipt.profile_id, receipt.cleared_ids) == (made.id, (made.id,))
    assert (receipt.status, receipt.reason) == (ReceiptStatus.ERASED, "asked")
    assert receipt.cleared_at == receipt.erased_at == clock.now
    assert receipt.erased["profile"] == 1
    left = each_engine.get(made.id)
    assert left == Profile(
        id=made.id,
        version=2,
        state=State.CLEARED,
        created_at=START,
        updated_at=clock.now,
        cleared_at=clock.now,
    )
    assert each_engine.receipt(made.id) == receipt
    assert each_engine.search("garcia").items == ()
    assert [p.id for p in each_engine.search(state="cleared").items] == [made.id]


def test_planning_a_clear_writes_nothing_and_says_what_goes(each_engine: Engine) -> None:
    made = each_engine.create(ANA)
    each_engine.attach(made.id, "a.png", PNG)
    each_engine.record_stay(made.id, {"property_id": "P1"})
    plan = each_engine.plan_clear(made.id)
    assert each_engine.get(made.id) == made
    assert (plan.profile_id, plan.family, plan.blockers) == (made.id, (made.id,), ())
    assert plan.fields == ("emails", "external_ids", "first_name", "last_name")
    assert plan.counts == {"file": 1}
    assert "garc" not in repr(plan).casefold()


def test_a_second_clear_gives_the_same_receipt(each_engine: Engine, clock: Clock) -> None:
    made = each_engine.create(ANA)
    plan = each_engine.plan_clear(made.id)
    receipt = each_engine.clear(plan)
    left, events = each_engine.get(made.id), each_engine.changes().items
    clock.move(days=1)
    assert each_engine.clear(made.id) == each_engine.clear(plan) == receipt
    assert each_engine.clear(each_engine.plan_clear(made.id)) == receipt
    assert each_engine.get(made.id) == left
    assert each_engine.changes().items == events


def test_a_cleared_person_takes_nothing_new(engine: Engine) -> None:
    made = engine.create(ANA)
    engine.clear(made.id)
    for refused in (
        lambda: engine.update(made.id, {"title": "miss"}),
        lambda: engine.place_hold(made.id, kind="open-bill"),
        lambda: engine.record_stay(made.id, {"property_id": "P1"}),
        lambda: engine.attach(made.id, "a.png", PNG),
    ):
        with pytest.raises(ProfileCleared) as error:
            refused()
        assert error.value.id == made.id


def test_a_receipt_needs_a_clear(engine: Engine) -> None:
    made = engine.create(ANA)
    for id in (made.id, "nobody"):
        with pytest.raises(NotFound):
            engine.receipt(id)


def test_only_what_the_rules_keep_is_left(engine: Engine) -> None:
    made = engine.create(ANA | {"number": "G17", "property_id": "P1", "tags": ["vip"]})
    engine.clear(made.id)
    left, blank = engine.get(made.id), Profile()
    for name, rule in rules_of(Profile).items():
        if rule.clear is not Clear.KEEP:
            assert getattr(left, name) == getattr(blank, name), name
    assert (left.number, left.property_id) == ("G17", "P1")


# ---- holds


def test_a_hold_of_any_property_blocks_and_its_release_frees(each_engine: Engine) -> None:
    made = each_engine.create(ANA)
    hold = each_engine.place_hold(
        made.id, kind="open-bill", property_id="P1", ref="bill 17", expected_on=date(2026, 4, 1)
    )
    with pytest.raises(ClearBlocked) as refused:
        each_engine.clear(made.id)
    (blocker,) = refused.value.blockers
    assert (blocker.code, blocker.property_id, blocker.ref, blocker.expected_on) == (
        "open-bill", "P1", "bill 17", "2026-04-01",
    )  # fmt: skip
    assert each_engine.get(made.id) == made
    each_engine.release_hold(hold.id)
    assert each_engine.clear(made.id).erased["hold"] == 1


def test_a_property_learns_of_others_only_that_one_of_them_blocks(engine: Engine) -> None:
    made = engine.create(ANA)
    for ref in ("bill 1", "bill 2"):
        engine.place_hold(made.id, kind="open-bill", property_id="P1", ref=ref)
    engine.place_hold(made.id, kind="legal-hold", property_id="P3", ref="case 3")
    with engine.acting(P2):
        engine.place_hold(made.id, kind="open-bill", ref="own bill")
        plan = engine.plan_clear(made.id)
        with pytest.raises(ClearBlocked) as refused:
            engine.clear(made.id)
    assert refused.value.blockers == plan.blockers
    assert [(b.code, b.property_id, b.ref) for b in plan.blockers] == [
        ("other-property", None, None),
        ("open-bill", "P2", "own bill"),
    ]
    shown = str(refused.value) + repr(plan) + repr(refused.value.details())
    for foreign in ("P1", "P3", "bill 1", "case", "legal"):
        assert foreign not in shown
    assert len(engine.plan_clear(made.id).blockers) == 4


def test_a_hold_on_a_merged_away_id_counts_for_the_survivor(each_engine: Engine) -> None:
    a, b = each_engine.create(ANA), each_engine.create({"last_name": "Garcia"})
    before = each_engine.place_hold(b.id, kind="open-bill", property_id="P1")
    merge(each_engine, a.id, b.id)
    after = each_engine.place_hold(b.id, kind="open-bill", property_id="P1")
    for hold in (before, after):
        for id in (a.id, b.id):
            with pytest.raises(ClearBlocked):
                each_engine.clear(id)
        each_engine.release_hold(hold.id)
    assert each_engine.clear(b.id).profile_id == a.id


def test_a_hold_placed_after_planning_still_blocks(engine: Engine) -> None:
    made = engine.create(ANA)
    plan = engine.plan_clear(made.id)
    engine.place_hold(made.id, kind="open-bill")
    with pytest.raises(ClearBlocked):
        engine.clear(plan)


def test_a_property_places_holds_for_itself_only(engine: Engine) -> None:
    made = engine.create(ANA)
    with engine.acting(P1):
        assert engine.place_hold(made.id, kind="open-bill").property_id == "P1"
        for other in ("P2",):
            with pytest.raises(ScopeDenied):
                engine.place_hold(made.id, kind="open-bill", property_id=other)


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"kind": ""}, "/kind"),
        ({"kind": "x" * 300}, "/kind"),
        ({"kind": 7}, "/kind"),
        ({"kind": "open-bill", "ref": "x\x00"}, "/ref"),
        ({"kind": "open-bill", "expected_on": "soon"}, "/expected_on"),
        ({"kind": "open-bill", "expected_on": datetime(2026, 4, 1)}, "/expected_on"),  # noqa: DTZ001
    ],
)
def test_a_hold_that_makes_no_sense_is_refused(
    engine: Engine, given: dict[str, Any], path: str
) -> None:
    made = engine.create(ANA)
    with pytest.raises(InvalidProfile) as refused:
        engine.place_hold(made.id, **given)
    assert [p.path for p in refused.value.problems] == [path]
    assert engine.holds(made.id) == []


def test_a_hold_is_released_once(engine: Engine, clock: Clock) -> None:
    hold = engine.place_hold(engine.create(ANA).id, kind="open-bill")
    released = engine.release_hold(hold.id)
    assert not released.is_open
    clock.move(days=1)
    assert engine.release_hold(hold.id) == released
    assert engine.holds(hold.profile_id) == [released]
    with pytest.raises(NotFound):
        engine.release_hold("nothing")


# ---- staleness and families


@pytest.mark.parametrize(
    "change",
    [
        lambda e, id: e.update(id, {"title": "miss"}),
        lambda e, id: e.record_stay(id, {"property_id": "P1"}),
        lambda e, id: e.attach(id, "a.png", PNG),
        lambda e, id: e.release_hold(e.place_hold(id, kind="open-bill").id),
        lambda e, id: merge(e, id, e.create({"last_name": "x"}).id),
        lambda e, id: merge(e, e.create({"last_name": "x"}).id, id),
    ],
)
def test_a_plan_is_stale_after_any_change(
    engine: Engine, change: Callable[[Engine, str], object]
) -> None:
    made = engine.create(ANA)
    plan = engine.plan_clear(made.id)
    change(engine, made.id)
    with pytest.raises(StalePlan) as stale:
        engine.clear(plan)
    assert stale.value.operation == "clear"
    assert engine.get(made.id).state is State.ACTIVE


def test_a_plan_may_be_stored_as_id_and_fingerprint(engine: Engine) -> None:
    made = engine.create(ANA)
    plan = engine.plan_clear(made.id)
    engine.clear(ClearPlan(plan.profile_id, plan.fingerprint))
    assert engine.get(made.id).state is State.CLEARED


@pytest.mark.parametrize("by", [0, 1, 2])
def test_clearing_any_id_clears_the_whole_family(each_engine: Engine, by: int) -> None:
    ids = [each_engine.create({"last_name": name}).id for name in ("one", "two", "three")]
    merge(each_engine, ids[1], ids[2])
    merge(each_engine, ids[0], ids[1])
    receipt = each_engine.clear(ids[by])
    assert receipt.profile_id == ids[0]
    assert set(receipt.cleared_ids) == set(ids)
    assert receipt.erased == {"profile": 3, "merge": 2}
    for id in ids:
        assert each_engine.get(id).id == ids[0]
        assert each_engine.get(id).state is State.CLEARED
        assert each_engine.receipt(id) == each_engine.clear(id) == receipt
    assert each_engine.path(ids[2]) == (ids[2], ids[1], ids[0])


def test_what_a_person_owns_goes_and_stays_are_reduced(each_engine: Engine) -> None:
    a, b = each_engine.create(ANA, key="k"), each_engine.create({"last_name": "Garcia"})
    given = {
        "property_id": "P1", "arrival": "2026-02-17", "departure": "2026-02-20",
        "reference": "marker", "unit": "12", "channel": "web",
    }  # fmt: skip
    each_engine.record_stay(a.id, given)
    each_engine.record_stay(b.id, given | {"reference": "other"})
    file = each_engine.attach(b.id, "a.png", PNG)
    each_engine.release_hold(each_engine.place_hold(b.id, kind="open-bill").id)
    merge(each_engine, a.id, b.id)
    receipt = each_engine.clear(a.id)
    assert receipt.erased == {"profile": 2, "merge": 1, "hold": 1, "file": 1}
    assert receipt.kept == {"stay": 2, "outcome": 1}
    for stay in each_engine.stays(a.id):
        assert (stay.arrival, stay.nights, stay.channel) == (date(2026, 2, 1), 3, "web")
        assert (stay.reference, stay.unit, stay.stamp) == (None, None, None)
    assert each_engine.files(a.id) == each_engine.holds(a.id) == each_engine.merges(a.id) == []
    with pytest.raises(NotFound):
        each_engine.read_file(file.id)
    assert each_engine.store.check() == []


def test_a_cleared_booking_number_may_come_again_for_somebody_else(engine: Engine) -> None:
    a, b = engine.create(ANA), engine.create({"last_name": "x"})
    engine.record_stay(a.id, {"property_id": "P1", "reference": "17"})
    engine.clear(a.id)
    assert engine.record_stay(b.id, {"property_id": "P1", "reference": "17"}).profile_id == b.id


def test_other_people_lose_their_edges_to_the_cleared(each_engine: Engine) -> None:
    a, twin = each_engine.create(ANA), each_engine.create(ANA | {"external_ids": []})
    friends = [
        each_engine.create(
            {
                "last_name": "x",
                "relationships": [
                    {"type": "friend", "profile_id": a.id},
                    {"type": "child", "profile_id": twin.id},
                ],
            }
        )
        for _ in range(3)
    ]
    merge(each_engine, a.id, twin.id)
    each_engine.clear(a.id)
    for friend in friends:
        now = each_engine.get(friend.id)
        assert (now.relationships, now.version) == ((), friend.version + 1)
        assert each_engine.relationships(friend.id) == []
    told = [e for e in each_engine.changes().items if e.type == "profile.updated"]
    assert [(e.profile_id, e.fields) for e in told] == [(f.id, ("relationships",)) for f in friends]


def test_a_clear_reaches_more_than_a_thousand_edges(engine: Engine) -> None:
    a = engine.create(ANA)
    edge = {"type": "other", "profile_id": a.id}
    with engine.transaction():
        for _ in range(1_005):
            engine.create({"last_name": "x", "relationships": [edge]})
    engine.clear(a.id)
    assert not any(p.relationships for p in engine.search("x", limit=500).items)
    assert sum(e.type == "profile.updated" for e in engine.changes(limit=5_000).items) == 1_005


def test_events_of_a_clear_carry_names_only(engine: Engine) -> None:
    made = engine.create(ANA)
    receipt = engine.clear(made.id)
    cleared, erased = engine.changes().items[-2:]
    assert (cleared.type, cleared.profile_id, cleared.subject) == (
        "profile.cleared", made.id, receipt.id,
    )  # fmt: skip
    assert "last_name" in cleared.fields
    assert (erased.type, erased.subject) == ("profile.erased", receipt.id)


# ---- coming again


def test_a_cleared_external_id_is_refused(each_engine: Engine) -> None:
    a, b = (
        each_engine.create(ANA),
        each_engine.create(ANA | {"external_ids": [{"system": "crm", "value": "9"}]}),
    )
    merge(each_engine, a.id, b.id)
    each_engine.clear(a.id)
    for system, value in (("pms", "17"), ("crm", "9")):
        with pytest.raises(ProfileCleared):
            each_engine.create(
                {"last_name": "x", "external_ids": [{"system": system, "value": value}]}
            )
    assert each_engine.create({"last_name": "García"}).state is State.ACTIVE


def test_a_cleared_external_id_starts_a_new_profile_where_so_configured() -> None:
    engine = open_engine(config={"profilecore": {"reimport": "new"}})
    made = engine.create(ANA)
    engine.clear(made.id)
    again = engine.create(ANA)
    assert again.id != made.id
    found = engine.search(external_id=("pms", "17"), state="active").items
    assert [p.id for p in found] == [again.id]
