"""Every combination of what may stand in the way of a clear, and what becomes of it.

Three properties with a billing system each, a hold or none, a rule of retention or none, and the
bill on the id that is left or on one that was merged away.  What is expected is read from the
words of the table, never asked of the engine's rules.
"""

from __future__ import annotations

from collections import Counter
from itertools import product
from typing import Any

import attrs
import pytest
from kit import PNG, Clock, Ids, open_engine

from profilecore import Actor, Blocker, ClearBlocked, ClearPlan, Engine, NotFound, hookimpl
from profilecore.model import State
from profilecore.store import Query, Store

PROPERTIES = ("P1", "P2", "P3")
BILLS = ("none", "open", "zero balance", "error", "time-out")
HOLDS = ("none", "open bill", "released", "legal")
RETENTIONS = ("none", "rule")
PLACES = ("on the root", "on a merged id")
BILL_OF_THE_HOLD = ("P2", "bill of the hold")
ALL = 1_000_000
KINDS = ("profile", "stay", "hold", "file", "merge", "receipt", "agenda", "refusal")
ANA = {"first_name": "Ana", "last_name": "García", "notes": [{"text": "likes the garden"}]}
SETTINGS = {
    "scrub": "deferred",
    "properties": {"P1": {"country": "ES"}},
    "retention": {
        "off": ["es.traveller-register"],
        "rules": [
            {
                "name": "register", "country": "ES", "minimum": "P3Y",
                "fields": ["profile.last_name", "stay.reference"],
            }
        ],
    },
}  # fmt: skip


class Billing:
    """The billing system of one property, which answers for the ids of a person it knows."""

    def __init__(self, property_id: str) -> None:
        self.name = f"billing-{property_id[1:]}"
        self.property_id = property_id
        self.guest = ""
        self.bill = "none"

    @hookimpl
    def profilecore_check_clear(self, plan: ClearPlan) -> list[Blocker] | None:
        if self.bill == "error":
            raise RuntimeError("no table of Ana García")
        if self.bill == "time-out":
            raise TimeoutError("no answer about Ana García")
        balance = {"open": 4000, "zero balance": 0}.get(self.bill)
        if balance is None or self.guest not in plan.family:
            return None
        return [Blocker("open-bill", "A bill is open.", self.property_id, f"at {self.property_id}")]


@attrs.define
class Person:
    """One kind of person: what the host did before anybody asked for a clear."""

    hold: str
    retention: str
    place: str
    root: str
    merged: str
    file: str

    @property
    def billed(self) -> str:
        return self.root if self.place == "on the root" else self.merged

    @property
    def end(self) -> State:
        kept = self.hold == "legal" or self.retention == "rule"
        return State.RESTRICTED if kept else State.CLEARED


class Hotel:
    """An engine, the three billing systems, and a person of every kind."""

    def __init__(self, store: Store) -> None:
        self.systems = tuple(Billing(name) for name in PROPERTIES)
        self.engine = open_engine(
            store, plugins=self.systems, clock=Clock(), new_id=Ids(),
            config={"profilecore": SETTINGS},
        )  # fmt: skip
        with self.engine.transaction():
            self.people = [self._person(*kind) for kind in product(HOLDS, RETENTIONS, PLACES)]
        self.events = self.engine.changes(limit=10_000).items[-1].seq

    def _person(self, hold: str, retention: str, place: str) -> Person:
        engine = self.engine
        ids = [engine.create(ANA).id, engine.create(ANA | {"first_name": "Anna"}).id]
        file = engine.attach(ids[0], "a.png", PNG).id
        person = Person(hold, retention, place, ids[0], ids[1], file)
        engine.record_stay(
            person.billed,
            {
                "property_id": "P1" if retention == "rule" else "P3", "status": "departed",
                "arrival": "2026-02-01", "departure": "2026-02-03", "reference": f"R-{ids[0]}",
            },
        )  # fmt: skip
        property_id, ref = BILL_OF_THE_HOLD
        if hold in ("open bill", "released"):
            made = engine.place_hold(
                person.billed, kind="open-bill", property_id=property_id, ref=ref
            )
            if hold == "released":
                engine.release_hold(made.id)
        elif hold == "legal":
            engine.place_hold(person.billed, kind="dispute", keeps=["profile.notes", "file"])
        engine.merge(engine.plan_merge(person.root, [person.merged]))
        return person

    def bill(self, person: Person, bills: tuple[str, ...]) -> None:
        for system, bill in zip(self.systems, bills, strict=True):
            system.guest, system.bill = person.billed, bill

    def belongings(self, person: Person) -> Any:
        """Give what is stored of a person, and the end of the feed."""
        ids = [person.root, person.merged]
        with self.engine.store.read() as reader:
            last = reader.events(self.events, ALL)
            return reader.get_many("profile", ids), reader.owned(ids), last

    def holdings(self) -> Any:
        """Give everything that is stored, the words of the search and the feed with it."""
        with self.engine.store.read() as reader:
            stored = [reader.listing(kind, None, ALL) for kind in KINDS]
            words = [(h.word, h.text, h.id) for h in reader.search(Query(""), None, ALL)]
            return stored, words, reader.events(0, ALL)


@pytest.fixture
def hotel(store: Store) -> Hotel:
    return Hotel(store)


