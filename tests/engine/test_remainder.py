"""A store that cannot erase says so, and receipts say what may remain."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from kit import START, Clock, open_engine

from profilecore.model import ReceiptStatus
from profilecore.store import MemoryStore, Remainder

ANA = {"first_name": "Ana", "last_name": "García"}
WHERE = "The log of the server keeps it."


class Server(MemoryStore):
    """A store on a server that keeps a log."""

    scrubs = 0
    days: int | None = None

    @property
    def remainder(self) -> Remainder:
        return Remainder(WHERE, self.days)

    def scrub(self) -> bool:
        self.scrubs += 1
        return False


def test_a_receipt_stays_pending_and_says_what_remains() -> None:
    engine = open_engine(Server())
    made = engine.create(ANA)
    receipt = engine.clear(made.id)
    assert (receipt.status, receipt.remains) == (ReceiptStatus.PENDING, WHERE)
    assert receipt.remains_until is None
    assert engine.scrub() == 0
    assert engine.receipt(made.id) == receipt
    assert WHERE in engine.explain(made.id).words


@pytest.mark.parametrize(("days", "until"), [(0, START.date()), (35, date(2026, 4, 5))])
def test_a_receipt_says_until_when_if_somebody_answers_for_it(days: int, until: date) -> None:
    store = Server()
    store.days = days
    engine = open_engine(store)
    made = engine.create(ANA)
    assert engine.clear(made.id).remains_until == until
    explained = engine.explain(made.id)
    assert explained.remains_until == until
    assert any(str(until) in sentence for sentence in explained.words)


def test_a_store_that_erases_leaves_nothing_to_say(store: Any) -> None:
    engine = open_engine(store)
    made = engine.create(ANA)
    receipt = engine.clear(made.id)
    assert (receipt.remains, receipt.remains_until) == ("", None)
    assert engine.explain(made.id).remains == ""


def test_a_scrub_that_cannot_end_is_not_tried_after_other_writes() -> None:
    store = Server()
    engine = open_engine(store)
    engine.clear(engine.create(ANA).id)
    tried = store.scrubs
    for _ in range(3):
        engine._kernel._retry_from = 0.0
        engine.create(ANA)
    assert store.scrubs == tried == 1


def test_what_remains_is_no_part_of_the_chain_of_receipts() -> None:
    store = Server()
    engine = open_engine(store, clock=Clock())
    made = engine.create(ANA)
    engine.clear(made.id)
    store.days = 3
    assert engine.receipt(made.id).remains_until is not None
    assert not engine.verify_receipts()
