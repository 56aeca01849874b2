"""A merge that is planned and asked for again is the same request, however its ids are named."""

from __future__ import annotations

import pytest

from profilecore import Engine, IdempotencyConflict

ANA = {"first_name": "Ana", "last_name": "García"}


def merge(engine: Engine, survivor: str, *others: str, key: str | None = None) -> str:
    return engine.merge(engine.plan_merge(survivor, others), key=key).id


@pytest.mark.parametrize("key", [None, "k"])
def test_a_merge_asked_for_by_old_ids_is_recognised(each_engine: Engine, key: str | None) -> None:
    a, old_a, b, old_b, c = (each_engine.create(ANA).id for _ in range(5))
    merge(each_engine, a, old_a)
    merge(each_engine, b, old_b)
    first = merge(each_engine, old_a, old_b, c, key=key)
    seen = len(each_engine.changes().items)
    assert merge(each_engine, old_a, old_b, c, key=key) == first
    assert merge(each_engine, a, b, c, key=key) == first
    assert len(each_engine.changes().items) == seen


def test_one_that_was_there_before_does_not_hide_the_merge(engine: Engine) -> None:
    a, before, b = (engine.create(ANA).id for _ in range(3))
    merge(engine, a, before)
    first = merge(engine, a, before, b, key="k")
    assert merge(engine, a, before, b, key="k") == first


def test_it_is_recognised_after_the_survivor_was_merged_on(engine: Engine) -> None:
    a, b, z = (engine.create(ANA).id for _ in range(3))
    first = merge(engine, a, b, key="k")
    later = merge(engine, z, a)
    assert merge(engine, a, b, key="k") == first
    assert merge(engine, z, b) == later


def test_one_with_choices_is_recognised_when_it_is_planned_again(engine: Engine) -> None:
    a, b, c = (engine.create(ANA).id for _ in range(3))
    journal = None
    for _ in range(2):
        plan = engine.plan_merge(a, [b], choices={"email": b, "last_name": b})
        journal = journal or engine.merge(plan, key="k")
        assert engine.merge(plan, key="k") == journal
    with pytest.raises(IdempotencyConflict):
        engine.merge(engine.plan_merge(a, [c]), key="k")
