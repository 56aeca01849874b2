"""No sequence of operations, merges, unmerges and clears loses or makes a point."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from profilecore import Engine
from profilecore_loyalty import (
    ClearPolicy,
    EarningRule,
    Loyalty,
    LoyaltyPlugin,
    Measure,
    NotEnoughPoints,
    Programme,
    Threshold,
    Tier,
)

CODE = "ring"
# How often each comes: one rule with all of them, so that no example is without any.
VERBS = (
    *("enrol", "earn", "earn", "stay", "stay", "grant", "redeem", "redeem", "redeem", "reduce"),
    *("transfer", "transfer", "wait", "expire", "merge", "merge", "merge", "unmerge", "unmerge"),
    *("clear", "requalify"),
)
some_points = st.integers(1, 40)
whom = st.integers(0, 99)


@attrs.define
class Person:
    """What the model knows of one person: the ids that were merged, and the points of all."""

    ids: list[str]
    points: int = 0
    stays: dict[str, int] = attrs.field(factory=dict)


class Ledger(RuleBasedStateMachine):
    """Does anything to a ledger, beside a model that knows only sums."""

    def open(self) -> str:
        return "memory://"

    def __init__(self) -> None:
        super().__init__()
        self.now = datetime(2026, 3, 1, 12, tzinfo=UTC)
        self.numbers = itertools.count(1)
        self.engine = Engine.open(
            self.open(),
            discover=False,
            plugins=[LoyaltyPlugin],
            strict=True,
            clock=lambda: self.now,
            new_id=lambda: f"id{next(self.numbers):06d}",
        )
        self.loyalty = Loyalty(self.engine)
        self.people: list[Person] = []
        self.merges: list[tuple[str, list[str]]] = []
        self.owed = 0
        self.seen: set[str] = set()

    def teardown(self) -> None:
        self.engine.close()

    def person(self, number: int) -> Person:
        return self.people[number % len(self.people)]

    def some_id(self, number: int) -> str:
        ids = self.person(number).ids
        return ids[number % len(ids)]

    def two(self, one: int, other: int) -> tuple[Person, Person]:
        """Give two people who are not the same."""
        first = self.person(one)
        others = [person for person in self.people if person is not first]
        return first, others[other % len(others)]

    def reference(self) -> str:
        return f"ref {next(self.numbers)}"

    def given(self, person: Person, points: int) -> None:
        person.points += points
        self.owed += points

    @initialize(debt=st.booleans())
    def begin(self, debt: bool) -> None:
        self.debt = debt
        self.loyalty.define_programme(
            Programme(
                CODE,
                "Ring",
                tiers=(Tier("base"), Tier("top", "Top", (Threshold(Measure.NIGHTS, 3),))),
                earning=(EarningRule(Measure.NIGHTS, 7, bonus={"top": 50}),),
                expire_after="P30D",
                allow_debt=debt,
                on_clear=ClearPolicy.CLOSE,
            )
        )
        for number in range(4):
            self.enrol(number, number, 20)

    @rule(verb=st.sampled_from(VERBS), one=whom, other=whom, points=some_points)
    def step(self, verb: str, one: int, other: int, points: int) -> None:
        if len(self.people) < 2:
            self.enrol(one, other, points)
        getattr(self, verb)(one, other, points)

    def enrol(self, _one: int, _other: int, points: int) -> None:
        id = self.engine.create({"last_name": "Guest"}).id
        self.loyalty.enrol(id, CODE)
        self.people.append(Person([id]))
        self.earn(len(self.people) - 1, 0, points)

    def earn(self, who: int, _other: int, points: int) -> None:
        reference = self.reference()
        for _ in range(2):  # told twice, it counts once
            self.loyalty.earn(self.some_id(who), CODE, points, reference)
        self.given(self.person(who), points)

    def stay(self, who: int, other: int, points: int) -> None:
        person, nights = self.person(who), points % 5
        known = sorted(person.stays)
        reference = known[0] if other % 2 and known else self.reference()
        facts = {
            "property_id": "P1", "reference": reference,
            "status": "departed" if points % 3 else "cancelled",
            "arrival": self.now.date() - timedelta(days=nights), "departure": self.now.date(),
        }  # fmt: skip
        stay = self.engine.record_stay(self.some_id(who), facts)
        made = self.loyalty.earn_from_stay(stay, CODE)
        self.expired(person)
        self.given(person, sum(movement.points for movement in made))
        assert self.loyalty.earn_from_stay(stay, CODE) == []
        person.stays[reference] = nights

    def redeem(self, who: int, _other: int, points: int) -> None:
        self.take(who, points, self.loyalty.redeem, points)

    def reduce(self, who: int, _other: int, points: int) -> None:
        self.take(who, points, self.loyalty.adjust, -points)

    def take(self, who: int, points: int, verb: Callable[..., object], amount: int) -> None:
        person = self.person(who)
        try:
            verb(self.some_id(who), CODE, amount, self.reference())
        except NotEnoughPoints:
            assert points > self.usable(person)
            return
        self.expired(person)
        self.given(person, -points)

    def usable(self, person: Person) -> int:
        """Give the points whose last day is not over."""
        whole = self.loyalty.membership(person.ids[0], CODE)
        today = self.now.date()
        over = sum(lot.points for lot in whole.lots if lot.until and lot.until < today)
        return whole.balance - over

    def expired(self, person: Person) -> None:
        """Take what went by its last day, which is booked before points are taken."""
        movements = self.loyalty.statement(person.ids[0], CODE).movements
        gone = {m.id: m.points for m in movements if m.verb.value == "expire"}
        new = sum(points for id, points in gone.items() if id not in self.seen)
        self.seen |= gone.keys()
        self.given(person, new)

    def grant(self, who: int, _other: int, points: int) -> None:
        self.loyalty.adjust(self.some_id(who), CODE, points, self.reference())
        self.given(self.person(who), points)

    def transfer(self, one: int, other: int, points: int) -> None:
        giver, taker = self.two(one, other)
        try:
            self.loyalty.transfer(giver.ids[0], taker.ids[-1], CODE, points, self.reference())
        except NotEnoughPoints:
            return
        self.expired(giver)
        self.given(giver, -points)
        self.given(taker, points)

    def wait(self, _one: int, _other: int, points: int) -> None:
        self.now += timedelta(days=points)

    def expire(self, one: int, _other: int, _points: int) -> None:
        self.loyalty.expire(CODE, limit=one % 3 + 1)
        for person in self.people:
            self.expired(person)

    def merge(self, one: int, other: int, _points: int) -> None:
        survivor, loser = self.two(one, other)
        plan = self.engine.plan_merge(survivor.ids[0], [loser.ids[0]])
        assert [clash.combined for clash in plan.clashes] == [True]
        self.merges.append((self.engine.merge(plan).id, loser.ids))
        survivor.ids = [*survivor.ids, *loser.ids]
        survivor.points += loser.points
        survivor.stays |= loser.stays
        self.people.remove(loser)

    def unmerge(self, _one: int, _other: int, _points: int) -> None:
        if not self.merges:
            return
        merge_id, ids = self.merges.pop()
        whole = next(person for person in self.people if ids[0] in person.ids)
        self.engine.unmerge(merge_id)
        whole.ids = [id for id in whole.ids if id not in ids]
        parts = [self.loyalty.membership(each[0], CODE).balance for each in (whole.ids, ids)]
        assert sum(parts) == whole.points, "what was together is there in parts"
        whole.points = parts[0]
        # A stay belongs to whoever has it; telling of it again would be of the other's.
        whole.stays = {}
        self.people.append(Person(ids, parts[1]))

    def clear(self, who: int, _other: int, _points: int) -> None:
        person = self.person(who)
        self.engine.clear(person.ids[-1])
        self.owed -= person.points
        self.people.remove(person)
        self.merges = [(id, ids) for id, ids in self.merges if ids[0] not in person.ids]

    def requalify(self, who: int, _other: int, _points: int) -> None:
        before = self.loyalty.membership(self.some_id(who), CODE)
        after = self.loyalty.requalify(self.some_id(who), CODE)
        assert (after.balance, after.lots) == (before.balance, before.lots)

    @invariant()
    def the_ledger_agrees_and_owes_what_was_given(self) -> None:
        if not hasattr(self, "debt"):
            return
        assert self.loyalty.verify() == []
        assert self.loyalty.totals(CODE).liability == self.owed
        for person in self.people:
            whole = self.loyalty.membership(person.ids[-1], CODE)
            assert whole.balance == person.points
            assert self.debt or whole.balance >= 0
            numbers: Any = {self.loyalty.find(CODE, number) for number in whole.numbers}
            assert numbers == {self.engine.path(person.ids[0])[-1]}
            assert len(whole.numbers) == len(person.ids)


class LedgerOnSqlite(Ledger):
    """The same on a file."""

    def open(self) -> str:
        self.folder = tempfile.TemporaryDirectory()
        return f"sqlite:///{Path(self.folder.name) / 'guests.db'}"

    def teardown(self) -> None:
        super().teardown()
        self.folder.cleanup()


def run(machine: type[Ledger], examples: int, steps: int) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_no_sequence_loses_or_makes_a_point() -> None:
    run(Ledger, examples=40, steps=40)


def test_no_sequence_loses_or_makes_a_point_on_sqlite() -> None:
    pytest.importorskip("profilecore_sqlite", reason="profilecore-sqlite is not installed")
    run(LedgerOnSqlite, examples=4, steps=30)
