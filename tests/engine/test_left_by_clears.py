"""What no clear erases goes when its longest time is over, after the clear of its person too."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from kit import Clock, open_engine

from profilecore import Engine, hookimpl
from profilecore.model import DocumentKind, OnClear
from profilecore.model.enums import State
from profilecore.model.fields import lean

RULE = {"name": "books", "record_kind": "invoice", "maximum": "P2Y"}


@lean
class Invoice:
    """A document of the house's own books, under a number."""

    number: int
    day: date


class Books:
    """Keeps invoices through a clear."""

    @hookimpl
    def profilecore_register_kinds(self, register: Any) -> None:
        kind = DocumentKind("invoice", Invoice, OnClear.KEEP, dated=lambda invoice: invoice.day)
        register(kind)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def opened(
    clock: Clock, *rules: dict[str, Any], inactivity: dict[str, Any] | None = None
) -> Engine:
    settings = {"retention": {"rules": [RULE, *rules]}, "inactivity": inactivity or {}}
    return open_engine(plugins=[Books], clock=clock, config={"profilecore": settings})


def guest(engine: Engine, clock: Clock, *days: int) -> str:
    """Give a guest with a stay of today, and an invoice of so many days ago each."""
    id = engine.create({"last_name": "García"}).id
    today = clock.now.date()
    engine.record_stay(id, {"property_id": "P1", "arrival": today, "status": "departed"})
    for number, ago in enumerate(days):
        day = date.fromordinal(today.toordinal() - ago)
        engine.store_document("invoice", Invoice(number, day), profile_id=id)
    return id


def invoices(engine: Engine) -> int:
    with engine.store.read() as reader:
        return reader.count("invoice")


def test_it_goes_after_a_clear_that_was_asked_for(clock: Clock) -> None:
    engine = opened(clock)
    id = guest(engine, clock, 0, 100)
    engine.clear_due()
    engine.clear(id)
    told = []
    for days in (1, 600, 100, 100):
        clock.move(days=days)
        told.append((engine.clear_due().expired, invoices(engine)))
    assert told == [(0, 2), (0, 2), (1, 1), (1, 0)]
    assert engine.get(id).state is State.CLEARED
    assert engine.clear_due().expired == 0


def test_it_goes_after_a_clear_by_time(clock: Clock) -> None:
    engine = opened(clock, inactivity={"after_days": 365, "grace_days": 0})
    guest(engine, clock, 0)
    clock.move(days=370)
    assert engine.clear_due(confirm=True).cleared == 1
    assert invoices(engine) == 1
    clock.move(days=362)
    assert engine.clear_due().expired == 1
    assert invoices(engine) == 0


def test_it_goes_while_a_law_keeps_the_person(clock: Clock) -> None:
    law = {"name": "register", "minimum": "P5Y", "fields": ["profile.last_name"]}
    engine = opened(clock, law)
    id = guest(engine, clock, 0)
    engine.clear_due()
    engine.clear(id)
    assert engine.get(id).state is State.RESTRICTED
    clock.move(days=740)
    assert engine.clear_due().expired == 1
    assert (invoices(engine), engine.get(id).state) == (0, State.RESTRICTED)
    clock.move(days=1_200)
    assert engine.clear_due().finished == 1


def test_a_rule_that_is_made_after_the_clear_finds_it(clock: Clock) -> None:
    before = open_engine(plugins=[Books], clock=clock)
    id = guest(before, clock, 800, 10)
    before.clear(id)
    engine = open_engine(
        before.store, plugins=[Books], clock=clock,
        config={"profilecore": {"retention": {"rules": [RULE]}}},
    )  # fmt: skip
    assert engine.clear_due(dry_run=True).expired == 1
    assert engine.clear_due(confirm=True).expired == 1
    assert invoices(engine) == 1


def test_a_legal_hold_keeps_it_until_its_release(clock: Clock) -> None:
    engine = opened(clock)
    id = guest(engine, clock, 0)
    engine.clear_due()
    hold = engine.place_hold(id, kind="dispute", keeps=["invoice"])
    engine.clear(id)
    clock.move(days=740)
    assert engine.clear_due().expired == 0
    assert invoices(engine) == 1
    engine.release_hold(hold.id)
    clock.move(days=121)
    engine.clear_due()
    assert invoices(engine) == 0


def test_nobody_is_looked_at_for_it_where_no_rule_limits_it(clock: Clock) -> None:
    engine = open_engine(plugins=[Books], clock=clock)
    id = guest(engine, clock, 5_000)
    engine.clear(id)
    assert engine.clear_due().expired == 0
    assert invoices(engine) == 1