def reasons(person: Person, bills: tuple[str, ...]) -> tuple[list[tuple[str, str]], int]:
    """Give the (property, reference) of every open bill, and how many systems gave no answer."""
    opened = [
        (property_id, f"at {property_id}")
        for property_id, bill in zip(PROPERTIES, bills, strict=True)
        if bill in ("open", "zero balance")
    ]
    if person.hold == "open bill":
        opened.append(BILL_OF_THE_HOLD)
    return opened, sum(bill in ("error", "time-out") for bill in bills)


def told(opened: list[tuple[str, str]], silent: int, actor: Actor) -> Counter[Any]:
    """Give what an actor is to be told: code, property and reference of each blocker."""
    own = [each for each in opened if actor.property_id in (None, each[0])]
    expected = Counter(("open-bill", *each) for each in own)
    if len(own) < len(opened):
        expected["other-property", None, None] = 1
    if silent:
        expected["plugin-failed", None, None] = silent
    return expected


def shown(blockers: tuple[Blocker, ...]) -> Counter[Any]:
    return Counter((b.code, b.property_id, b.ref) for b in blockers)


def clear(engine: Engine, what: Any, actor: Actor) -> tuple[Blocker, ...]:
    """Clear as somebody; give the blockers if that is refused."""
    with engine.acting(actor):
        try:
            engine.clear(what)
        except ClearBlocked as refused:
            return refused.blockers
    return ()


CHAIN_DESK = Actor("head-office")
DESKS = tuple(Actor(f"desk-{name}", name) for name in PROPERTIES)


# The case in which no property reports a bill comes last.
TABLES = sorted(product(BILLS, repeat=3), key=lambda bills: set(bills) == {"none"})


def test_a_clear_takes_place_if_and_only_if_nothing_stands_in_its_way(hotel: Hotel) -> None:
    engine, seen, cleared = hotel.engine, 0, 0
    for number, person in enumerate(hotel.people):
        all_before, before = hotel.holdings(), hotel.belongings(person)
        for turn, bills in enumerate(TABLES):
            seen += 1
            hotel.bill(person, bills)
            opened, silent = reasons(person, bills)
            desk, asked = DESKS[(number + turn) % 3], (person.root, person.merged)[turn % 2]
            label = f"{person.hold}, {person.retention}, {person.place}, {bills}, {desk.id}"
            assert shown(engine.plan_clear(asked).blockers) == told(opened, silent, CHAIN_DESK), (
                label
            )
            if bills == TABLES[-1]:
                assert hotel.holdings() == all_before
            refused = clear(engine, asked, desk)
            assert shown(refused) == told(opened, silent, desk), label
            assert "García" not in repr(refused)
            if opened or silent:
                assert hotel.belongings(person) == before, f"lost or added: {label}"
            else:
                assert engine.get(asked).state is person.end, label
                cleared += 1
    assert (seen, cleared) == (2_000, 12)


def test_what_is_left_of_each_person_is_what_the_table_says(hotel: Hotel) -> None:
    engine = hotel.engine
    for person in hotel.people:
        hotel.bill(person, ("none",) * 3)
        blocked = clear(engine, person.merged, DESKS[0])
        assert bool(blocked) == (person.hold == "open bill")
        if blocked:
            assert engine.get(person.root).notes
            assert engine.read_file(person.file) == PNG
            continue
        assert engine.get(person.root) == engine.get(person.merged)
        with engine.acting(Actor("clerk", purpose="register")):
            last_name = engine.get(person.root).last_name
            (stay,) = engine.stays(person.root)
        by_rule = person.retention == "rule"
        assert (last_name, bool(stay.reference)) == ("García" if by_rule else None, by_rule)
        with engine.acting(Actor("lawyer", purpose="dispute")):
            assert bool(engine.get(person.root).notes) == (person.hold == "legal")
            if person.hold == "legal":
                assert engine.read_file(person.file) == PNG
            else:
                with pytest.raises(NotFound):
                    engine.read_file(person.file)
        assert engine.get(person.root).last_name is None
        assert engine.files(person.root) == []
    left = {p.root for p in hotel.people if p.hold == "open bill"}
    assert {p.id for p in engine.search("garcia", limit=100).items} == left
    assert engine.verify_receipts() == []


def test_a_bill_that_opens_between_plan_and_apply_blocks(hotel: Hotel) -> None:
    engine = hotel.engine
    clearable = [person for person in hotel.people if person.hold != "open bill"]
    for person in clearable:
        hotel.bill(person, ("none",) * 3)
        plan = engine.plan_clear(person.merged)
        assert plan.blockers == ()
        before = hotel.holdings()
        for place, bill in product(range(3), BILLS[1:]):
            bills = tuple(bill if place == number else "none" for number in range(3))
            hotel.bill(person, bills)
            for actor in (CHAIN_DESK, DESKS[0]):
                expected = told(*reasons(person, bills), actor)
                assert shown(clear(engine, plan, actor)) == expected, (person, bills)
            assert hotel.holdings() == before
        hotel.bill(person, ("none",) * 3)
        hold = engine.place_hold(person.billed, kind="open-bill", property_id="P2", ref="late")
        held = hotel.holdings()
        late = [("P2", "late")]
        for actor in (CHAIN_DESK, *DESKS):
            assert shown(clear(engine, plan, actor)) == told(late, 0, actor)
        assert hotel.holdings() == held
        engine.release_hold(hold.id)
        assert clear(engine, engine.plan_clear(person.root), CHAIN_DESK) == ()
        assert engine.get(person.root).state is person.end
    assert len(clearable) == 12
