"""Random work on two engines with the same ids and the same clock, compared after every step.

One stands on the memory store, the other on the store under test.  Every answer is compared,
errors included; after every step all that is stored is, byte by byte.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
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

from profilecore import Actor, Engine, Page, Profile, ProfilecoreError
from profilecore.codec import Codec
from profilecore.engine.merging import Unmerged
from profilecore.model.documents import Document, Merge
from profilecore.model.enums import State
from profilecore.rules.visibility import CHAIN
from profilecore.store import MemoryStore, Query, Store

ALL = 1_000_000
KINDS = ("profile", "stay", "hold", "merge", "file", "receipt", "outcome", "job", "chain")
OWNED = ("stay", "hold", "file", "merge")
NAMES = ("Ana", "Anna", "García", "de la Cruz", "O'Neil", "Иван", "Zoë")
WORDS = ("an", "ana garc", "garc", "cruz de", "oneil", "ivan", "a@x", "6001", "p-12", "zo ana", "")
KEYS = ("k1", "k2", "k3", "k4")

Verb = Callable[[Engine], Any]
numbers = st.integers(0, 10_000)
names = st.sampled_from(NAMES)
some = st.integers(0, 3)
actors = st.sampled_from((CHAIN, CHAIN, Actor("desk-1", "P1"), Actor("desk-2", "P2")))
properties = st.sampled_from((None, "P1", "P2"))
emails = st.lists(st.sampled_from(("a@x.com", "B@x.com", "a@y.org")), max_size=2)
phones = st.lists(st.sampled_from(("+34600111222", "+49 30 600 123")), max_size=1)
tags = st.lists(st.sampled_from(("vip", "Golf", "late")), max_size=2)
documents = st.lists(
    st.sampled_from(({"type": "passport", "country": "ES", "number": "P-12"},)), max_size=1
)
notes = st.lists(
    st.builds(lambda text, place: {"text": text, "property_id": place}, names, properties),
    max_size=1,
)
consents = st.lists(
    st.builds(
        lambda status: {"purpose": "news", "channel": "email", "status": status},
        st.sampled_from(("granted", "denied", "revoked")),
    ),
    max_size=1,
)
external_ids = st.lists(
    st.builds(lambda n: {"system": "pms", "value": f"G{n}"}, st.integers(1, 12)), max_size=1
)
optional: dict[str, st.SearchStrategy[Any]] = {
    "first_name": names, "emails": emails, "phones": phones, "tags": tags, "notes": notes,
    "documents": documents, "consents": consents, "occupation": names,
    "custom": st.fixed_dictionaries({"club": names}),
    "facets": st.fixed_dictionaries({"absent": st.fixed_dictionaries({"points": some})}),
}  # fmt: skip
rows = st.fixed_dictionaries(
    {"last_name": names}, optional={**optional, "external_ids": external_ids}
)
changes = st.fixed_dictionaries(
    {},
    optional={
        name: values if name in ("notes", "consents", "custom", "facets") else st.none() | values
        for name, values in {**optional, "last_name": names}.items()
    },
)
contents = st.sampled_from((b"%PDF-1", b"GIF89a" + b"x" * 3_000, b"no picture"))


class Clock:
    """A time that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = datetime(2026, 5, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class Reference(MemoryStore):
    """The memory store with the salt of another, so that their hashes are the same."""

    def __init__(self, salt: bytes) -> None:
        super().__init__()
        self._shared = salt

    @property
    def salt(self) -> bytes:
        return self._shared


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
        self._tombstones: dict[str, Document] = {}
        self._text = ""
        self._is_pending = False
        self._is_sound = True

    @initialize(
        scrub=st.sampled_from(("deferred",) * 5 + ("at-once",)),
        reimport=st.booleans(),
        people=st.lists(rows, min_size=3, max_size=6),
    )
    def open(self, scrub: str, reimport: bool, people: list[dict[str, Any]]) -> None:
        """Open both engines on new stores, and let some people in."""
        self._config = {
            "scrub": scrub,
            "reimport": "new" if reimport else "refuse",
            "custom_fields": {"club": "personal"},
        }
        store = type(self).opener(self._path)
        ids = [count(1), count(1)]
        self._tested = Side(self._engine(store, ids[0]), ids[0])
        self._reference = Side(self._engine(Reference(store.salt), ids[1]), ids[1])
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
                    self._both(f"search {word!r}", lambda e, word=word: e.search(word, limit=500))
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
            self._is_pending = True
            gone = set(receipt.cleared_ids)
            for kind, owned in [slot for slot, owner in self._owner.items() if owner in gone]:
                if kind != "stay":
                    del self._owner[kind, owned]

    @rule(number=numbers, place=properties, actor=actors)
    def place_hold(self, number: int, place: str | None, actor: Actor) -> None:
        """Place a hold."""
        id = self._one(self._created, number)
        made = self._step(
            "hold", lambda e: e.place_hold(id, kind="open-bill", property_id=place), actor
        )
        if made is not None:
            self._holds.append(made.id)
            self._owner["hold", made.id] = made.profile_id

    @precondition(lambda self: self._holds)
    @rule(number=numbers, actor=actors)
    def release_hold(self, number: int, actor: Actor) -> None:
        """Release a hold."""
        self._step("release", lambda e: e.release_hold(self._one(self._holds, number)), actor)

    @rule(number=numbers, reference=st.none() | some, adults=some, actor=actors)
    def record_stay(self, number: int, reference: int | None, adults: int, actor: Actor) -> None:
        """Record a stay, or another version of one."""
        stay: dict[str, Any] = {"property_id": "P1", "arrival": "2026-06-01", "adults": adults}
        if reference is not None:
            stay["reference"] = f"R{reference}"
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

        def verb(engine: Engine) -> Page[Profile]:
            side = self._tested if engine is self._tested.engine else self._reference
            found = engine.search(
                text, tags=[tag] if tag else (), limit=limit + 1, cursor=side.cursor
            )
            side.cursor = found.next
            return found

        self._step("search", verb, actor)

    @rule(number=numbers, state=st.sampled_from(("active", "merged", "cleared")), actor=actors)
    def look(self, number: int, state: str, actor: Actor) -> None:
        """Ask everything there is to ask about a person."""
        id = self._one(self._created, number)
        for ask in ("path", "holds", "stays", "files", "merges", "relationships", "receipt"):
            self._both(ask, lambda e, ask=ask: getattr(e, ask)(id), actor)
        self._both("external id", lambda e: e.search(external_id=("pms", "G1"), state=state), actor)
        self._both("file", lambda e: e.read_file(self._one(self._files, number)), actor)
        self._step("look", lambda e: e.access(id), actor)

    @rule(after=st.integers(0, 60), limit=st.integers(1, 30), actor=actors)
    def changes(self, after: int, limit: int, actor: Actor) -> None:
        """Follow the feed."""
        self._step("changes", lambda e: e.changes(after, limit=limit), actor)

    # ---- what holds after every step

    def _learn_ids(self) -> None:
        with self._reference.engine.store.read() as reader:
            self._created = [d.id for d in reader.listing("profile", None, ALL)]

    def _stored(self, side: Side) -> dict[str, Any]:
        with side.engine.store.read() as reader:
            stored: dict[str, Any] = {k: reader.listing(k, None, ALL) for k in KINDS}
            stored["events"] = reader.events(0, ALL)
            stored["blobs"] = [reader.blob(id) for id in self._files]
            stored["words"] = [(h.word, h.text, h.id) for h in reader.search(Query(""), None, ALL)]
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
