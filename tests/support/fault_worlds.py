"""Houses with several guests, in which each verb fails at every call to the store in turn.

A house is made once, in memory, and copied to a fresh store for each failure, with what lies
outside of the store: the ledger of clears, and a plugin's own texts about people.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import attrs
import pytest
from kit import PNG, Clock, Ids, KeepsElsewhere, open_engine

from profilecore import Engine, ProfilecoreError
from profilecore.engine import due, loading, preparing, scrubbing
from profilecore.engine.ledger import Ledger
from profilecore.model.events import PROFILE_ERASED
from profilecore.store import MemoryStore, Store
from profilecore.store.copying import copy
from profilecore.testing import FaultyStore

# Gives a new and empty store.
Opens = Callable[[], AbstractContextManager[Store]]
SETTINGS = {
    "properties": {"P1": {"country": "ES", "timezone": "Europe/Madrid"}},
    "inactivity": {"after_days": 365, "grace_days": 30, "first_share": 1.0},
}
# Ids that are given out after the house was made; they come behind all others.
NEW = "jd"
_NEW_ID = re.compile(f"{NEW}[0-9]{{6}}")
# What hangs on ids that differ between runs, or on the receipts of other people.
_APART = ("id", "seal", "previous", "number")


def many_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what is done in portions take one or two guests at a time."""
    monkeypatch.setattr(due, "SECONDS", 0)
    monkeypatch.setattr(due, "AT_ONCE", 1)
    monkeypatch.setattr(loading, "BATCH", 2)
    monkeypatch.setattr(preparing, "CHUNK", 2)
    monkeypatch.setattr(scrubbing, "AT_ONCE", 1)


@attrs.define
class World:
    """A house on one store: ``people`` are the ids of each guest, and the word to find them by."""

    store: FaultyStore
    engine: Engine
    letters: KeepsElsewhere
    ledger: Path
    people: dict[str, tuple[tuple[str, ...], str]]
    facts: dict[str, Any]
    told: list[int] = attrs.field(factory=list)

    def forms(self) -> dict[str, str]:
        """Give what there is of each guest, as texts that are equal where that is the same."""
        return {name: self._form(*found) for name, found in self.people.items()}

    def _form(self, ids: tuple[str, ...], word: str) -> str:
        with self.store.inner.read() as reader:
            owned = reader.owned(ids)
            documents = sorted((d.kind, _plain(d.body)) for d in owned)
            contents = [reader.blob(d.id) is not None for d in owned if d.kind == "file"]
            feed = [
                (e.type, e.fields)
                for e in reader.events(0, 10_000)
                if e.profile_id in ids and e.type != PROFILE_ERASED
            ]
            everybody = reader.listing("profile", None, 1_000)
        edges = sum(f'"profile_id":"{id}"'.encode() in d.body for id in ids for d in everybody)
        found = [_plain(self.engine._kernel.codec.dump(p)) for p in self._found(word)]
        return _NEW_ID.sub(NEW, repr((documents, contents, feed, edges, sorted(found))))

    def _found(self, word: str) -> Any:
        return self.engine.search(word).items

    def erased(self) -> dict[str, str]:
        """Give how far the clear of each guest has come, who was cleared."""
        with self.store.inner.read() as reader:
            told = [e.subject for e in reader.events(0, 10_000) if e.type == PROFILE_ERASED]
        shown = {}
        for name, (ids, _) in self.people.items():
            if ids and self.engine.get(ids[0]).state.is_cleared:
                receipt = self.engine.receipt(ids[0])
                # What is told and what the receipt says are one transaction.
                assert told.count(receipt.id) == (receipt.erased_at is not None)
                shown[name] = receipt.status.value
        return shown

    def check(self) -> None:
        """Check what holds at any time, whatever has failed."""
        assert self.engine.verify() == []
        for ids, _ in self.people.values():
            for id in ids:
                if self.engine.get(id).state.is_cleared:
                    assert id not in self.letters.held, "erased elsewhere before it is here"
        assert self._noted() <= self._receipts(), "no clear is noted that was not done"

    def complete(self) -> None:
        """Check that nothing is left to do once the verb has succeeded and the house was opened."""
        assert self.store.inner.check() == []
        self.engine.scrub()
        if self.store.remainder is None:
            assert set(self.erased().values()) <= {"erased"}
        again = open_engine(self.store, ledger=self.ledger, config={"profilecore": SETTINGS})
        assert again.unapplied == ()
        assert self._noted() == self._receipts()
        assert again.verify() == []

    def _noted(self) -> set[str]:
        return {entry.receipt for entry in Ledger(self.ledger)}

    def _receipts(self) -> set[str]:
        with self.store.inner.read() as reader:
            return {d.id for d in reader.listing("receipt", None, 1_000)}

    def snapshot(self) -> tuple[object, ...]:
        """Give everything that is in the store."""
        with self.store.inner.read() as reader:
            kept = [
                (k.document, sorted(k.terms.keys), sorted(k.terms.rows()))
                for k in reader.everything(0, 10_000)
            ]
            blobs = [(id, reader.blob(id)) for id in reader.blob_ids()]
            return kept, reader.events(0, 10_000), blobs


