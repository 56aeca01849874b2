"""The chain of receipts: whole after honest work, broken where somebody meddled."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kit import START, Clock, open_engine

from profilecore import Engine
from profilecore.engine import scrubbing
from profilecore.model import Receipt, ReceiptStatus
from profilecore.model.fields import evolve
from profilecore.rules.chain import seal


def clear_three(engine: Engine) -> list[Receipt]:
    names = ("Ana", "Berta", "Carla")
    ids = [engine.create({"last_name": name, "tags": ["VIP"]}).id for name in names]
    return [engine.clear(id, reason="asked") for id in ids]


def meddle(engine: Engine, receipt: Receipt, **changes: object) -> None:
    kernel = engine._kernel
    with kernel.writing() as unit:
        stored = unit.writer.get("receipt", receipt.id)
        assert stored is not None
        held = kernel.codec.load(Receipt, stored.body)
        now = evolve(held, **changes)
        unit.put("receipt", receipt.id, stored.owner, now, expect=stored.version)


def faults(engine: Engine) -> list[tuple[int, str]]:
    return [(fault.number, fault.code) for fault in engine.verify_receipts()]


def test_receipts_are_numbered_and_sealed_over_the_one_before(each_engine: Engine) -> None:
    assert each_engine.verify_receipts() == []
    one, two, three = clear_three(each_engine)
    assert [one.number, two.number, three.number] == [1, 2, 3]
    assert [one.previous, two.previous, three.previous] == ["", one.seal, two.seal]
    assert faults(each_engine) == []


def test_a_receipt_that_becomes_erased_keeps_its_seal(each_engine: Engine) -> None:
    made = each_engine.create({"last_name": "Ana"})
    with each_engine.transaction():
        pending = each_engine.clear(made.id)
    erased = each_engine.receipt(made.id)
    assert pending.status is not erased.status
    assert pending.seal == erased.seal
    assert faults(each_engine) == []


@pytest.mark.parametrize(
    "change",
    [{"reason": "other"}, {"actor": None}, {"erased": {"profile": 9}}, {"cleared_ids": ()}],
)
def test_a_changed_receipt_is_named(each_engine: Engine, change: dict[str, object]) -> None:
    _, two, _ = clear_three(each_engine)
    meddle(each_engine, two, **change)
    (fault,) = each_engine.verify_receipts()
    assert (fault.number, fault.code, fault.id) == (2, "changed", two.id)


@pytest.mark.parametrize("dropped", [0, 1, 2])
def test_a_dropped_receipt_is_named(each_engine: Engine, dropped: int) -> None:
    receipts = clear_three(each_engine)
    with each_engine._kernel.writing() as unit:
        unit.writer.delete("receipt", receipts[dropped].id)
    assert faults(each_engine) == [(dropped + 1, "missing")]


def test_reordered_receipts_are_named(each_engine: Engine) -> None:
    _, two, three = clear_three(each_engine)
    meddle(each_engine, two, number=3, previous=three.previous, seal=three.seal)
    meddle(each_engine, three, number=2, previous=two.previous, seal=two.seal)
    assert {code for _, code in faults(each_engine)} >= {"changed", "moved", "missing"}


def test_a_receipt_put_in_later_is_named(each_engine: Engine) -> None:
    _, two, _ = clear_three(each_engine)
    with each_engine._kernel.writing() as unit:
        stored = unit.writer.get("receipt", two.id)
        assert stored is not None
        unit.writer.put(evolve(stored, id="forged", version=1), expect=0)
    assert faults(each_engine) == [(2, "moved")]


def test_a_receipt_sealed_anew_breaks_the_link_behind_it(each_engine: Engine) -> None:
    one, _, _ = clear_three(each_engine)
    forged = evolve(one, reason="never asked")
    meddle(each_engine, one, reason="never asked", seal=seal(forged))
    assert faults(each_engine) == [(2, "unlinked")]


def test_the_newest_receipt_sealed_anew_does_not_fit_the_end(each_engine: Engine) -> None:
    *_, three = clear_three(each_engine)
    forged = evolve(three, reason="never asked")
    meddle(each_engine, three, reason="never asked", seal=seal(forged))
    assert faults(each_engine) == [(3, "unlinked")]


def test_one_scrub_marks_more_receipts_than_are_read_at_once(
    each_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scrubbing, "AT_ONCE", 2)
    with each_engine.transaction():
        ids = [each_engine.create({"last_name": "Ana"}).id for _ in range(5)]
        for id in ids:
            each_engine.clear(id)
    assert {each_engine.receipt(id).status.value for id in ids} == {"erased"}


def test_a_receipt_is_written_once(each_engine: Engine) -> None:
    receipt = clear_three(each_engine)[0]
    with each_engine.store.read() as reader:
        stored = reader.get("receipt", receipt.id)
    assert stored is not None
    assert (receipt.status, stored.version) == (ReceiptStatus.ERASED, 1)


def test_a_dropped_receipt_does_not_keep_later_ones_pending(each_engine: Engine) -> None:
    *_, three = clear_three(each_engine)
    with each_engine._kernel.writing() as unit:
        unit.writer.delete("receipt", three.id)
    events = each_engine.changes().items
    (later, *_) = clear_three(each_engine)
    assert later.status is ReceiptStatus.ERASED
    told = [e.subject for e in each_engine.changes().items[len(events) :]]
    assert three.id not in told


def test_a_receipt_that_is_made_to_say_erased_is_found_and_not_believed(
    each_engine: Engine,
) -> None:
    one, *_ = clear_three(each_engine)
    with each_engine._kernel.writing() as unit:
        for document in unit.writer.listing("scrub", None, 10):
            unit.writer.delete("scrub", document.id)
    meddle(each_engine, one, status=ReceiptStatus.ERASED, erased_at=START)
    assert [(f.id, f.code) for f in each_engine.verify_receipts()] == [(one.id, "changed")]
    said = each_engine.receipt(one.profile_id)
    assert (said.status, said.erased_at) == (ReceiptStatus.PENDING, None)
    assert each_engine.scrub() > 0
    assert each_engine.receipt(one.profile_id).status is ReceiptStatus.ERASED


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 4), max_size=8), st.integers(1, 4), st.integers(1, 4))
def test_a_receipt_is_erased_from_the_first_scrub_after_it_on(
    batches: list[int], together: int, at_once: int
) -> None:
    clock = Clock()
    engine = open_engine(clock=clock, config={"profilecore": {"scrub": "deferred"}})
    since: dict[str, datetime | None] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scrubbing, "NUMBERS_TOGETHER", together)
        patch.setattr(scrubbing, "AT_ONCE", at_once)
        for batch in batches:
            ids = [engine.create({"last_name": "x"}).id for _ in range(batch)]
            for id in ids:
                engine.clear(id)
                assert engine.receipt(id).status is ReceiptStatus.PENDING
            clock.move(hours=1)
            assert engine.scrub() == batch
            since |= dict.fromkeys(ids, clock.now)
            assert {id: engine.receipt(id).erased_at for id in since} == since
        told = [e.profile_id for e in engine.changes(limit=500).items if "erased" in e.type]
    assert told == list(since)


def test_a_receipt_that_was_marked_is_not_marked_again(each_engine: Engine) -> None:
    receipt = clear_three(each_engine)[0]
    events = each_engine.changes().items
    assert each_engine.scrub() == 0
    assert each_engine.receipt(receipt.profile_id) == receipt
    assert each_engine.changes().items == events
