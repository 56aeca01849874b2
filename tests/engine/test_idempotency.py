"""A request with a key happens once."""

from __future__ import annotations

import os
import subprocess
import sys
from tempfile import TemporaryDirectory

import pytest
from kit import Clock

from profilecore import Engine, IdempotencyConflict, NotFound, Profile
from profilecore.model import State

ANA = {"first_name": "Ana", "last_name": "García"}


def test_a_repeated_create_gives_the_first_result(each_engine: Engine) -> None:
    first = each_engine.create(ANA, key="k")
    assert each_engine.create(ANA, key="k") == first
    assert each_engine.create(Profile(**ANA), key="k") == first  # type: ignore[arg-type]
    assert len(each_engine.search().items) == 1
    assert len(each_engine.changes().items) == 1


def test_a_repeated_create_gives_the_profile_as_it_is_now(engine: Engine) -> None:
    first = engine.create(ANA, key="k")
    changed = engine.update(first.id, {"title": "miss"})
    assert engine.create(ANA, key="k") == changed


def test_the_same_key_for_another_request_is_a_conflict(engine: Engine) -> None:
    engine.create(ANA, key="k")
    with pytest.raises(IdempotencyConflict) as refused:
        engine.create(ANA | {"title": "miss"}, key="k")
    assert refused.value.verb == "create"
    assert "Ana" not in str(refused.value)
    assert len(engine.search().items) == 1


def test_other_keys_and_no_key_make_new_profiles(engine: Engine) -> None:
    made = {engine.create(ANA, key=key).id for key in ("k", "l", None, None)}
    assert len(made) == 4


def test_a_refused_request_leaves_its_key_free(engine: Engine) -> None:
    with pytest.raises(ValueError, match="/last_name"):
        engine.create({}, key="k")
    assert engine.create(ANA, key="k").version == 1


def test_after_a_merge_the_key_leads_to_the_survivor(engine: Engine) -> None:
    twin = engine.create(ANA, key="k")
    ana = engine.create(ANA)
    engine.merge(engine.plan_merge(ana.id, [twin.id]))
    assert engine.create(ANA, key="k").id == ana.id


def test_after_a_clear_the_key_leads_to_the_tombstone_and_makes_nobody(engine: Engine) -> None:
    first = engine.create(ANA, key="k")
    engine.clear(first.id)
    again = engine.create(ANA, key="k")
    assert (again.id, again.state) == (first.id, State.CLEARED)
    assert engine.create({"last_name": "Other"}, key="k").id == first.id
    assert engine.search().items == ()


def test_a_repeated_merge_gives_the_first_entry(each_engine: Engine, clock: Clock) -> None:
    a, b = each_engine.create(ANA), each_engine.create(ANA)
    plan = each_engine.plan_merge(a.id, [b.id])
    first = each_engine.merge(plan, key="k")
    clock.move(days=1)
    assert each_engine.merge(plan, key="k") == first
    c = each_engine.create(ANA)
    with pytest.raises(IdempotencyConflict):
        each_engine.merge(each_engine.plan_merge(a.id, [c.id]), key="k")


def test_a_merge_repeated_after_a_clear_is_not_found(engine: Engine) -> None:
    a, b = engine.create(ANA), engine.create(ANA)
    plan = engine.plan_merge(a.id, [b.id])
    engine.merge(plan, key="k")
    engine.clear(a.id)
    with pytest.raises(NotFound):
        engine.merge(plan, key="k")


def test_a_key_of_one_verb_is_free_for_another(engine: Engine) -> None:
    a, b = engine.create(ANA, key="k"), engine.create(ANA, key="l")
    assert engine.merge(engine.plan_merge(a.id, [b.id]), key="k").survivor_id == a.id


def test_a_request_is_the_same_in_whatever_order_its_sets_come() -> None:
    program = """
import sys
from profilecore import Engine
with Engine.open(sys.argv[1], discover=False) as engine:
    given = {"last_name": "X", "tags": {"a", "b", "c", "d"}, "languages": {"en": 1}.keys()}
    print(engine.create(given, key="k").id)
"""
    with TemporaryDirectory() as folder:
        ids = {
            subprocess.run(
                [sys.executable, "-c", program, f"sqlite:///{folder}/a.db"],
                env=os.environ | {"PYTHONHASHSEED": seed},
                check=True, capture_output=True, text=True,
            ).stdout
            for seed in ("1", "2", "3")
        }  # fmt: skip
    assert len(ids) == 1


def test_stays_of_two_properties_are_two_whatever_their_names(engine: Engine) -> None:
    guest = engine.create({"last_name": "X"}).id
    named = [("A:1", "2"), ("A", "1:2"), ("A%3A1", "2")]
    ids = {engine.record_stay(guest, {"property_id": p, "reference": r}).id for p, r in named}
    assert len(ids) == 3