def _plain(body: bytes) -> str:
    tree = json.loads(body)
    # A plugin that erased its own in an earlier attempt has nothing to count.
    tree["erased"] = {k: n for k, n in tree.get("erased", {}).items() if k != "letters"}
    return json.dumps({k: v for k, v in tree.items() if k not in _APART}, sort_keys=True)


class House:
    """What :class:`World` is copied from."""

    def __init__(self, folder: Path, build: Build, **settings: Any) -> None:
        self._folder = folder
        self._settings = SETTINGS | settings
        self._store = MemoryStore()
        self._letters = KeepsElsewhere("letters")
        self._clock = Clock()
        self._ledger = folder / "house.ledger"
        self._number = itertools.count()
        with self._engine(self._store, self._letters, self._clock.now, Ids(), self._ledger) as e:
            self._people, self._facts = build(e, self._clock, self._letters.held)

    def _engine(
        self, store: Store, letters: KeepsElsewhere, now: datetime, ids: Ids, ledger: Path
    ) -> Engine:
        clock = self._clock if store is self._store else Clock(now)
        config = {"profilecore": self._settings}
        return open_engine(
            store, clock=clock, new_id=ids, plugins=[letters], config=config, ledger=ledger
        )

    @contextmanager
    def world(self, opens: Opens, faulty: Callable[[Store], FaultyStore]) -> Iterator[World]:
        """Give a copy on a new store."""
        with opens() as store:
            copy(self._store, store)
            letters = KeepsElsewhere("letters")
            letters.held = dict(self._letters.held)
            ledger = self._folder / f"{next(self._number)}.ledger"
            ledger.write_bytes(self._ledger.read_bytes())
            wrapped = faulty(store)
            engine = self._engine(wrapped, letters, self._clock.now, Ids(NEW), ledger)
            yield World(wrapped, engine, letters, ledger, self._people, self._facts)


People = dict[str, tuple[tuple[str, ...], str]]
Build = Callable[[Engine, Clock, dict[str, str]], tuple[People, dict[str, Any]]]
Operation = Callable[[World], object]


@attrs.define
class Tried:
    """What came of failing at each call: how many calls, what they were, how often it was done."""

    calls: int = 0
    names: set[str] = attrs.field(factory=set)
    before: int = 0
    after: int = 0
    partly: int = 0


def fail_at_every_call(
    house: House,
    opens: Opens,
    operation: Operation,
    *,
    joint: bool = True,
    error: BaseException | None = None,
    anew: bool = True,
    faulty: Callable[[Store], FaultyStore] = FaultyStore,
) -> Tried:
    """Do a verb as often as it makes calls, failing at the next call each time.

    After each failure every guest must be as before or as after the verb, all alike where it is
    one transaction (``joint``); the verb, done again, must then complete.  Without ``anew`` a
    failure that left the store as it was, to the byte, is followed by the next on the same store.
    """
    with house.world(opens, faulty) as world:
        before, erased_before = world.forms(), world.erased()
        world.store.reset()
        operation(world)
        world.store.reset()
        after, erased_after = world.forms(), world.erased()
        rejects = set(world.told)
        assert (before, erased_before) != (after, erased_after), "the verb does something"
    tried = Tried()
    while True:
        with house.world(opens, faulty) as world:
            untouched = world.snapshot()
            while True:
                number = tried.calls + 1
                world.store.fail_at = None
                world.store.reset(fail_at=number)
                world.store.error = error
                try:
                    operation(world)
                except (ProfilecoreError, KeyboardInterrupt):
                    pass
                names = list(world.store.names)
                world.store.reset()
                if len(names) < number:
                    return tried
                tried.calls = number
                tried.names.add(names[number - 1])
                now, where = world.forms(), (number, names[number - 1])
                for name, form in now.items():
                    assert form in (before[name], after[name]), (name, *where)
                if joint:
                    assert now in (before, after), where
                world.check()
                tried.before += now == before
                tried.after += now == after
                tried.partly += now not in (before, after)
                if anew or world.snapshot() != untouched:
                    break
            operation(world)
            assert world.forms() == after, where
            assert set(world.told) == rejects, where
            world.check()
            world.complete()


# ---- the houses


