"""Conformance, stateful tier: random work on a store and on the reference, compared throughout."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from profilecore.errors import VersionConflict
from profilecore.model.documents import Document
from profilecore.model.fields import evolve
from profilecore.store.memory import MemoryStore
from profilecore.store.port import Capability, Hit, Line, Query, Reader, Store, Terms, Writer
from profilecore.testing._conformance_base import (
    MOST_PAGES,
    Aborted,
    ConformanceBase,
    Reopen,
    StoreFactory,
    event,
    grows,
    ids,
    rows,
)

STEPS = "PROFILECORE_STEPS"
STEPS_BY_DEFAULT = 1_500
STEPS_AT_ONCE = 50

WORDS = ("ana", "anab", "an", "a%", "a_b", "b'c", "é", "ana\U0001f600", "\U00020bb7")
KINDS = ("profile", "stay")
NAMES = ("p1", "p2", "p3", "p4")
KEYS = (-(2**63), -1, 3, 2**63 - 1)

Operation = Callable[[Writer], Any]
"""Does something and gives what can be compared."""

texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)
lines = texts.map(lambda text: Line(text, tuple(text.split())))
keys = st.lists(st.sampled_from(KEYS), max_size=3).map(tuple)
some_terms = st.builds(Terms, keys, st.lists(lines, max_size=3).map(tuple))
kinds = st.sampled_from(KINDS)
names = st.sampled_from(NAMES)
bodies = st.binary(max_size=8)
limits = st.integers(1, 4)
prefixes = st.sampled_from(sorted({word[:n] for word in WORDS for n in range(1, 4)}))
word_queries = st.builds(
    Query, prefixes, st.lists(prefixes, max_size=2).map(tuple), st.just(()) | keys
)
key_queries = st.builds(Query, st.none(), st.just(()), keys.filter(bool))
queries = word_queries | key_queries
often_not = st.sampled_from((False, False, False, True))


def owner_of(kind: str, name: str) -> str:
    """Give the owner of a document: it never changes."""
    return name if kind == "profile" and name != "p4" else "p1"


@st.composite
def puts(draw: st.DrawFn) -> Operation:
    """Put a document, mostly expecting the version that is stored."""
    kind, name, body, found_by = draw(kinds), draw(names), draw(bodies), draw(some_terms)
    astray = draw(st.sampled_from((0, 0, 0, 0, 1, -1)))

    def put(writer: Writer) -> Any:
        stored = writer.get(kind, name)
        expect = max(0, (stored.version if stored else 0) + astray)
        document = Document(kind, name, owner_of(kind, name), expect + 1, body)
        try:
            writer.put(document, found_by, expect=expect)
        except VersionConflict as conflict:
            return conflict.expected, conflict.actual
        return None

    return put


@st.composite
def inserts(draw: st.DrawFn) -> Operation:
    """Insert documents, mostly new ones; a conflict ends the transaction."""
    entries = draw(st.lists(st.tuples(kinds, names, bodies, some_terms), max_size=3))
    honest = draw(st.integers(0, 4)) > 0

    def insert(writer: Writer) -> None:
        batch = {}
        for number, (kind, name, body, found_by) in enumerate(entries):
            if honest and writer.get(kind, name):
                continue
            slot = (kind, name) if honest else number
            batch[slot] = (Document(kind, name, owner_of(kind, name), 1, body), found_by)
        writer.insert(iter(batch.values()))

    return insert


@st.composite
def blobs(draw: st.DrawFn) -> Operation:
    """Store, replace or delete a blob."""
    name, content = draw(names), draw(st.none() | bodies)

    def blob(writer: Writer) -> bytes | None:
        writer.delete_blob(name)
        if content is not None:
            writer.put_blob(name, content)
        return writer.blob(name)

    return blob


@st.composite
def appends(draw: st.DrawFn) -> Operation:
    """Append events; their numbers are the store's own."""
    wanted = [event(name) for name in draw(st.lists(names, max_size=3))]

    def append(writer: Writer) -> Any:
        made = writer.append(wanted)
        tail = [found.seq for found in writer.events(0, 100_000)[-len(made) :]]
        return [found.id for found in made], not made or [found.seq for found in made] == tail

    return append


