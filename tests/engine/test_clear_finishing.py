"""When a clear is finished, and who outside the store decides about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from kit import P1, P2, PNG, Clock, Ids, KeepsElsewhere, open_engine

from profilecore import Blocker, ClearBlocked, ClearPlan, Engine, PluginError, hookimpl
from profilecore.model import ReceiptStatus
from profilecore.store import MemoryStore

ANA = {"first_name": "Ana", "last_name": "García", "emails": ["ana@example.org"]}


def merge(engine: Engine, survivor: str, *others: str) -> str:
    return engine.merge(engine.plan_merge(survivor, others)).id


# ---- scrubbing


class LateStore:
    """Mixed into a memory store: scrubs only when told so."""

    ready = False
    scrubs = 0

    def scrub(self) -> bool:
        self.scrubs += self.ready
        return self.ready


def test_a_receipt_is_pending_until_the_bytes_are_gone() -> None:
    store = type("Late", (LateStore, MemoryStore), {})()
    engine = open_engine(store)
    made = engine.create(ANA)
    receipt = engine.clear(made.id)
    assert (receipt.status, receipt.erased_at) == (ReceiptStatus.PENDING, None)
    assert engine.scrub() == 0
    store.ready = True
    assert engine.scrub() == 1
    assert engine.receipt(made.id).status is ReceiptStatus.ERASED
    assert engine.clear(made.id) == engine.receipt(made.id)
    assert engine.scrub() == 0


def test_a_deferred_scrub_waits_for_the_host(store: Any) -> None:
    engine = open_engine(store, config={"profilecore": {"scrub": "deferred"}})
    ids = [engine.create({"last_name": "x"}).id for _ in range(3)]
    for id in ids:
        assert engine.clear(id).status is ReceiptStatus.PENDING
    assert engine.scrub() == 3
    assert {engine.receipt(id).status for id in ids} == {ReceiptStatus.ERASED}


def test_a_pending_clear_is_taken_up_by_the_next_engine() -> None:
    store = type("Late", (LateStore, MemoryStore), {})()
    engine = open_engine(store)
    made = engine.create(ANA)
    engine.clear(made.id)
    store.ready = True
    later = open_engine(store, new_id=Ids("later"))
    later.create({"last_name": "any write"})
    assert later.receipt(made.id).status is ReceiptStatus.ERASED


def expiring(**more: Any) -> tuple[Any, Engine]:
    """Give a store with a guest whose file expires, and an engine a month later."""
    store = type("Late", (LateStore, MemoryStore), {})()
    rules = [{"name": "scans", "record_kind": "file", "maximum": "P30D"}]
    config = {"profilecore": {"retention": {"rules": rules}} | more}
    clock = Clock()
    engine = open_engine(store, config=config, clock=clock)
    engine.attach(engine.create(ANA).id, "a.png", PNG)
    engine.clear_due(confirm=True)
    clock.move(days=40)
    return store, engine


def test_an_expired_document_is_scrubbed_though_nobody_was_cleared() -> None:
    store, engine = expiring()
    store.ready = True
    report = engine.clear_due()
    assert (report.expired, report.cleared, store.scrubs) == (1, 0, 1)
    engine.clear_due()
    assert store.scrubs == 1


def test_the_scrub_of_an_expired_document_is_taken_up_by_the_next_engine() -> None:
    store, engine = expiring()
    assert engine.clear_due().expired == 1
    store.ready = True
    open_engine(store, new_id=Ids("later")).create({"last_name": "any write"})
    assert store.scrubs == 1


def test_the_scrub_of_an_expired_document_waits_for_a_host_that_defers_it() -> None:
    store, engine = expiring(scrub="deferred")
    store.ready = True
    assert (engine.clear_due().expired, store.scrubs) == (1, 0)
    assert (engine.scrub(), store.scrubs) == (0, 1)


def test_a_clear_inside_a_transaction_is_scrubbed_after_its_commit(each_engine: Engine) -> None:
    made = each_engine.create(ANA)
    with each_engine.transaction():
        assert each_engine.clear(made.id).status is ReceiptStatus.PENDING
    assert each_engine.receipt(made.id).status is ReceiptStatus.ERASED


# ---- deciders and data elsewhere


class Billing:
    """Asks a billing system that may be out of reach."""

    name = "billing"

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.answer: Callable[[], Any] = list

    @hookimpl
    def profilecore_check_clear(self, plan: ClearPlan) -> Any:
        self.asked.append(plan.family)
        return self.answer()


def _unreachable() -> Any:
    raise ConnectionError("no route to Ana García")


def _exits() -> Any:
    raise SystemExit(1)


def _late() -> Any:
    yield Blocker("open-bill", "A bill is open.")
    raise ConnectionError


@pytest.mark.parametrize("answer", [_unreachable, _exits, _late, lambda: "no", lambda: 7])
def test_a_decider_that_gives_no_answer_blocks(answer: Callable[[], Any]) -> None:
    billing = Billing()
    engine = open_engine(plugins=[billing])
    made = engine.create(ANA)
    billing.answer = answer
    with pytest.raises(ClearBlocked) as refused:
        engine.clear(made.id)
    assert [b.code for b in refused.value.blockers] == ["plugin-failed"]
    assert "billing" in str(refused.value)
    assert "Ana" not in str(refused.value)
    assert engine.get(made.id) == made


def test_a_decider_sees_the_whole_family_and_its_details_stay_in_their_property() -> None:
    billing = Billing()
    engine = open_engine(plugins=[billing])
    a, b = engine.create(ANA), engine.create({"last_name": "x"})
    merge(engine, a.id, b.id)
    billing.answer = lambda: [Blocker("open-bill", "Bill 17 is open.", property_id="P1", ref="17")]
    with engine.acting(P2):
        assert [x.code for x in engine.plan_clear(b.id).blockers] == ["other-property"]
    with engine.acting(P1), pytest.raises(ClearBlocked) as refused:
        engine.clear(a.id)
    assert refused.value.blockers[0].ref == "17"
    assert billing.asked == [(a.id, b.id), (a.id, b.id)]
    billing.answer = lambda: None
    assert engine.clear(a.id).profile_id == a.id


def test_what_is_held_elsewhere_is_erased_and_counted() -> None:
    newsletter = KeepsElsewhere("newsletter")
    engine = open_engine(plugins=[newsletter])
    made = engine.create(ANA)
    newsletter.held[made.id] = "ana@example.org"
    assert engine.clear(made.id).erased["newsletter"] == 1
    assert newsletter.held == {}


def test_what_cannot_be_erased_elsewhere_aborts_the_clear() -> None:
    newsletter = KeepsElsewhere("newsletter")
    engine = open_engine(plugins=[newsletter])
    made = engine.create(ANA)
    newsletter.fails = True
    with pytest.raises(PluginError) as failed:
        engine.clear(made.id)
    assert (failed.value.plugin, failed.value.hook) == ("newsletter", "erase")
    assert "example.org" not in str(failed.value)
    assert engine.get(made.id) == made