def guests(engine: Engine, clock: Clock, letters: dict[str, str]) -> tuple[People, dict[str, Any]]:
    """A merged guest with a friend, two who are alike, and one whose stay the law keeps."""
    ana = {"first_name": "Ana", "last_name": "García", "notes": ["n"], "emails": ["a@example.org"]}
    a, twin = engine.create(ana, key="a").id, engine.create(ana | {"tags": ["vip"]}).id
    engine.attach(twin, "a.png", PNG)
    engine.record_stay(a, {"property_id": "P9", "reference": "17", "unit": "4"})
    merge = engine.merge(engine.plan_merge(a, [twin])).id
    engine.create({"last_name": "Friend", "relationships": [{"type": "friend", "profile_id": a}]})
    ben, dan = (engine.create({"last_name": "Moreau", "first_name": n}).id for n in ("Ben", "Dan"))
    engine.attach(dan, "b.png", PNG)
    known = {"last_name": "Vogel", "external_ids": [{"system": "s", "value": "4"}]}
    cid = engine.create(known).id
    stay = {
        "property_id": "P1", "arrival": "2026-02-10", "departure": "2026-02-12",
        "status": "departed", "reference": "18", "unit": "5",
    }  # fmt: skip
    engine.record_stay(cid, stay)
    letters.update({a: "Dear Ana", twin: "Dear twin", cid: "Dear Cid"})
    people = {
        "ana": ((a, twin), "garcia"),
        "ben": ((ben, dan), "moreau"),
        "cid": ((cid,), "vogel"),
        **{f"row {word}": ((), word) for word in ("rowone", "rowtwo", "rowsix")},
    }
    plan = engine.plan_merge(ben, [dan])
    return people, {"merge": merge, "plan": plan, "a": a, "cid": cid}


def away(engine: Engine, clock: Clock, letters: dict[str, str]) -> tuple[People, dict[str, Any]]:
    """Four guests away for long, one of them merged, one with a bill; one kept by law; one new."""
    made = {}
    for name in ("Abel", "Berg", "Cruz", "Dorn", "Eder", "Frey", "Gold"):
        made[name] = engine.create({"last_name": name}).id
    a, b, c, d, e, f, g = made.values()
    for id in (a, c, d, e):
        past = {"arrival": "2024-01-01", "departure": "2024-01-02", "status": "departed"}
        engine.record_stay(id, past | {"property_id": "P9", "reference": f"R{id}"})
    engine.merge(engine.plan_merge(a, [b]))
    engine.attach(c, "c.png", PNG)
    engine.place_hold(e, kind="open-bill")
    kept = {"arrival": "2026-02-10", "departure": "2026-02-12", "status": "departed"}
    engine.record_stay(f, kept | {"property_id": "P1", "reference": "18", "unit": "5"})
    letters.update(dict.fromkeys(made.values(), "Dear guest"))
    engine.clear(f)
    clock.move(days=1_200)  # what the law has kept of the sixth may go
    late = {"arrival": "2029-05-01", "departure": "2029-05-02", "status": "departed"}
    engine.record_stay(g, late | {"property_id": "P9", "reference": "19"})
    people = {name: ((id, b) if id == a else (id,), name) for name, id in made.items() if id != b}
    return people, {}


def warned(engine: Engine, clock: Clock, letters: dict[str, str]) -> tuple[People, dict[str, Any]]:
    """The same guests when the days of grace are over, and nobody has done anything since."""
    made = away(engine, clock, letters)
    assert engine.clear_due().announced == 4
    clock.move(days=31)
    return made


def pending(engine: Engine, clock: Clock, letters: dict[str, str]) -> tuple[People, dict[str, Any]]:
    """Three guests who were cleared and wait for the scrub."""
    made = {name: engine.create({"last_name": name}).id for name in ("Abel", "Berg", "Cruz")}
    for id in made.values():
        engine.clear(id)
    return {name: ((id,), name) for name, id in made.items()}, {}


ROWS = [
    {"last_name": "Rowone", "external_ids": [{"system": "s", "value": "1"}]},
    {"last_name": "Rowtwo"},
    {"first_name": "Nobody"},
    {"last_name": "Vogel", "external_ids": [{"system": "s", "value": "4"}], "tags": ["vip"]},
    {"last_name": "Rowone", "external_ids": [{"system": "s", "value": "1"}]},
    {"last_name": "Rowsix", "birth_date": "no day"},
    {"last_name": "Rowsix"},
]


def load(world: World) -> object:
    """Take in rows: new, known, refused and repeated ones, under a job."""
    return world.engine.load(
        ROWS, source="s", workers=0, job="j", on_reject=lambda r: world.told.append(r.number)
    )


# Each verb, the house it is done in, and whether it is one transaction.
VERBS: dict[str, tuple[Build, Operation, bool]] = {
    "merge": (guests, lambda w: w.engine.merge(w.facts["plan"], key="k"), True),
    "unmerge": (guests, lambda w: w.engine.unmerge(w.facts["merge"]), True),
    "clear": (guests, lambda w: w.engine.clear(w.facts["a"]), True),
    "clear of whom the law keeps": (guests, lambda w: w.engine.clear(w.facts["cid"]), True),
    "load": (guests, load, False),
    "clear_due that warns": (away, lambda w: w.engine.clear_due(), False),
    "clear_due that clears": (warned, lambda w: w.engine.clear_due(), False),
    "scrub": (pending, lambda w: w.engine.scrub(), False),
}


def house_for(verb: str, folder: Path) -> House:
    """Make the house that a verb is done in."""
    settings = {"scrub": "deferred"} if verb == "scrub" else {}
    return House(folder, VERBS[verb][0], **settings)