def deletes(kind: str, name: str) -> Operation:
    """Delete a document that may exist."""
    return lambda writer: writer.delete(kind, name)


changes = puts() | puts() | inserts() | st.builds(deletes, kinds, names) | blobs() | appends()


@attrs.define
class Side:
    """One of the two stores, with where its paging stands."""

    store: Store
    position: tuple[Any, ...] | None = None


class StoreMachine(RuleBasedStateMachine):
    """Does the same to two stores and compares what can be seen of them."""

    def __init__(self, factory: StoreFactory, reopen: Reopen | None) -> None:
        super().__init__()
        self._reopen = reopen
        self._tested = Side(factory())
        self._reference = Side(MemoryStore())
        self._query: Query | None = None
        self._is_sorted = Capability.SORTED in self._tested.store.capabilities

    def teardown(self) -> None:
        self._tested.store.close()

    def _compare(self, look: Callable[[Reader], Any]) -> Any:
        found = []
        for side in (self._tested, self._reference):
            with side.store.read() as reader:
                found.append(look(reader))
        assert found[0] == found[1]
        return found[0]

    def _rows(self, hits: list[Hit]) -> list[tuple[str, str, str]]:
        return rows(hits) if self._is_sorted else sorted(rows(hits))

    @rule(work=st.lists(changes, min_size=1, max_size=5), abort=often_not, looks=queries)
    def transaction(self, work: list[Operation], abort: bool, looks: Query) -> None:
        """Do several changes in one transaction, which one time in four is given up."""
        given_up: list[Any] = []
        results: list[list[Any]] = [[], []]
        for side, result in zip((self._tested, self._reference), results, strict=True):
            try:
                with side.store.write() as writer:
                    for operation in work:
                        result.append(operation(writer))
                        result.append(self._rows(writer.search(looks, None, 1_000)))
                        result.append(_everything(writer))
                    if abort:
                        raise Aborted
                given_up.append(None)
            except (Aborted, VersionConflict) as error:
                given_up.append(type(error))
        assert results[0] == results[1]
        assert given_up[0] == given_up[1]

    @rule(query=queries, limit=limits)
    def begin_paging(self, query: Query, limit: int) -> None:
        """Search anew, and keep the place."""
        self._query = query
        self._tested.position = self._reference.position = None
        self.turn_the_page(limit)

    @rule(limit=limits)
    def turn_the_page(self, limit: int) -> None:
        """Go on behind the last hit, whatever was done in between."""
        if self._query is None:
            return
        pages = []
        for side in (self._tested, self._reference):
            with side.store.read() as reader:
                hits = reader.search(self._query, side.position, limit)
            pages.append(rows(hits))
            side.position = hits[-1].position if hits else side.position
        if self._is_sorted:
            assert pages[0] == pages[1]

    @rule(query=queries, limit=limits)
    def search(self, query: Query, limit: int) -> None:
        """Search all at once, and in pages, and count."""
        self._compare(lambda reader: self._rows(reader.search(query, None, 1_000)))
        with self._tested.store.read() as reader:
            whole = rows(reader.search(query, None, 1_000))
            assert [row for page in _pages(reader, query, limit) for row in page] == whole
        self._compare(lambda reader: reader.has_hits(query.word or "", limit))

    @rule(kind=kinds, place=st.integers(0, 3), limit=limits)
    def listing(self, kind: str, place: int, limit: int) -> None:
        """List behind a document that exists, or from the start."""

        def look(reader: Reader) -> list[Document]:
            existing: list[str | None] = [None, *ids(reader.listing(kind, None, 100))]
            return reader.listing(kind, existing[place % len(existing)], limit)

        self._compare(look)

    @rule(owners=st.lists(names, max_size=3), kind=st.none() | kinds)
    def owned(self, owners: list[str], kind: str | None) -> None:
        """List what some own."""
        self._compare(lambda reader: reader.owned(owners, kind))

    @rule(wanted=st.permutations(NAMES), kind=kinds)
    def get_many(self, wanted: list[str], kind: str) -> None:
        """Read several documents."""
        self._compare(lambda reader: reader.get_many(kind, [*wanted, "p9"]))

    @rule(wanted=keys, limit=limits)
    def find(self, wanted: tuple[int, ...], limit: int) -> None:
        """Look keys up, in a batch and singly, and count who has all of them."""
        self._compare(lambda reader: reader.find_many(wanted))
        self._compare(lambda reader: reader.find_many(wanted, limit))
        self._compare(lambda reader: [reader.find(key, limit) for key in wanted])
        self._compare(lambda reader: reader.tally(wanted) if wanted else 0)

    @rule(place=st.integers(0, 5), limit=limits)
    def events(self, place: int, limit: int) -> None:
        """Read the feed from behind some event."""

        def look(reader: Reader) -> list[str]:
            feed = reader.events(0, 100_000)
            assert grows(feed)
            cursors = [0, *(found.seq for found in feed)]
            return [found.id for found in reader.events(cursors[place % len(cursors)], limit)]

        self._compare(look)

    @rule()
    def reopen(self) -> None:
        """Close the store and open it again, if it is durable."""
        if self._reopen is not None:
            salt = self._tested.store.salt
            self._tested.store = self._reopen(self._tested.store)
            assert self._tested.store.salt == salt

    @rule()
    def scrub(self) -> None:
        """Scrub: nothing that is stored changes."""
        store = self._tested.store
        assert store.scrub() is (store.remainder is None)

    @invariant()
    def same_in_everything(self) -> None:
        """Compare all that is stored, after every step."""
        self._compare(_everything)


