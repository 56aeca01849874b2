"""What a data-protection officer asks about clears: questions 8 to 15, on what comes after."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from clears import (
    ANA,
    OTHER,
    REGISTER,
    Opens,
    everything,
    finish,
    merge,
    opens_on,
    stayed,
)
from kit import PNG, START, Clock, KeepsElsewhere

from profilecore import (
    Actor,
    Blocker,
    ClearBlocked,
    ClearPlan,
    Engine,
    MergeBlocked,
    NotFound,
    ProfileCleared,
    StalePlan,
    hookimpl,
)
from profilecore.model import (
    Clear,
    DocumentKind,
    OnClear,
    Search,
    Sensitivity,
    State,
    field,
    record,
)
from profilecore.store import Store


@pytest.fixture
def opens(store: Store, clock: Clock) -> Opens:
    """Give what opens an engine on each kind of store in turn."""
    return opens_on(store, clock)


# ---- 8. Systems that send what they still know


def row(*ids: tuple[str, str], **more: Any) -> dict[str, Any]:
    return {
        "last_name": "Back",
        "external_ids": [{"system": system, "value": value} for system, value in ids],
    } | more


def refused(engine: Engine, given: dict[str, Any], source: str = "pms") -> list[str]:
    """Load a row that must be refused; give the codes of its problems."""
    rejects: list[Any] = []
    report = engine.load([given], source=source, workers=0, on_reject=rejects.append)
    assert (report.created, report.updated, report.rejected) == (0, 0, 1)
    return [problem.code for reject in rejects for problem in reject.problems]


@pytest.mark.parametrize("stage", ["restricted", "finished", "cleared"])
def test_an_id_of_the_cleared_is_refused_from_every_source_at_every_stage(
    opens: Opens, stage: str
) -> None:
    engine = opens()
    a = engine.create(ANA).id
    b = engine.create(row(("crm", "9"), ("web", "w"))).id
    merge(engine, a, b)
    if stage != "cleared":
        stayed(engine, b)
    engine.clear(b)
    if stage == "finished":
        finish(engine)
    left = engine.get(a)
    for known in (("pms", "17"), ("crm", "9"), ("web", "w")):
        with pytest.raises(ProfileCleared):
            engine.create(row(known))
        assert refused(engine, row(known)) == ["profile-cleared"]
        assert refused(engine, row(known), source=known[0]) == ["profile-cleared"]
        assert refused(engine, row(("pms", "fresh"), known)) == ["profile-cleared"]
        assert engine.search(external_id=known).items == ()
    assert engine.get(a) == left
    assert engine.search().items == ()


@pytest.mark.parametrize("stage", ["restricted", "finished", "cleared"])
def test_where_ids_may_come_again_they_start_somebody_new(opens: Opens, stage: str) -> None:
    engine = opens(reimport="new")
    rows = [row(("pms", "17")), {"last_name": "Solo", "occupation": "cook"}]
    engine.load(rows, source="pms", workers=0)
    old = [engine.search(name).items[0].id for name in ("back", "solo")]
    for id in old:
        if stage != "cleared":
            stayed(engine, id)
        engine.clear(id)
    if stage == "finished":
        finish(engine, people=2)
    report = engine.load(rows, source="pms", workers=0)
    assert (report.created, report.rejected) == (2, 0)
    new = {engine.search(name).items[0].id for name in ("back", "solo")}
    assert not new & set(old)
    again = engine.load(rows, source="pms", workers=0)
    assert (again.created, again.unchanged) == (0, 2)
    assert [engine.get(id).last_name for id in old] == [None, None]


def test_a_row_without_an_id_is_known_by_its_content_after_a_clear(opens: Opens) -> None:
    engine = opens()
    solo = {"last_name": "Solo", "occupation": "cook"}
    engine.load([solo], source="pms", workers=0)
    engine.clear(engine.search("solo").items[0].id)
    assert refused(engine, solo) == ["profile-cleared"]


def test_an_import_ties_nobody_to_the_cleared(opens: Opens) -> None:
    engine = opens()
    id = engine.create(ANA).id
    engine.clear(id)
    child = {"last_name": "Kid", "relationships": [{"type": "parent", "profile_id": id}]}
    assert refused(engine, child) == ["unknown-profile"]
    assert engine.relationships(id) == []


@pytest.mark.parametrize("kept", [False, True])
def test_a_late_merge_that_names_the_cleared_changes_nothing(opens: Opens, kept: bool) -> None:
    engine = opens()
    a, b, living = (engine.create({"last_name": name}).id for name in ("Zq", "Zq", "Moreau"))
    early = engine.plan_merge(living, [a])
    merge(engine, a, b)
    if kept:
        stayed(engine, a)
    engine.clear(a)
    before = everything(engine)
    for survivor, other in ((living, a), (living, b), (a, living), (b, living), (a, b)):
        plan = engine.plan_merge(survivor, [other])
        assert "cleared" in [blocker.code for blocker in plan.blockers]
        assert "Zq" not in repr([(f.value, f.candidates) for f in plan.fields])
        with pytest.raises(MergeBlocked):
            engine.merge(plan)
    with pytest.raises((MergeBlocked, StalePlan)):
        engine.merge(early)
    assert everything(engine) == before


# ---- 9. Points of a loyalty scheme: the sums stay, the member goes


@record
class Points:
    """What a member earned; the sum is a debt of the house."""

    amount: int = field(
        merge="survivor", clear=Clear.KEEP, sensitivity=Sensitivity.NONE, search=Search.NONE,
        default=0,
    )  # fmt: skip
    member: str | None = field(
        merge="survivor", clear=Clear.ERASE, sensitivity=Sensitivity.PERSONAL, search=Search.NONE
    )
    at: datetime | None = field(
        merge="survivor", clear=Clear.ERASE, sensitivity=Sensitivity.PERSONAL, search=Search.NONE
    )


class Loyalty:
    """Keeps points; whoever has some cannot be cleared until they are paid out."""

    name = "loyalty"
    owed = False
    broken = False

    def dated(self, points: Points) -> datetime | None:
        if self.broken:
            raise LookupError("no programme")
        return points.at

    @hookimpl
    def profilecore_register_kinds(self, register: Callable[[DocumentKind], None]) -> None:
        kind = DocumentKind("points", Points, OnClear.FIELDS, dated=self.dated, is_activity=True)
        register(kind)

    @hookimpl
    def profilecore_check_clear(self, plan: ClearPlan) -> list[Blocker]:
        return [Blocker("points-owed", "Points are not paid out.")] if self.owed else []


def earn(engine: Engine, id: str, at: datetime) -> None:
    with engine._kernel.writing() as unit:
        unit.put("points", f"points-{id}", id, Points(amount=500, member="M-17", at=at), expect=0)


def test_points_that_are_owed_block_and_their_sum_outlives_the_member(opens: Opens) -> None:
    loyalty = Loyalty()
    engine = opens(loyalty)
    a, b = engine.create(ANA).id, engine.create(OTHER).id
    earn(engine, b, START)
    merge(engine, a, b)
    loyalty.owed = True
    with pytest.raises(ClearBlocked, match="points-owed"):
        engine.clear(a)
    loyalty.owed = False
    assert engine.clear(a).kept["points"] == 1
    with engine.store.read() as reader:
        (document,) = reader.owned([a, b], "points")
    points = engine._kernel.codec.load(Points, document.body)
    assert (points.amount, points.member, points.at) == (500, None, None)


def test_points_that_were_earned_count_as_a_sign_of_the_guest(opens: Opens, clock: Clock) -> None:
    engine = opens(Loyalty(), inactivity={"after_days": 100, "grace_days": 0, "first_share": 1.0})
    id = engine.create(ANA).id
    stayed(engine, id, "P9", departure="2025-02-12", arrival="2025-02-10")
    earn(engine, id, START)
    assert engine.explain(id).last_sign == START.date()
    assert engine.clear_due().cleared == 0
    clock.move(days=102)
    assert engine.clear_due().ids == (id,)


def test_a_kind_that_cannot_tell_its_day_blocks_that_person_only(opens: Opens) -> None:
    loyalty = Loyalty()
    engine = opens(loyalty, inactivity={"after_days": 1, "grace_days": 0, "first_share": 1.0})
    with_points, without = engine.create(ANA).id, engine.create(OTHER).id
    for id in (with_points, without):
        stayed(engine, id, "P9", departure="2025-02-12", arrival="2025-02-10")
    earn(engine, with_points, datetime(2025, 1, 1, tzinfo=START.tzinfo))
    loyalty.broken = True
    report = engine.clear_due()
    assert (report.ids, report.blocked) == ((without,), {"plugin-error": 1})
    loyalty.broken = False
    engine._kernel._clock.move(days=2)  # type: ignore[attr-defined]  # the clock of the tests
    assert engine.clear_due().ids == (with_points,)


# ---- 10. Who travelled along


def test_the_party_stays_a_number_when_its_people_go(opens: Opens) -> None:
    engine = opens(properties={})
    mother, child = engine.create(ANA).id, engine.create(OTHER).id
    stayed(engine, mother, companions=[child])
    engine.clear(mother)
    (stay,) = engine.stays(mother)
    assert (stay.adults, stay.children, stay.companions) == (2, 1, ())


def test_a_guardian_who_is_cleared_leaves_the_child_as_it_is(opens: Opens) -> None:
    engine = opens()
    guardian = engine.create(ANA).id
    child = engine.create(OTHER | {"relationships": [{"type": "parent", "profile_id": guardian}]})
    engine.clear(guardian)
    left = engine.get(child.id)
    assert (left.relationships, left.last_name) == ((), "Moreau")
    assert engine.relationships(child.id) == []


def test_a_minors_guardian_is_kept_for_the_register_alone(opens: Opens) -> None:
    engine = opens()
    guardian = engine.create(ANA).id
    edge = {"type": "parent", "profile_id": guardian}
    child = engine.create(OTHER | {"relationships": [edge]}).id
    stayed(engine, child)
    engine.clear(child)
    assert engine.relationships(child) == []
    assert engine.relationships(guardian) == []
    newest = engine.changes().next or 0
    with engine.acting(Actor("police-desk", purpose=REGISTER)):
        assert [r.profile_id for r in engine.relationships(child)] == [guardian]
    assert [e.type for e in engine.changes(newest).items] == ["restricted.read"]
    finish(engine)
    with engine.acting(Actor("police-desk", purpose=REGISTER)):
        assert engine.relationships(child) == []


# ---- 11. Copies that the law wants are not touched until their own time


def test_a_kept_document_is_not_rewritten_until_its_time(opens: Opens, clock: Clock) -> None:
    rules = [{"name": "scans", "minimum": "P2Y", "fields": ["file"]}]
    engine = opens(retention={"rules": rules})
    id = engine.create(ANA).id
    file = engine.attach(id, "form.png", PNG).id
    stayed(engine, id)
    with engine.store.read() as reader:
        before = reader.get("file", file)
    engine.clear(id)
    with engine.store.read() as reader:
        assert reader.get("file", file) == before
        assert reader.blob(file) == PNG
    clock.now = clock.now.replace(year=2028)
    assert engine.clear_due().finished == 0, "the last day is not over"
    clock.move(days=1)
    assert engine.clear_due().finished == 1
    with engine.store.read() as reader:
        assert (reader.get("file", file), reader.blob(file)) == (None, None)
    assert engine.get(id).state is State.RESTRICTED, "the register has a year to go"


# ---- 12. What is left is as little as the receipt says


def test_the_receipt_counts_what_went_and_what_was_kept(opens: Opens) -> None:
    engine = opens()
    a, b = engine.create(ANA, key="k").id, engine.create(OTHER).id
    engine.release_hold(engine.place_hold(a, kind="open-bill").id)
    engine.record_activity(a)
    for id in (a, b):
        engine.attach(id, "a.png", PNG)
        stayed(engine, id)
    merge(engine, a, b)
    first = engine.clear(b)
    assert first.erased == {"profile": 1, "hold": 1, "activity": 1, "file": 2, "merge": 1}
    assert first.kept == {"profile": 1, "stay": 2, "outcome": 1}
    assert {h.rule for h in first.held} == {REGISTER}
    finish(engine)
    last = engine.receipt(a)
    assert (last.follows, last.held, last.kept["stay"]) == (first.id, (), 2)
    assert (last.erased, "profile" in last.kept) == ({"profile": 1}, False)
    for stay in engine.stays(a):
        assert (stay.arrival, stay.departure) == (date(2026, 2, 1), date(2026, 2, 1))
        assert (stay.reference, stay.stamp) == (None, None)


# ---- 13. Once only, for good


def test_another_clear_by_any_way_gives_the_same_receipt_and_writes_nothing(opens: Opens) -> None:
    engine = opens()
    a, b = engine.create(ANA).id, engine.create(OTHER).id
    merge(engine, a, b)
    stayed(engine, a)
    plan = engine.plan_clear(b)
    receipt = engine.clear(plan)
    for _ in range(2):
        before = everything(engine)
        for again in (a, b, plan, engine.plan_clear(a), engine.plan_clear(b)):
            assert engine.clear(again, reason="asked twice") == receipt
        with engine.acting(Actor("desk", "P2")):
            assert engine.clear(b).id == receipt.id
        assert everything(engine) == before
        if receipt.held:
            finish(engine)
            receipt = engine.receipt(b)


@pytest.mark.parametrize("kept", [False, True])
def test_nothing_undoes_a_clear(opens: Opens, kept: bool) -> None:
    engine = opens()
    a, b = engine.create(ANA, key="k").id, engine.create(OTHER).id
    done = engine.merge(engine.plan_merge(a, [b]), key="m")
    if kept:
        stayed(engine, a)
    version = engine.get(a).version
    engine.clear(a)
    before = everything(engine)
    for undo in (
        lambda: engine.unmerge(done.id),
        lambda: engine.update(b, {"last_name": "García"}),
        lambda: engine.update(a, {"last_name": "García"}, if_version=version),
        lambda: engine.record_activity(a),
        lambda: engine.attach(b, "a.png", PNG),
        lambda: engine.create(ANA),
    ):
        with pytest.raises((NotFound, ProfileCleared)):
            undo()
    assert engine.create(ANA, key="k").last_name is None
    assert everything(engine) == before


def test_a_merge_of_others_undone_later_brings_back_no_tie_to_the_cleared(opens: Opens) -> None:
    engine = opens()
    gone = engine.create(ANA).id
    edge = {"relationships": [{"type": "friend", "profile_id": gone}]}
    a, b = engine.create(OTHER | edge).id, engine.create({"last_name": "x"} | edge).id
    done = merge(engine, a, b)
    engine.clear(gone)
    engine.unmerge(done)
    for id in (a, b):
        assert engine.get(id).relationships == ()
    assert engine.relationships(gone) == []


# ---- 14. Whom time clears


def test_a_legal_hold_outlasts_the_longest_time_of_a_document(opens: Opens, clock: Clock) -> None:
    rule = {"name": "scans", "record_kind": "file", "maximum": "P30D"}
    engine = opens(retention={"rules": [rule]})
    id = engine.create(ANA).id
    wanted, other = (engine.attach(id, f"{n}.png", PNG).id for n in range(2))
    hold = engine.place_hold(id, kind="dispute", keeps=[f"file/{wanted}"])
    engine.clear_due(confirm=True)
    clock.move(days=31)
    assert engine.clear_due().expired == 1
    assert [f.id for f in engine.files(id)] == [wanted]
    with pytest.raises(NotFound):
        engine.read_file(other)
    engine.release_hold(hold.id)
    clock.move(days=121)
    assert engine.clear_due().expired == 1
    assert engine.files(id) == []


def test_what_is_past_its_time_when_a_rule_is_switched_on_goes_at_once(
    opens: Opens, clock: Clock
) -> None:
    rule = {"name": "scans", "record_kind": "file", "maximum": "P30D"}
    engine = opens(retention={"rules": [rule]})
    id = engine.create(ANA).id
    engine.attach(id, "a.png", PNG)
    clock.move(days=60)
    assert engine.clear_due(confirm=True).expired == 1
    assert engine.files(id) == []


def test_a_clock_that_goes_back_finishes_nothing_early(opens: Opens, clock: Clock) -> None:
    engine = opens()
    id = engine.create(ANA).id
    stayed(engine, id)
    engine.clear(id)
    clock.now = datetime(2029, 2, 13, 12, tzinfo=START.tzinfo)
    assert engine.clear_due(date(2029, 2, 12)).finished == 0
    clock.move(days=-400)
    assert engine.clear_due().finished == 0
    assert engine.get(id).state is State.RESTRICTED
    clock.move(days=400)
    assert engine.clear_due().finished == 1


def test_a_change_of_law_divides_the_stays_by_their_day(opens: Opens) -> None:
    law = {"minimum": "P1Y", "country": "ES", "fields": ["stay.reference"]}
    rules = [
        law | {"name": "old-law", "valid_to": "2026-01-31"},
        law | {"name": "new-law", "valid_from": "2026-02-01", "minimum": "P2Y"},
    ]
    engine = opens(retention={"off": [REGISTER], "rules": rules})
    id = engine.create(ANA).id
    for day in ("2026-01-31", "2026-02-01"):
        stayed(engine, id, arrival=day, departure=day, reference=day)
    assert [(h.rule, h.until) for h in sorted(engine.clear(id).held, key=lambda h: h.rule)] == [
        ("new-law", date(2028, 2, 1)), ("old-law", date(2027, 1, 31)),
    ]  # fmt: skip


def test_consent_that_ended_starts_the_clock_and_one_that_holds_does_not(opens: Opens) -> None:
    rule = {"name": "proof", "clock": "consent_end", "minimum": "P3Y",
            "fields": ["profile.consents"]}  # fmt: skip
    engine = opens(retention={"rules": [rule]})
    granted = {"purpose": "news", "status": "granted", "at": START - timedelta(days=20)}
    revoked = {"purpose": "news", "status": "revoked", "at": START - timedelta(days=10)}
    for consents, kept in (
        ([granted], []),
        ([granted, revoked], [date(2029, 2, 19)]),
        ([granted | {"expires_at": START}], [date(2029, 3, 1)]),
    ):
        id = engine.create(OTHER | {"consents": consents}).id
        assert [h.until for h in engine.clear(id).held] == kept


# ---- 15. What can be shown is what can be erased


def test_before_and_after_a_clear_the_same_is_shown_as_is_there(opens: Opens) -> None:
    letters = KeepsElsewhere("letters")
    engine = opens(letters)
    id = engine.create(ANA).id
    letters.held[id] = "Dear Ana"
    stayed(engine, id)
    engine.attach(id, "a.png", PNG)
    before = engine.access(id)
    receipt = engine.clear(id)
    shown = {kind: len(found) for kind, found in before["documents"].items()}
    went = {kind: receipt.erased.get(kind, 0) + receipt.kept.get(kind, 0) for kind in shown}
    assert (shown, before["elsewhere"], receipt.erased["letters"]) == (
        went, {"letters": ["Dear Ana"]}, 1,
    )  # fmt: skip
    held = engine.access(id)
    assert (held["profile"]["last_name"], held["elsewhere"]) == ("García", {})
    assert held["documents"]["stay"][0]["reference"] == f"R-{id}", "what is kept is held, and shown"
    assert "file" not in held["documents"]
    finish(engine)
    after = engine.access(id)
    assert after["profile"].get("last_name") is None
    assert "García" not in repr(after)
