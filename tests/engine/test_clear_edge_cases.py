"""What a data-protection officer asks about clears: questions 1 to 7, on the clear itself."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from clears import (
    ANA,
    OTHER,
    Opens,
    finish,
    merge,
    opens_on,
    stayed,
)
from kit import PNG, Clock, Ids, KeepsElsewhere, all_text, open_engine

from profilecore import (
    Actor,
    Blocker,
    ClearBlocked,
    ClearPlan,
    Event,
    InvalidProfile,
    NotFound,
    PluginError,
    ProfileCleared,
    hookimpl,
)
from profilecore.model import (
    Relationship,
    State,
)
from profilecore.model.fields import fields_of
from profilecore.store import MemoryStore, Store


@pytest.fixture
def opens(store: Store, clock: Clock) -> Opens:
    """Give what opens an engine on each kind of store in turn."""
    return opens_on(store, clock)


def row(system: str, value: str, **more: Any) -> dict[str, Any]:
    return {"last_name": "Back", "external_ids": [{"system": system, "value": value}]} | more


# ---- 1. A bill that comes up while somebody is at it


def test_a_bill_that_another_process_opens_after_the_plan_blocks(store: Store) -> None:
    desk, office = open_engine(store), open_engine(store, new_id=Ids("office"))
    a, b = desk.create(ANA).id, desk.create(OTHER).id
    merge(desk, a, b)
    plan = office.plan_clear(a)
    desk.place_hold(b, kind="open-bill", property_id="P1")
    with pytest.raises(ClearBlocked):
        office.clear(plan)
    assert office.get(b).last_name == "García"


def test_a_guest_who_comes_in_after_the_plan_blocks(opens: Opens) -> None:
    engine = opens()
    id = engine.create(ANA).id
    plan = engine.plan_clear(id)
    stayed(engine, id, status="in_house", departure=None, arrival="2026-03-01")
    with pytest.raises(ClearBlocked) as refused:
        engine.clear(plan)
    assert [b.code for b in refused.value.blockers] == ["in-house"]


@pytest.mark.parametrize("kept", [False, True])
def test_no_bill_can_be_opened_on_the_cleared_by_any_of_their_ids(opens: Opens, kept: bool) -> None:
    engine = opens()
    a, b = engine.create(ANA).id, engine.create(OTHER).id
    merge(engine, a, b)
    if kept:
        stayed(engine, b)
    engine.clear(b)
    for id in (a, b):
        with pytest.raises(ProfileCleared):
            engine.place_hold(id, kind="open-bill", property_id="P1")


# ---- 2. What counts as an open bill is for the billing system to say


class Billing:
    """Answers with what it is told to."""

    name = "billing"

    def __init__(self) -> None:
        self.owing: dict[str, list[str]] = {}

    @hookimpl
    def profilecore_check_clear(self, plan: ClearPlan) -> Iterator[Blocker]:
        for id in plan.family:
            for code in self.owing.get(id, ()):
                yield Blocker(code, "The account is not settled.", "P1")


def test_a_credit_a_deposit_and_a_preauthorisation_block_as_an_open_bill_does(opens: Opens) -> None:
    billing = Billing()
    engine = opens(billing)
    payer, guest = engine.create(ANA).id, engine.create(OTHER).id
    merge(engine, payer, guest)
    codes = ["credit-balance", "unused-deposit", "pre-authorisation", "payer-of-another"]
    billing.owing = {guest: codes[:2], payer: codes[2:]}
    with pytest.raises(ClearBlocked) as refused:
        engine.clear(guest)
    assert {b.code for b in refused.value.blockers} == set(codes)
    with engine.acting(Actor("desk", "P2")), pytest.raises(ClearBlocked) as refused:
        engine.clear(guest)
    assert [b.code for b in refused.value.blockers] == ["other-property"]
    billing.owing.clear()
    assert engine.clear(guest).cleared_ids == (payer, guest)


# ---- 3. Everything that was merged goes, by whichever id it is asked for


@pytest.mark.parametrize("asked", [0, 1, 2, 3])
def test_any_id_of_a_chain_of_merges_clears_all_of_it(opens: Opens, asked: int) -> None:
    engine = opens()
    names = ("Zqone", "Zqtwo", "Zqthree", "Zqfour")
    ids = [engine.create({"last_name": name, "emails": [f"{name}@x.org"]}).id for name in names]
    for old, new in pairwise(ids):
        merge(engine, new, old)
    plan = engine.plan_clear(ids[asked])
    assert (plan.profile_id, set(plan.family)) == (ids[3], set(ids)), "the plan says who goes"
    receipt = engine.clear(plan)
    assert set(receipt.cleared_ids) == set(ids)
    assert receipt.erased["profile"] == 4
    for id in ids:
        assert engine.get(id).state is State.CLEARED
        assert engine.path(id)[-1] == ids[3], "every id resolves for ever"
        assert engine.merges(id) == []
    if isinstance(engine.store, MemoryStore):
        assert "zq" not in all_text(engine.store)
    else:
        engine.store.close()
        held = b"".join(f.read_bytes().lower() for f in engine.store.files())
        assert not [name for name in names if name.lower().encode() in held]


# ---- 4. No leftovers where nobody looks


def test_an_edge_to_another_person_has_no_room_for_text() -> None:
    assert {a.name for a in fields_of(Relationship)} == {"type", "profile_id"}


class Observer:
    """Fails until it is told not to, and remembers what it heard."""

    name = "observer"

    def __init__(self) -> None:
        self.heard: list[Event] = []
        self.fails = True

    @hookimpl
    def profilecore_on_event(self, event: Event) -> None:
        if self.fails:
            raise RuntimeError("no route")
        self.heard.append(event)


def test_what_waits_for_a_failing_observer_holds_nothing_of_the_cleared(clock: Clock) -> None:
    observer, store = Observer(), MemoryStore()
    engine = open_engine(store, plugins=[observer], clock=clock)
    id = engine.create(ANA, key="web-17").id
    engine.update(id, {"occupation": "Zqgardener"})
    engine.clear(id)
    left = all_text(store)
    assert "undelivered" in left
    assert not [text for text in ("garc", "example.org", "zqgard", "web-17") if text in left]
    observer.fails = False
    engine.deliver()
    assert [e.type for e in observer.heard] == [
        "profile.created", "profile.updated", "profile.cleared", "profile.erased",
    ]  # fmt: skip
    assert {e.profile_id for e in observer.heard} == {id}


def test_what_a_request_with_a_key_left_leads_to_the_tombstone_only(opens: Opens) -> None:
    engine = opens()
    first = engine.create(ANA, key="web-17")
    stayed(engine, first.id)
    for state in (State.RESTRICTED, State.CLEARED):
        engine.clear(first.id) if state is State.RESTRICTED else finish(engine)
        again = engine.create(ANA, key="web-17")
        assert (again.id, again.state, again.last_name) == (first.id, state, None)
    assert engine.search().items == ()


# ---- 5. Others who hold something: asked before, told after, and nothing half done


def test_a_clear_that_fails_elsewhere_is_taken_back_and_works_the_next_time(opens: Opens) -> None:
    letters, tickets = KeepsElsewhere("a-letters"), KeepsElsewhere("b-tickets")
    engine = opens(letters, tickets)
    a, b = engine.create(ANA).id, engine.create(OTHER).id
    file = engine.attach(b, "a.png", PNG).id
    merge(engine, a, b)
    letters.held, tickets.held = {a: "Dear Ana"}, {b: "Moreau, row 5"}
    tickets.fails = True
    before = engine.get(a), engine.changes().items
    for _ in range(2):
        with pytest.raises(PluginError, match="b-tickets"):
            engine.clear(a)
        assert (engine.get(a), engine.changes().items) == before
        assert engine.read_file(file) == PNG
        assert [p.id for p in engine.search("garcia").items] == [a]
        with pytest.raises(NotFound):
            engine.receipt(a)
    tickets.fails = False
    receipt = engine.clear(a)
    assert receipt.erased["b-tickets"] == 1
    assert (letters.held, tickets.held) == ({}, {})
    assert receipt.number == 1, "what was taken back left no receipt behind"


def test_who_decides_is_asked_with_all_ids_and_who_observes_is_told_ids_only(opens: Opens) -> None:
    billing, observer = Billing(), Observer()
    observer.fails = False
    engine = opens(billing, observer)
    a, b = engine.create(ANA).id, engine.create(OTHER).id
    merge(engine, a, b)
    billing.owing = {b: ["open-bill"]}
    with pytest.raises(ClearBlocked):
        engine.clear(a)
    assert "profile.cleared" not in [e.type for e in observer.heard]
    billing.owing.clear()
    receipt = engine.clear(a)
    (told,) = [e for e in observer.heard if e.type == "profile.cleared"]
    assert (told.profile_id, told.related, told.subject) == (a, (b,), receipt.id)
    assert "García" not in repr(told)


# ---- 6. The proof stays, and a released hold finishes what it held up


def test_each_hold_keeps_its_own_and_its_release_gives_up_no_more(opens: Opens) -> None:
    engine = opens()
    id = engine.create(ANA).id
    files = [engine.attach(id, f"{n}.png", PNG).id for n in range(3)]
    holds = [
        engine.place_hold(id, kind=f"case-{n}", keeps=[f"file/{file}"]).id
        for n, file in enumerate(files[:2])
    ]
    receipts = [engine.clear(id)]
    assert receipts[0].erased["file"] == 1
    engine.release_hold(holds[0])
    receipts.append(engine.receipt(id))
    with engine.acting(Actor("lawyer", purpose="case-1")):
        assert engine.read_file(files[1]) == PNG
        with pytest.raises(NotFound):
            engine.read_file(files[0])
    engine.release_hold(holds[1])
    receipts.append(engine.receipt(id))
    assert engine.get(id).state is State.CLEARED
    assert [r.follows for r in receipts] == [None, receipts[0].id, receipts[1].id]
    assert [r.erased["file"] for r in receipts] == [1, 1, 1]
    assert engine.verify_receipts() == []


def test_a_hold_on_a_whole_document_and_on_a_field_of_it_keeps_the_whole(opens: Opens) -> None:
    engine = opens(properties={})
    id = engine.create(ANA).id
    stayed(engine, id, unit="12")
    engine.place_hold(id, kind="dispute", keeps=["stay", "stay.reference"])
    engine.clear(id)
    with engine.acting(Actor("lawyer", purpose="dispute")):
        assert [s.unit for s in engine.stays(id)] == ["12"]


def test_a_hold_that_came_later_is_listed_and_can_be_released(opens: Opens) -> None:
    engine = opens()
    id = engine.create(ANA).id
    stayed(engine, id)
    engine.clear(id)
    hold = engine.place_hold(id, kind="dispute", keeps=["profile.last_name"])
    assert engine.holds(id) == [hold]
    with engine.acting(Actor("lawyer", purpose="dispute")):
        assert engine.get(id).last_name == ANA["last_name"]
    engine.release_hold(hold.id)
    assert engine.holds(id) == []
    with engine.acting(Actor("lawyer", purpose="dispute")):
        assert engine.get(id).last_name is None
    finish(engine)
    assert engine.get(id).state is State.CLEARED


@pytest.mark.parametrize("typo", ["file/none", "stay/none.reference"])
def test_a_hold_on_a_document_that_is_not_there_is_refused(opens: Opens, typo: str) -> None:
    engine = opens()
    id, other = engine.create(ANA).id, engine.create(OTHER).id
    mine, foreign = engine.attach(id, "a.png", PNG).id, engine.attach(other, "b.png", PNG).id
    for wrong in (typo, f"file/{foreign}"):
        with pytest.raises(InvalidProfile, match="/keeps/1"):
            engine.place_hold(id, kind="dispute", keeps=[f"file/{mine}", wrong])
    assert engine.holds(id) == []


# ---- 7. Who comes back is somebody new


@pytest.mark.parametrize("settings", [{}, {"reimport": "new"}])
def test_who_books_again_is_a_new_person_without_a_tie_to_the_old(
    opens: Opens, settings: dict[str, Any]
) -> None:
    engine = opens(**settings)
    old = engine.create(ANA).id
    stayed(engine, old)
    engine.clear(old)
    new = engine.create(ANA | {"external_ids": []}).id
    stayed(engine, new)
    finish(engine)
    held = engine.access(new)
    assert old not in repr(held)
    assert held["ids"] == [new]
    assert [e.profile_id for e in engine.changes().items if old in (e.profile_id, *e.related)] == [
        e.profile_id for e in engine.changes().items if e.profile_id == old
    ]
    assert [p.id for p in engine.search("garcia").items] == [new]
