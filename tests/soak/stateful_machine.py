"""Random work on two engines with the same ids and the same clock, compared after every step.

One stands on the memory store, the other on the store under test.  Every answer is compared,
errors included; after every step all that is stored is, byte by byte.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import attrs
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from stateful_inputs import (
    KEYS,
    WORDS,
    actors,
    changes,
    contents,
    keeps,
    numbers,
    policies,
    properties,
    rows,
    some,
    stays,
    times,
)

from profilecore import Actor, Engine, NotFound, Page, Profile, ProfilecoreError
from profilecore.codec import Codec
from profilecore.engine.merging import Unmerged
from profilecore.model.documents import Document, Merge
from profilecore.model.enums import State
from profilecore.rules.visibility import CHAIN
from profilecore.store import Capability, MemoryStore, Query, Remainder, Store

ALL = 1_000_000
KINDS = (
    "profile", "stay", "hold", "merge", "file", "receipt", "outcome", "job", "activity", "notice",
    "refusal", "agenda", "due", "chain", "scrub",
)  # fmt: skip
OWNED = ("stay", "hold", "file", "merge")

Verb = Callable[[Engine], Any]


class Clock:
    """A time that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = datetime(2026, 5, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class Reference(MemoryStore):
    """The memory store with the salt of another, and with what the other cannot erase."""

    def __init__(self, other: Store) -> None:
        super().__init__()
        self._shared = other.salt
        self._remainder = other.remainder

    @property
    def salt(self) -> bytes:
        return self._shared

    @property
    def remainder(self) -> Remainder | None:
        return self._remainder

    def scrub(self) -> bool:
        return self._remainder is None


@attrs.define
class Side:
    """One engine, with the cursor of its last search."""

    engine: Engine
    ids: Iterator[int]
    cursor: str | None = None


class EngineMachine(RuleBasedStateMachine):
    """Does the same through two engines.  ``opener`` opens the store under test."""

    opener: ClassVar[Callable[[Path], Store]]
    steps: ClassVar[int] = 0
    done: ClassVar[dict[str, int]] = {}

    def __init__(self) -> None:
        super().__init__()
        self._directory = tempfile.TemporaryDirectory()
        self._path = Path(self._directory.name, "store.db")
        self._clock = Clock()
        self._codec = Codec()
        self._decoded: dict[bytes, Profile] = {}
        self._created: list[str] = []
        self._merges: list[str] = []
        self._holds: list[str] = []
        self._files: list[str] = []
        self._owner: dict[tuple[str, str], str] = {}
        self._receipts: set[str] = set()
        self._tombstones: dict[str, Document] = {}
        self._text = ""
        self._is_pending = False
        self._is_sound = True

    @initialize(
        scrub=st.sampled_from(("deferred",) * 5 + ("at-once",)),
        reimport=st.booleans(),
        policy=policies,
        people=st.lists(rows, min_size=3, max_size=6),
    )
    def open(
        self, scrub: str, reimport: bool, policy: dict[str, Any], people: list[dict[str, Any]]
    ) -> None:
        """Open both engines on new stores, and let some people in."""
        self._config = {
            "scrub": scrub,
            "reimport": "new" if reimport else "refuse",
            "custom_fields": {"club": "personal"},
            "properties": {"P1": {"country": "ES", "timezone": "Europe/Madrid"}},
            "inactivity": policy,
        }
        store = type(self).opener(self._path)
        self._is_sorted = Capability.SORTED in store.capabilities
        ids = [count(1), count(1)]
        self._tested = Side(self._engine(store, ids[0]), ids[0])
        self._reference = Side(self._engine(Reference(store), ids[1]), ids[1])
        for row in people:
            self.create(row, None, CHAIN, 1)

    def _engine(self, store: Store, ids: Iterator[int]) -> Engine:
        return Engine(
            store,
            discover=False,
            config={"profilecore": self._config},
            clock=self._clock,
            new_id=lambda: f"{next(ids):032x}",
        )

    def teardown(self) -> None:
        try:
            # After a fault the rest would only hide it.
            if hasattr(self, "_tested") and self._is_sound:
                for word in ("", *"abcdegijlnoprvzx6", "p12"):
                    self._both(f"search {word!r}", lambda e, w=word: self._found(e, w))
                for id in self._created:
                    self._both("everything held", lambda e, id=id: e.access(id))
                assert self._tested.engine.store.check() == []
                assert self._tested.engine.verify() == []
                self._tested.engine.close()
        finally:
            self._directory.cleanup()

    # ---- doing the same twice

    def _both(self, what: str, verb: Verb, actor: Actor = CHAIN) -> Any:
        """Do something on both sides and compare; give the answer, ``None`` for an error."""
        answers = []
        for side in (self._tested, self._reference):
            try:
                with side.engine.acting(actor):
                    answers.append((verb(side.engine), None))
            except ProfilecoreError as error:
                answers.append((None, (type(error).__name__, dict(error.details()))))
        self._is_sound = False
        shown = [(_without_cursor(answer), error) for answer, error in answers]
        assert shown[0] == shown[1], f"{what} differs"
        self._is_sound = True
        return answers[0][0]

    def _found(self, engine: Engine, text: str, tags: Sequence[str] = ()) -> list[Profile]:
        items = engine.search(text, tags=tags, limit=500).items
        return list(items) if self._is_sorted else sorted(items, key=lambda p: p.id)

    def _step(self, what: str, verb: Verb, actor: Actor = CHAIN) -> Any:
        cls = type(self)
        EngineMachine.steps += 1
        self._clock.now += timedelta(seconds=1)
        answer = self._both(what, verb, actor)
        outcome = what if answer is not None else f"{what} refused"
        cls.done[outcome] = cls.done.get(outcome, 0) + 1
        return answer

    def _one(self, ids: list[str], number: int) -> str:
        return ids[number % len(ids)] if ids else "unknown"

    # ---- the verbs

    @rule(row=rows, key=st.none() | st.sampled_from(KEYS), actor=actors, private=some)
    def create(self, row: dict[str, Any], key: str | None, actor: Actor, private: int) -> None:
        """Create a profile, now and then with a key that was used before."""
        if not private:
            row = row | {"shared_level": "property"}
        made = self._step("create", lambda e: e.create(row, key=key), actor)
        if made is not None and made.version == 1 and made.id not in self._created:
            self._created.append(made.id)

    @rule(number=numbers, given=changes, stale=some, actor=actors)
    def update(self, number: int, given: dict[str, Any], stale: int, actor: Actor) -> None:
        """Change a profile, now and then from an old version."""
        id = self._one(self._created, number)

        def verb(engine: Engine) -> Profile:
            version = engine.get(id).version - (stale == 3)
            return engine.update(id, given, if_version=version)

        self._step("update", verb, actor)

    @rule(number=numbers, given=changes)
    def change(self, number: int, given: dict[str, Any]) -> None:
        """Change a profile as it is now."""
        self.update(number, given, 0, CHAIN)

    @rule(one=numbers, other=numbers)
    def merge_two(self, one: int, other: int) -> None:
        """Merge two."""
        self.merge(one, other, 0, 0, "")

    @rule(one=numbers, other=numbers, third=numbers, choice=some, key=st.sampled_from(KEYS))
    def merge(self, one: int, other: int, third: int, choice: int, key: str) -> None:
        """Merge two or three, also what is merged or cleared."""
        known = len(self._created)
        places = [one, one + 1 + other % (known - 1), third][: 2 + (choice == 1)]
        ids = [self._one(self._created, place) for place in places]
        choices = {"last_name": ids[1]} if choice == 3 else {}
        used = key if choice == 2 else None

        def verb(engine: Engine) -> Merge:
            return engine.merge(engine.plan_merge(ids[0], ids[1:], choices=choices), key=used)

        made = self._step("merge", verb)
        if made is not None and made.id not in self._merges:
            self._merges.append(made.id)
            self._owner["merge", made.id] = made.survivor_id

    @precondition(lambda self: self._merges)
    @rule(number=numbers)
    def unmerge(self, number: int) -> None:
        """Undo a merge, in any order."""
        self._step("unmerge", lambda e: e.unmerge(self._one(self._merges, number)))

    @rule(number=numbers, mood=some, actor=actors)
    def clear(self, number: int, mood: int, actor: Actor) -> None:
        """Clear a person now and then, from a plan or not."""
        id = self._one(self._created, number)
        if mood == 3:
            self._step("plan a clear", lambda e: e.plan_clear(id), actor)
            return
        receipt = self._step("clear", lambda e: e.clear(e.plan_clear(id) if mood else id), actor)
        if receipt is not None:
            self._learn_clear(id)

    @rule(days=st.sampled_from((0, 1, 30, 400)), dry=some, limit=st.sampled_from((2, 1_000)))
    def clear_due(self, days: int, dry: int, limit: int) -> None:
        """Let time go by, and clear whom it is up for."""
        self._clock.now += timedelta(days=days)
        is_dry = dry == 3
        report = self._step("clear due", lambda e: e.clear_due(limit=limit, dry_run=is_dry))
        for id in report.ids if not is_dry else ():
            self._learn_clear(id)

    @rule(number=numbers, ago=st.none() | some)
    def record_activity(self, number: int, ago: int | None) -> None:
        """Note a sign of the guest."""
        id = self._one(self._created, number)
        day = None if ago is None else (self._clock.now - timedelta(days=ago)).date()
        self._step("activity", lambda e: (e.record_activity(id, day), True))

    @rule(number=numbers, place=properties, kept=keeps, actor=actors)
    def place_hold(
        self, number: int, place: str | None, kept: list[str] | None, actor: Actor
    ) -> None:
        """Place a hold: a bill, or one that keeps something."""
        id, kind = self._one(self._created, number), "dispute" if kept else "open-bill"
        asked = {"kind": kind, "property_id": place, "keeps": kept or ()}
        made = self._step("hold", lambda e: e.place_hold(id, **asked), actor)
        if made is not None:
            self._holds.append(made.id)
            self._owner["hold", made.id] = made.profile_id
            self._learn_clear(made.profile_id)  # of a restricted person, what keeps nothing goes

    @precondition(lambda self: self._holds)
    @rule(number=numbers, actor=actors)
    def release_hold(self, number: int, actor: Actor) -> None:
        """Release a hold."""
        id = self._one(self._holds, number)
        hold = self._step("release", lambda e: e.release_hold(id), actor)
        if hold is not None:
            self._learn_clear(hold.profile_id)

    @rule(number=numbers, stay=stays, when=times, actor=actors)
    def record_stay(
        self, number: int, stay: dict[str, Any], when: dict[str, Any], actor: Actor
    ) -> None:
        """Record a stay, or another version of one, in a country with a register or without."""
        stay = stay | when
        id = self._one(self._created, number)
        made = self._step("stay", lambda e: e.record_stay(id, stay), actor)
        if made is not None:
            self._owner.setdefault(("stay", made.id), made.profile_id)

    @rule(number=numbers, content=contents, place=properties, actor=actors)
    def attach(self, number: int, content: bytes, place: str | None, actor: Actor) -> None:
        """Attach a file."""
        id = self._one(self._created, number)
        made = self._step(
            "attach", lambda e: e.attach(id, "scan.pdf", content, property_id=place), actor
        )
        if made is not None:
            self._files.append(made.id)
            self._owner["file", made.id] = made.profile_id

    @precondition(lambda self: self._files)
    @rule(number=numbers, actor=actors)
    def detach(self, number: int, actor: Actor) -> None:
        """Delete a file."""
        id = self._one(self._files, number)
        if self._step("detach", lambda e: (e.detach(id), True), actor) is not None:
            del self._owner["file", id]

    @rule(given=st.lists(rows, max_size=3), job=st.none() | st.just("job"))
    def load(self, given: list[dict[str, Any]], job: str | None) -> None:
        """Load rows of a source."""
        self._step("load", lambda e: e.load(given, source="pms", job=job, workers=0))
        self._learn_ids()

    @rule(number=numbers, other=numbers, given=changes, row=rows)
    def give_up(self, number: int, other: int, given: dict[str, Any], row: dict[str, Any]) -> None:
        """Do several things in a transaction that is then given up."""
        one, two = self._one(self._created, number), self._one(self._created, other)

        def verb(engine: Engine) -> Any:
            try:
                with engine.transaction():
                    engine.update(one, given)
                    engine.create(row)
                    engine.merge(engine.plan_merge(one, [two]))
                    raise GivenUp
            except GivenUp:
                return "given up"

        self._step("give up", verb)

    @precondition(lambda self: self._is_pending)
    @rule()
    def scrub(self) -> None:
        """Finish pending clears."""
        self._step("scrub", lambda e: e.scrub())
        self._is_pending = False

    @rule(go=some, number=numbers)
    def reopen(self, go: int, number: int) -> None:
        """Close the tested engine and open it again, now and then."""
        if not go:
            self._tested.engine.close()
            store = type(self).opener(self._path)
            self._tested.engine = self._engine(store, self._tested.ids)
        self._step("get", lambda e: e.get(self._one(self._created, number)))

    # ---- the questions

    @rule(text=st.sampled_from(WORDS), tag=st.none() | st.just("vip"), limit=some, actor=actors)
    def search(self, text: str, tag: str | None, limit: int, actor: Actor) -> None:
        """Search, and go on to the next page whatever was done in between."""
        if text != self._text:
            self._text, self._tested.cursor, self._reference.cursor = text, None, None

        def verb(engine: Engine) -> Any:
            if not self._is_sorted:
                return self._found(engine, text, [tag] if tag else ())
            side = self._tested if engine is self._tested.engine else self._reference
            tags = [tag] if tag else ()
            found = engine.search(text, tags=tags, limit=limit + 1, cursor=side.cursor)
            side.cursor = found.next
            return found

        self._step("search", verb, actor)

    @rule(number=numbers, state=st.sampled_from([s.value for s in State]), actor=actors)
    def look(self, number: int, state: str, actor: Actor) -> None:
        """Ask everything there is to ask about a person."""
        id = self._one(self._created, number)
        for ask in (
            "path", "holds", "stays", "files", "merges", "relationships", "receipt", "explain",
        ):  # fmt: skip
            self._both(ask, lambda e, ask=ask: getattr(e, ask)(id), actor)
        self._both("external id", lambda e: e.search(external_id=("pms", "G1"), state=state), actor)
        self._both("file", lambda e: e.read_file(self._one(self._files, number)), actor)
        self._step("look", lambda e: e.access(id), actor)

    @rule(after=st.integers(0, 60), limit=st.integers(1, 30), actor=actors)
    def changes(self, after: int, limit: int, actor: Actor) -> None:
        """Follow the feed."""
        self._step("changes", lambda e: e.changes(after, limit=limit), actor)

    # ---- what holds after every step

    def _learn_clear(self, id: str) -> None:
        """Forget what a clear says that it erased: all but stays and what is held."""
        try:
            receipt = self._reference.engine.receipt(id)
        except NotFound:
            return
        self._is_pending = self._is_pending or receipt.id not in self._receipts
        if receipt.id in self._receipts:
            return
        self._receipts.add(receipt.id)
        kept = {(h.kind, h.id) for h in receipt.held} | {("hold", h.hold_id) for h in receipt.held}
        for slot, owner in list(self._owner.items()):
            if owner in receipt.cleared_ids and slot[0] != "stay" and slot not in kept:
                del self._owner[slot]

    def _learn_ids(self) -> None:
        with self._reference.engine.store.read() as reader:
            self._created = [d.id for d in reader.listing("profile", None, ALL)]

    def _stored(self, side: Side) -> dict[str, Any]:
        with side.engine.store.read() as reader:
            stored: dict[str, Any] = {k: reader.listing(k, None, ALL) for k in KINDS}
            stored["events"] = reader.events(0, ALL)
            stored["blobs"] = [reader.blob(id) for id in self._files]
            stored["words"] = [(h.word, h.text, h.id) for h in reader.search(Query(""), None, ALL)]
        stored["words"].sort()  # their order is what the suite of stores is about
        return stored

    @invariant()
    def all_is_stored_alike(self) -> None:
        """Compare everything; then check what must be true of it."""
        if not hasattr(self, "_tested"):
            return
        self._is_sound = False
        stored, reference = self._stored(self._tested), self._stored(self._reference)
        for part, held in stored.items():
            assert held == reference[part], f"{part} differ"
        assert [e.seq for e in stored["events"]] == list(range(1, len(stored["events"]) + 1))
        profiles = {d.id: self._profile(d) for d in stored["profile"]}
        self._every_id_resolves(profiles)
        self._the_cleared_stay_as_they_are(stored["profile"], profiles)
        self._nothing_owned_is_lost(stored)
        self._is_sound = True

    def _profile(self, document: Document) -> Profile:
        if document.body not in self._decoded:
            self._decoded[document.body] = self._codec.load(Profile, document.body)
        return self._decoded[document.body]

    def _every_id_resolves(self, profiles: dict[str, Profile]) -> None:
        for id in self._created:
            seen = [id]
            while (into := profiles[seen[-1]].merged_into) is not None:
                assert into not in seen, "a cycle of merges"
                seen.append(into)
            root = profiles[seen[-1]]
            assert root.state is not State.MERGED
            assert id in root.family

    def _the_cleared_stay_as_they_are(
        self, documents: list[Document], profiles: dict[str, Profile]
    ) -> None:
        for document in documents:
            if document.id in self._tombstones:
                assert document == self._tombstones[document.id], "a cleared profile changed"
            elif profiles[document.id].state is State.CLEARED:
                self._tombstones[document.id] = document

    def _nothing_owned_is_lost(self, stored: dict[str, Any]) -> None:
        held = {(kind, d.id): d.owner for kind in OWNED for d in stored[kind]}
        assert held == self._owner, "owned documents came or went by themselves"


class GivenUp(Exception):
    """A host's reason to give a transaction up."""


def _without_cursor(answer: Any) -> Any:
    """Leave out what differs by design: cursors bear a fresh nonce."""
    if isinstance(answer, Page) and answer.next and not answer.next.isdecimal():
        return answer.items, True
    if isinstance(answer, Unmerged):
        return attrs.astuple(answer, recurse=False)
    return answer
