"""Documents of which one person should have one: what a merge plan says of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import attrs
import pytest
from kit import P1, P2, open_engine

from profilecore import Engine, Entry, MergeBlocked, PluginError, StalePlan, hookimpl
from profilecore.model import DocumentKind, OnClear
from profilecore.rules.clashes import Clash
from profilecore.rules.clearing import ELSEWHERE
from profilecore.store import Store


@attrs.frozen
class Card:
    club: str | None
    points: int = 0


def combine(cards: Sequence[Card]) -> Card:
    if any(card.points < 0 for card in cards):
        raise ValueError
    return Card(cards[0].club, sum(card.points for card in cards))


class Clubs:
    """One card a club and person; ``combine`` is how two become one."""

    name = "clubs"

    def __init__(self, combine: Callable[..., Any] | None = combine) -> None:
        self.combine = combine

    @hookimpl
    def profilecore_register_kinds(self, register: Callable[[DocumentKind], None]) -> None:
        register(
            DocumentKind(
                "card", Card, OnClear.ERASE, clash=lambda card: card.club, combine=self.combine
            )
        )


def person(engine: Engine, *cards: Card, **more: Any) -> tuple[str, list[str]]:
    id = engine.create({"last_name": "García"}).id
    made = engine.store_documents("card", [Entry(card, id, **more) for card in cards])
    return id, [card.id for card in made]


def test_a_clash_with_a_rule_is_shown_and_merged(store: Store) -> None:
    engine = open_engine(store, plugins=[Clubs()])
    a, own = person(engine, Card("gold", 3), Card("spa"))
    b, other = person(engine, Card("gold", 4), Card("golf"))
    plan = engine.plan_merge(b, [a])
    assert plan.clashes == (Clash("card", (other[0], own[0]), combined=True),)
    assert plan.blockers == ()
    merge = engine.merge(plan)
    assert {d.id for d in engine.documents("card", profile_id=b)} == {*own, *other}
    engine.unmerge(merge.id)
    assert [d.id for d in engine.documents("card", profile_id=a)] == own


def test_a_clash_without_a_rule_blocks_the_merge(store: Store) -> None:
    engine = open_engine(store, plugins=[Clubs(None)])
    a, own = person(engine, Card("gold"))
    b, other = person(engine, Card("gold"))
    plan = engine.plan_merge(a, [b])
    assert plan.clashes == (Clash("card", (own[0], other[0]), combined=False),)
    with pytest.raises(MergeBlocked) as refusal:
        engine.merge(plan)
    assert [blocker.code for blocker in refusal.value.blockers] == ["clash"]


def test_a_rule_may_refuse() -> None:
    engine = open_engine(plugins=[Clubs()])
    (a, _), (b, _) = person(engine, Card("gold", -1)), person(engine, Card("gold"))
    assert [clash.combined for clash in engine.plan_merge(a, [b]).clashes] == [False]


def test_no_clash_is_where_the_kind_says_none_or_only_one_has_it() -> None:
    engine = open_engine(plugins=[Clubs(None)])
    a, _ = person(engine, Card(None), Card("gold"), Card("gold"))
    b, _ = person(engine, Card(None), Card("spa"))
    assert engine.plan_merge(a, [b]).clashes == ()


def test_what_was_combined_before_is_in_the_next_clash() -> None:
    engine = open_engine(plugins=[Clubs()])
    (a, one), (b, two), (c, three) = (person(engine, Card("gold")) for _ in range(3))
    engine.merge(engine.plan_merge(a, [b]))
    assert engine.plan_merge(a, [c]).clashes[0].ids == (*one, *two, *three)


def test_a_clash_that_came_after_the_plan_makes_it_stale() -> None:
    engine = open_engine(plugins=[Clubs()])
    (a, _), (b, _) = person(engine, Card("gold")), person(engine)
    plan = engine.plan_merge(a, [b])
    engine.store_document("card", Card("gold"), profile_id=b)
    with pytest.raises(StalePlan):
        engine.merge(plan)


def test_a_property_is_told_of_another_ones_clash_only_that_it_blocks() -> None:
    engine = open_engine(plugins=[Clubs(None)])
    with engine.acting(P1):
        a, own = person(engine, Card("gold"), property_id="P1")
    with engine.acting(P2):
        b, other = person(engine, Card("gold"), property_id="P2")
    with engine.acting(P1):
        plan = engine.plan_merge(a, [b])
    assert plan.clashes == (Clash("card", tuple(own), combined=False),)
    assert plan.blockers == (ELSEWHERE,)
    assert other[0] not in repr(plan)


@pytest.mark.parametrize("broken", ["clash", "combine"])
def test_a_kind_that_fails_is_named_and_nothing_is_merged(broken: str) -> None:
    def fail(_: object) -> Any:
        raise KeyError("Ana García")

    clubs = Clubs(fail)
    engine = open_engine(plugins=[clubs])
    (a, _), (b, _) = person(engine, Card("gold")), person(engine, Card("gold"))
    if broken == "clash":
        object.__setattr__(engine._kernel.kinds["card"], "clash", fail)
    with pytest.raises(PluginError, match=broken) as error:
        engine.plan_merge(a, [b])
    assert "Ana" not in str(error.value)


def test_a_new_document_belongs_to_the_person_or_to_the_very_id(store: Store) -> None:
    engine = open_engine(store, plugins=[Clubs()])
    (a, _), (b, _) = person(engine), person(engine)
    merge = engine.merge(engine.plan_merge(a, [b]))
    entries = [Entry(Card("spa"), b), Entry(Card("golf"), b, exact_owner=True)]
    shared, exact = engine.store_documents("card", entries)
    assert (shared.profile_id, exact.profile_id) == (a, b)
    assert len(engine.documents("card", profile_id=a)) == 2
    engine.unmerge(merge.id)
    assert [d.id for d in engine.documents("card", profile_id=a)] == [shared.id]
    assert [d.id for d in engine.documents("card", profile_id=b)] == [exact.id]