def _pages(reader: Reader, query: Query, limit: int) -> Iterator[list[tuple[str, str, str]]]:
    after = None
    for _ in range(MOST_PAGES):
        hits = reader.search(query, after, limit)
        if not hits:
            return
        assert len(hits) <= limit
        yield rows(hits)
        after = hits[-1].position
    pytest.fail("Paging does not come to an end.")


def _everything(reader: Reader) -> dict[str, Any]:
    return {
        "documents": [reader.listing(kind, None, 100) for kind in KINDS],
        "single": [reader.get(kind, name) for kind in KINDS for name in NAMES],
        "counts": [reader.count(kind) for kind in KINDS],
        "keys": reader.find_many(KEYS),
        "events": [evolve(found, seq=0) for found in reader.events(0, 100_000)],
        "blobs": [reader.blob(name) for name in NAMES],
    }


class StatefulConformance(ConformanceBase):
    """Work that nobody thought of."""

    def test_random_work_shows_no_difference_to_the_reference(
        self, store_factory: StoreFactory, request: pytest.FixtureRequest
    ) -> None:
        """Whatever is done, the store shows what the memory store shows.

        ``PROFILECORE_STEPS`` sets the number of steps.  If this fails: Hypothesis prints the
        shortest run of steps it found; repeat them by hand in a test of your own.
        """
        store = store_factory()
        durable = Capability.DURABLE in store.capabilities
        store.close()
        reopen: Reopen | None = request.getfixturevalue("reopen") if durable else None

        class Machine(StoreMachine):
            def __init__(self) -> None:
                super().__init__(store_factory, reopen)

        run_state_machine_as_test(Machine, settings=_settings())


def _settings() -> settings:
    steps = int(os.environ.get(STEPS, STEPS_BY_DEFAULT))
    at_once = max(1, min(STEPS_AT_ONCE, steps))
    return settings(
        max_examples=max(1, steps // at_once),
        stateful_step_count=at_once,
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
