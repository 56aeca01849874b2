"""One test for every hook: what a plugin gives through it has its effect."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Any

import attrs
import click
import pytest
from kit import Ids, KeepsElsewhere, open_engine

from profilecore import (
    Blocker,
    ClearBlocked,
    ClearPlan,
    Engine,
    Event,
    InvalidProfile,
    Match,
    MergeBlocked,
    MergePlan,
    NotFound,
    Problem,
    Profile,
    Stay,
    hookimpl,
    hooks,
)
from profilecore.hooks import Matcher, Verb
from profilecore.model import Document, DocumentKind, OnClear
from profilecore.model.fields import Clear, Search, Sensitivity, field, record
from profilecore.rules.changing import Change
from profilecore.rules.checks import Check, Missing
from profilecore.rules.retention import RetentionRule
from profilecore.rules.survivorship import Candidate, Choice, Preference
from profilecore.store import MemoryStore

ANA = {"first_name": "Ana", "last_name": "García"}
SPECS = {n: f for n, f in vars(hooks).items() if n.startswith("profilecore_")}
_fact = {"clear": Clear.ERASE, "sensitivity": Sensitivity.PERSONAL, "search": Search.NONE}


def test_every_hook_has_a_test() -> None:
    tests = {name.removeprefix("test_hook_") for name in globals() if name.startswith("test_hook_")}
    assert tests == {name.removeprefix("profilecore_") for name in SPECS}


def test_the_typed_protocol_has_the_same_hooks_and_parameters() -> None:
    typed = {n: f for n, f in vars(hooks.Hooks).items() if n.startswith("profilecore_")}
    assert typed.keys() == SPECS.keys()
    for name, spec in SPECS.items():
        mine = list(inspect.signature(spec).parameters)
        theirs = [p for p in inspect.signature(typed[name]).parameters if p != "self"]
        assert theirs == mine, name


@pytest.mark.parametrize("name", SPECS)
def test_a_hook_takes_one_object_and_says_what_it_is(name: str) -> None:
    spec = SPECS[name]
    kind = name.split("_")[1]
    (parameter,) = inspect.signature(spec).parameters
    assert kind in ("register", "check", "on")
    assert parameter == "register" if kind == "register" else parameter != "register"
    assert f":param {parameter}:" in (spec.__doc__ or "")


# ---- contributors


@record
class Club:
    level: str | None = field(merge="best", limit=10, **_fact)
    cards: tuple[str, ...] = field(merge="union", default=(), **_fact)


class ClubPlugin:
    name = "club"

    @hookimpl
    def profilecore_register_facets(self, register: Callable[[str, type], None]) -> None:
        register("club", Club)


def test_hook_register_facets() -> None:
    engine = open_engine(plugins=[ClubPlugin()])
    made = engine.create(ANA | {"facets": {"club": {"level": " gold ", "cards": ["1"]}}})
    assert made.facets == {"club": Club(level="gold", cards=("1",))}
    assert engine.get(made.id) == made
    with pytest.raises(InvalidProfile) as refused:
        engine.update(made.id, {"facets": {"club": {"level": "x" * 11, "points": 7}}})
    assert sorted((p.path, p.code) for p in refused.value.problems) == [
        ("/facets/club/level", "too-long"),
        ("/facets/club/points", "unknown-field"),
    ]
    changed = engine.update(made.id, {"facets": {"club": Club(cards=("2",))}})
    assert changed.facets == {"club": Club(cards=("2",))}
    assert engine.update(made.id, {"facets": {"club": {"cards": None}}}).facets["club"] == Club()
    with pytest.raises(InvalidProfile) as refused:
        engine.update(made.id, {"facets": {"club": "gold"}})
    assert [p.path for p in refused.value.problems] == ["/facets/club"]


def test_a_facet_survives_an_engine_that_does_not_know_it() -> None:
    store = MemoryStore()
    made = open_engine(store, plugins=[ClubPlugin()]).create(
        ANA | {"facets": {"club": {"level": "gold"}, "spa": {"likes": ["mud"]}}}
    )
    without = open_engine(store, new_id=Ids("w"))
    twin = without.create({"last_name": "x"})
    without.update(made.id, {"title": "miss"})
    without.merge(without.plan_merge(twin.id, [made.id]))
    assert without.get(twin.id).facets == {"club": {"level": "gold"}, "spa": {"likes": ["mud"]}}
    again = open_engine(store, plugins=[ClubPlugin()])
    assert again.get(twin.id).facets["club"] == Club(level="gold")
    without.clear(twin.id)
    assert again.get(twin.id).facets == {}


@attrs.frozen
class Ledger:
    points: int = 0
    note: str | None = None


@record
class Visit:
    spent: int | None = field(
        merge="survivor",
        clear=Clear.KEEP,
        sensitivity=Sensitivity.NONE,
        search=Search.NONE,
    )
    table: str | None = field(merge="survivor", **_fact)


class Kinds:
    name = "kinds"

    @hookimpl
    def profilecore_register_kinds(self, register: Callable[[DocumentKind], None]) -> None:
        register(DocumentKind("ledger", Ledger, OnClear.ERASE))
        register(DocumentKind("visit", Visit, OnClear.FIELDS))
        register(DocumentKind("audit", Ledger, OnClear.KEEP, personal=False))


def test_hook_register_kinds() -> None:
    engine = open_engine(plugins=[Kinds()])
    made = engine.create(ANA)
    bodies = {
        "ledger": b'{"points":7}',
        "visit": b'{"spent":90,"table":"by the window"}',
        "audit": b'{"note":"x"}',
    }
    with engine.store.write() as writer:
        for kind, body in bodies.items():
            writer.put(Document(kind, f"{kind}-1", made.id, 1, body), expect=0)
    assert engine.access(made.id)["documents"].keys() == {"ledger", "visit"}
    receipt = engine.clear(made.id)
    assert receipt.erased == {"profile": 1, "ledger": 1}
    assert receipt.kept == {"visit": 1, "audit": 1}
    with engine.store.read() as reader:
        left = {d.kind: d.body for d in reader.owned([made.id])}
    assert left["visit"] == b'{"spent":90}'
    assert left["audit"] == bodies["audit"]
    assert "ledger" not in left


def longest(candidates: Iterable[Candidate], _preference: Preference) -> Choice:
    best = max((c for c in candidates if c.value), key=lambda c: len(c.value))
    return Choice(best.value, "longest", best.profile_id, best.stamp)


@record
class Remark:
    text: str | None = field(merge="longest", **_fact)


class Longest:
    name = "longest"

    @hookimpl
    def profilecore_register_survivorship(self, register: Callable[[str, Any], None]) -> None:
        register("longest", longest)

    @hookimpl
    def profilecore_register_facets(self, register: Callable[[str, type], None]) -> None:
        register("remark", Remark)


def test_hook_register_survivorship() -> None:
    engine = open_engine(plugins=[Longest()])
    a, b = (
        engine.create(ANA | {"facets": {"remark": {"text": text}}})
        for text in ("short", "much longer")
    )
    engine.merge(engine.plan_merge(a.id, [b.id]))
    assert engine.get(a.id).facets == {"remark": Remark(text="much longer")}


def number_given(profile: Profile, on: date) -> Iterator[Missing]:
    if profile.number is None:
        yield Missing("/number", "number", f"No number on {on:%Y-%m-%d}.")


class Checks:
    name = "checks"

    @hookimpl
    def profilecore_register_checks(self, register: Callable[[Check], None]) -> None:
        register(Check("numbered", "Has a number", number_given))


def test_hook_register_checks() -> None:
    engine = open_engine(plugins=[Checks()])
    made = engine.create(ANA)
    (missing,) = engine.check(made.id, "numbered")
    assert (missing.path, missing.message) == ("/number", "No number on 2026-03-01.")
    engine.update(made.id, {"number": "17"})
    assert engine.check(made.id, "numbered") == []
    with pytest.raises(NotFound) as unknown:
        engine.check(made.id, "unheard-of")
    assert unknown.value.what == "check"


def by_initial(profile: Profile) -> Iterator[tuple[str, str]]:
    if profile.last_name:
        yield "initial", profile.last_name[0]


class Initials:
    name = "initials"

    @hookimpl
    def profilecore_register_terms(self, register: Callable[[Any], None]) -> None:
        register(by_initial)


def test_hook_register_terms() -> None:
    engine = open_engine(plugins=[Initials()])
    made = engine.create(ANA)
    key = engine._kernel.terms.key("initial", "G")
    with engine.store.read() as reader:
        assert reader.find(key) == [made.id]
    engine.update(made.id, {"last_name": "López"})
    with engine.store.read() as reader:
        assert reader.find(key) == []
    engine.clear(made.id)
    with engine.store.read() as reader:
        assert reader.find(engine._kernel.terms.key("initial", "L")) == []


class Bookings:
    name = "bookings"

    def __init__(self) -> None:
        self.rows: list[str] = []

    @hookimpl
    def profilecore_register_references(self, register: Callable[[Any], None]) -> None:
        register(self)

    def count(self, profile_ids: Any) -> int:
        return sum(row in profile_ids for row in self.rows)

    def repoint(self, from_ids: Any, to_id: str) -> Any:
        moved = {str(n): row for n, row in enumerate(self.rows) if row in from_ids}
        self.rows = [to_id if row in from_ids else row for row in self.rows]
        return moved

    def undo(self, token: Any) -> None:
        for number, row in token.items():
            self.rows[int(number)] = row


def test_hook_register_references() -> None:
    bookings = Bookings()
    engine = open_engine(plugins=[bookings])
    a, b, c = (engine.create(ANA).id for _ in range(3))
    bookings.rows = [a, b, c]
    first = engine.merge(engine.plan_merge(a, [b]))
    second = engine.plan_merge(a, [c])
    assert second.references == {"bookings": 1}
    engine.merge(second)
    assert bookings.rows == [a, a, a]
    engine.unmerge(first.id)
    assert bookings.rows == [a, b, a]


class Stays:
    name = "stays"

    @hookimpl
    def profilecore_register_stays(self, register: Callable[[Any], None]) -> None:
        register(lambda ids: [Stay(id=id, profile_id=id, property_id="P9") for id in ids])


def test_hook_register_stays() -> None:
    engine = open_engine(plugins=[Stays()])
    a, b = engine.create(ANA).id, engine.create(ANA).id
    engine.merge(engine.plan_merge(a, [b]))
    assert [s.profile_id for s in engine.stays(b)] == [a, b]


class GuestBook:
    name = "guest-book"

    @hookimpl
    def profilecore_register_retention(self, register: Callable[[RetentionRule], None]) -> None:
        register(RetentionRule("book", minimum="P1Y", fields=("profile.last_name", "stay.arrival")))


def test_hook_register_retention() -> None:
    engine = open_engine(plugins=[GuestBook()])
    made = engine.create(ANA)
    engine.record_stay(made.id, {"property_id": "P1", "arrival": "2026-01-10"})
    assert {(h.kind, h.rule, str(h.until)) for h in engine.clear(made.id).held} == {
        ("profile", "book", "2027-01-10"),
        ("stay", "book", "2027-01-10"),
    }


def test_hook_register_elsewhere() -> None:
    letters = KeepsElsewhere("letters")
    engine = open_engine(plugins=[letters])
    made = engine.create(ANA)
    letters.held[made.id] = "Dear Ana"
    assert engine.access(made.id)["elsewhere"] == {"letters": ["Dear Ana"]}
    assert engine.clear(made.id).erased["letters"] == 1
    assert letters.held == {}


class Everybody:
    name = "everybody"

    def __call__(self, engine: Engine, profile: Profile, limit: int) -> list[Match]:
        ids = [row["id"] for page in engine.extract(["id"]) for row in page]
        return [Match(id, -1.0, 0.3, "review") for id in ids if id != profile.id]


class AlikeToAll:
    name = "alike-to-all"

    @hookimpl
    def profilecore_register_matchers(self, register: Callable[[Matcher], None]) -> None:
        register(Everybody())


def test_hook_register_matchers() -> None:
    engine = open_engine(plugins=[AlikeToAll()])
    a, b = engine.create(ANA), engine.create(ANA)
    assert [match.profile_id for match in engine.matches(a.id)] == [b.id]


class Knocking:
    name = "knocking"

    @hookimpl
    def profilecore_register_verbs(self, register: Callable[[str, Verb], None]) -> None:
        register("knock", lambda engine, id: f"Room of {engine.get(id).first_name}")


def test_hook_register_verbs() -> None:
    engine: Any = open_engine(plugins=[Knocking()])
    assert engine.knock(engine.create(ANA).id) == "Room of Ana"


class Greeting:
    name = "greeting"

    @hookimpl
    def profilecore_register_commands(self, register: Callable[[click.Command], None]) -> None:
        register(click.Command("greet", callback=lambda: click.echo("hello")))


def test_hook_register_commands() -> None:
    engine = open_engine(plugins=[Greeting()])
    assert [command.name for command in engine.plugins.commands()] == ["greet"]
    assert [command.name for command in engine.plugins.commands()] == ["greet"]


# ---- deciders


class Judge:
    name = "judge"

    def __init__(self) -> None:
        self.seen: list[Any] = []
        self.refuse = False

    def _answer(self, what: object, refusal: object) -> Iterator[Any]:
        self.seen.append(what)
        if self.refuse:
            yield refusal

    @hookimpl
    def profilecore_check_change(self, change: Change) -> Iterable[Problem] | None:
        return self._answer(change, Problem("/last_name", "unlucky", "must not be unlucky"))

    @hookimpl
    def profilecore_check_merge(self, plan: MergePlan) -> Iterable[Blocker] | None:
        return self._answer(plan, Blocker("not-now", "Not now."))

    @hookimpl
    def profilecore_check_clear(self, plan: ClearPlan) -> Iterable[Blocker] | None:
        return self._answer(plan, Blocker("open-bill", "A bill is open."))


def test_hook_check_change() -> None:
    judge = Judge()
    engine = open_engine(plugins=[judge])
    made = engine.create(ANA)
    (seen,) = judge.seen
    assert (seen.before, seen.after) == (None, made)
    assert {"first_name", "last_name"} <= set(seen.fields)
    judge.refuse = True
    with pytest.raises(InvalidProfile) as refused:
        engine.update(made.id, {"last_name": "Vogel"})
    assert [p.code for p in refused.value.problems] == ["unlucky"]
    assert (judge.seen[-1].before, judge.seen[-1].fields) == (made, ("last_name",))
    assert engine.get(made.id) == made
    with pytest.raises(InvalidProfile):
        engine.create(ANA)
    report = engine.load([ANA], source="import", workers=0)
    assert (report.created, report.rejected) == (0, 1)
    assert len(engine.search().items) == 1


def test_hook_check_merge() -> None:
    judge = Judge()
    engine = open_engine(plugins=[judge])
    a, b = engine.create(ANA).id, engine.create(ANA).id
    plan = engine.plan_merge(a, [b])
    assert plan.blockers == ()
    judge.refuse = True
    assert [x.code for x in engine.plan_merge(a, [b]).blockers] == ["not-now"]
    with pytest.raises(MergeBlocked) as refused:
        engine.merge(plan)
    assert [x.code for x in refused.value.blockers] == ["not-now"]
    judge.refuse = False
    assert engine.merge(plan).survivor_id == a


def test_hook_check_clear() -> None:
    judge = Judge()
    engine = open_engine(plugins=[judge])
    made = engine.create(ANA)
    judge.refuse = True
    assert [x.code for x in engine.plan_clear(made.id).blockers] == ["open-bill"]
    with pytest.raises(ClearBlocked):
        engine.clear(made.id)
    judge.refuse = False
    engine.clear(made.id)
    assert judge.seen[-1].family == (made.id,)


# ---- observers


class Diary:
    name = "diary"

    def __init__(self) -> None:
        self.events: list[Event] = []

    @hookimpl
    def profilecore_on_event(self, event: Event) -> None:
        self.events.append(event)


def test_hook_on_event() -> None:
    diary = Diary()
    engine = open_engine(plugins=[diary])
    made = engine.create(ANA)
    engine.update(made.id, {"title": "miss"})
    with pytest.raises(InvalidProfile):
        engine.update(made.id, {"title": "nonsense"})
    engine.clear(made.id)
    assert tuple(diary.events) == engine.changes().items
    assert [e.seq for e in diary.events] == [1, 2, 3, 4]


def test_hook_on_open() -> None:
    class Keeper:
        @hookimpl
        def profilecore_on_open(self, engine: Engine) -> None:
            self.engine = engine

    keeper = Keeper()
    assert open_engine(plugins=[keeper]) is keeper.engine
