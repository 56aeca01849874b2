"""Verifying: whatever is stored otherwise than the movements say is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from profilecore import Engine
from profilecore.model.fields import evolve
from profilecore_loyalty import Difference, Loyalty
from profilecore_loyalty.ledger import MOVEMENT, TOTALS
from profilecore_loyalty.membership import MEMBERSHIP

Fresh = Callable[..., Any]


@pytest.fixture
def broken(fresh: Fresh) -> tuple[Engine, Loyalty]:
    engine, loyalty, _ = fresh()
    ana = engine.create({"last_name": "García"}).id
    loyalty.enrol(ana, "club")
    loyalty.earn(ana, "club", 10, "x")
    return engine, loyalty


def change(engine: Engine, kind: str, **facts: Any) -> str:
    """Change a stored document behind the plugin's back."""
    (stored,) = engine.documents(kind)
    made = engine.store_document(
        kind, evolve(stored.value, **facts), profile_id=stored.profile_id, id=stored.id
    )
    return made.id


def test_a_sound_ledger_has_no_differences(broken: tuple[Engine, Loyalty]) -> None:
    seen: list[int] = []
    assert broken[1].verify(watch=seen.append) == []
    assert seen == [1, 2, 3]


def test_a_wrong_balance_is_named(broken: tuple[Engine, Loyalty]) -> None:
    engine, loyalty = broken
    id = change(engine, MEMBERSHIP, balance=11)
    assert loyalty.verify() == [
        Difference("club", "balance", 11, 10, id),
        Difference("club", "lots", 10, 11, id),
        Difference("club", "liability", 10, 11),
    ]


def test_lots_that_are_not_the_balance_are_named(broken: tuple[Engine, Loyalty]) -> None:
    engine, loyalty = broken
    id = change(engine, MEMBERSHIP, lots=())
    assert loyalty.verify() == [Difference("club", "lots", 0, 10, id)]


def test_postings_that_are_not_even_are_named(broken: tuple[Engine, Loyalty]) -> None:
    engine, loyalty = broken
    (stored,) = engine.documents(MOVEMENT)
    id = change(engine, MOVEMENT, postings=stored.value.postings[:1])
    assert loyalty.verify() == [
        Difference("club", "postings", 10, 0, id),
        Difference("club", "issued", -10, 0),
    ]


def test_a_movement_that_is_gone_is_noticed(broken: tuple[Engine, Loyalty]) -> None:
    engine, loyalty = broken
    (stored,) = engine.documents(MOVEMENT)
    engine.delete_document(MOVEMENT, stored.id)
    assert [each.what for each in loyalty.verify()] == ["balance", "issued"]


def test_a_membership_that_is_gone_is_noticed(broken: tuple[Engine, Loyalty]) -> None:
    engine, loyalty = broken
    (stored,) = engine.documents(MEMBERSHIP)
    engine.delete_document(MEMBERSHIP, stored.id)
    assert loyalty.verify() == [
        Difference("club", "balance", 0, 10, stored.id),
        Difference("club", "liability", 10, 0),
    ]


@pytest.mark.parametrize("account", ["issued", "closed"])
def test_a_wrong_total_is_named(broken: tuple[Engine, Loyalty], account: str) -> None:
    engine, loyalty = broken
    (stored,) = engine.documents(TOTALS)
    wrong = stored.value.accounts | {account: 5}
    engine.store_document(TOTALS, evolve(stored.value, accounts=wrong), id="club")
    assert {each.what for each in loyalty.verify()} == {account, "liability"}
