"""What the tests of the conformance suite share: fixtures, capabilities, small builders."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, NoReturn, Protocol, TypeVar

import pytest

from profilecore.errors import StoreUnavailable
from profilecore.model.documents import Document
from profilecore.model.events import Event
from profilecore.store.port import (
    NO_TERMS,
    Capability,
    Hit,
    Line,
    Query,
    Reader,
    Store,
    Terms,
    Writer,
)

AT = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
# More values than SQLite binds in one statement.
BATCH = 33_000
MOST_PAGES = 200

StoreFactory = Callable[[], Store]
Reopen = Callable[[Store], Store]
Test = TypeVar("Test", bound=Callable[..., None])


class HostConnection(Protocol):
    """What ``Store.join`` takes, as far as the suite uses it: as in Python's database API."""

    def commit(self) -> None: ...

    def rollback(self) -> None: ...

    def close(self) -> None: ...


def requires(capability: Capability) -> Callable[[Test], Test]:
    """Mark a test of the suite as one for stores that have a capability; others skip it."""

    def mark(test: Test) -> Test:
        test.__requires__ = capability  # type: ignore[attr-defined]
        return test

    return mark


class ConformanceBase:
    """Fixtures of the suite.  ``store_factory`` has no default: the author gives it."""

    lacks: ClassVar[frozenset[Capability]] = frozenset()
    plain_files: ClassVar[bool] = True

    @pytest.fixture
    def store(self, store_factory: StoreFactory) -> Iterator[Store]:
        """Give an empty store, closed after the test."""
        store = store_factory()
        yield store
        store.close()

    @pytest.fixture
    def reopen(self) -> Reopen:
        """Give a function that closes a store and opens the same one again."""
        _missing("reopen", Capability.DURABLE, self.lacks)

    @pytest.fixture
    def host_connection(self) -> Callable[[Store], HostConnection]:
        """Give a function that opens a host's own connection to a store's database."""
        _missing("host_connection", Capability.JOINS, self.lacks)

    @pytest.fixture
    def store_opener(self) -> StoreFactory:
        """Give a function, sent to other processes, that opens one store, empty at first."""
        _missing("store_opener", Capability.PROCESSES, self.lacks)

    @pytest.fixture(autouse=True)
    def _skip_what_is_lacked(self, request: pytest.FixtureRequest) -> None:
        capability = required_by(type(self), request.node.originalname)
        if capability is None:
            return
        factory = request.getfixturevalue("store_factory")
        store: Store = factory()
        declared = capability in store.capabilities
        store.close()
        lacked = capability in self.lacks
        if declared == lacked:
            pytest.fail(_quarrel(capability, declared=declared), pytrace=False)
        if lacked:
            pytest.skip(f"store lacks {capability.name}")


def required_by(cls: type, test: str) -> Capability | None:
    """Give what a test requires, also where a subclass overrides it."""
    for base in cls.__mro__:
        found: Capability | None = getattr(vars(base).get(test), "__requires__", None)
        if found is not None:
            return found
    return None


def capability_faults(declared: frozenset[Capability], lacks: frozenset[Capability]) -> list[str]:
    """Give a line per capability that is neither declared nor lacked, or both."""
    return [
        _quarrel(capability, declared=capability in declared)
        for capability in Capability
        if (capability in declared) == (capability in lacks)
    ]


def capability_table(store: Store) -> str:
    """Give a Markdown table of what a store can do, for its README."""
    rows = [
        f"| {capability.value} | {'yes' if capability in store.capabilities else 'no'} |"
        for capability in Capability
    ]
    return "\n".join(["| capability | supported |", "|---|---|", *rows])


def _quarrel(capability: Capability, *, declared: bool) -> str:
    if declared:
        return f"The store declares {capability.name}, but the test class lists it in `lacks`."
    return (
        f"{capability.name} is neither in the store's `capabilities` nor in the test class's "
        "`lacks`: say which."
    )


def _missing(fixture: str, capability: Capability, lacks: frozenset[Capability]) -> NoReturn:
    if capability in lacks:
        pytest.skip(f"store lacks {capability.name}")
    pytest.fail(f"A store that has {capability.name} needs a fixture `{fixture}`.", pytrace=False)


def doc(
    id: str,
    kind: str = "profile",
    *,
    owner: str | None = None,
    version: int = 1,
    body: bytes = b"{}",
    property_id: str | None = None,
) -> Document:
    """Make a document; without an owner it is its own."""
    return Document(kind, id, owner or id, version, body, property_id)


def line(text: str) -> Line:
    """Make a line found by each of its words."""
    return Line(text, tuple(text.split()))


def terms(*texts: str, keys: Iterable[int] = ()) -> Terms:
    """Make terms of lines and keys."""
    return Terms(tuple(keys), tuple(map(line, texts)))


def event(id: str, name: str = "profile.updated", **values: Any) -> Event:
    """Make an event that was not stored yet."""
    return Event(type=name, profile_id=values.pop("profile_id", "p1"), at=AT, id=id, **values)


def later(seconds: float) -> datetime:
    """Give a time after ``AT``."""
    return AT + timedelta(seconds=seconds)


def add(store: Store, *documents: tuple[Document, Terms] | Document) -> None:
    """Store documents that are new, one transaction for all."""
    with store.write() as writer:
        for entry in documents:
            document, found_by = entry if isinstance(entry, tuple) else (entry, NO_TERMS)
            writer.put(document, found_by, expect=0)


def ids(documents: Iterable[Document | Hit]) -> list[str]:
    """Give the ids in order."""
    return [document.id for document in documents]


def rows(hits: Iterable[Hit]) -> list[tuple[str, str, str]]:
    """Give what can be compared of hits: positions are the store's own affair."""
    return [(hit.id, hit.word, hit.text) for hit in hits]


def search(
    store: Store,
    word: str | None = None,
    *,
    others: Sequence[str] = (),
    keys: Sequence[int] = (),
    limit: int = 50,
) -> list[Hit]:
    """Search in a read of its own."""
    with store.read() as reader:
        return reader.search(Query(word, tuple(others), tuple(keys)), limit=limit)


def paged(store: Store, query: Query, limit: int) -> Iterator[list[Hit]]:
    """Give the pages of a search, each from a read of its own."""
    after = None
    for _ in range(MOST_PAGES):
        with store.read() as reader:
            hits = reader.search(query, after, limit)
        assert len(hits) <= limit, f"{len(hits)} hits for a limit of {limit}"
        if not hits:
            return
        yield hits
        after = hits[-1].position
    pytest.fail("Paging does not come to an end.")


def fill(store: Store) -> None:
    """Give a store something of everything."""
    with store.write() as writer:
        writer.put(doc("p1", body=b"one"), terms("anna garcia", keys=[1]), expect=0)
        writer.put(doc("p2", body=b"two"), terms("berta", keys=[1, 2]), expect=0)
        writer.put(doc("s1", "stay", owner="p1"), terms("hotel", keys=[3]), expect=0)
        writer.append([event("e1"), event("e2")])
        writer.put_blob("b1", b"blob")


def change(writer: Writer) -> None:
    """Change something of everything, by every method that writes."""
    assert writer.delete("profile", "p2")
    writer.put(doc("p1", version=2, body=b"new"), terms("clara", keys=[4]), expect=1)
    writer.append([event("e3")])
    writer.put(doc("p3"), terms("dora", keys=[1, 5]), expect=0)
    writer.insert([(doc("f1", "file", owner="p1"), terms("anna", keys=[2]))])
    writer.delete_blob("b1")
    writer.put_blob("b2", b"second")
    writer.append([event("e4"), event("e5")])
    writer.put_blob("b1", b"again")


def observe(reader: Reader) -> dict[str, Any]:
    """Give all that can be seen of a small store, in lists that the store does not know."""
    kinds = ("profile", "stay", "file")
    return {
        "documents": {kind: list(reader.listing(kind, None, 1_000)) for kind in kinds},
        "counts": {kind: reader.count(kind) for kind in kinds},
        "owned": list(reader.owned([f"p{number}" for number in range(10)])),
        "keys": {key: list(reader.find(key)) for key in range(-2, 10)},
        "words": {
            letter: rows(reader.search(Query(letter), limit=1_000))
            for letter in "abcdefghijklmnopqrstuvwxyz"
        },
        "events": list(reader.events()),
        "blobs": {f"b{number}": reader.blob(f"b{number}") for number in range(10)},
    }


def look(store: Store) -> dict[str, Any]:
    """Observe a store in a read of its own."""
    with store.read() as reader:
        return observe(reader)


def grows(events: Sequence[Event]) -> bool:
    """Tell whether the numbers of events are above 0 and grow."""
    numbers = [0, *(found.seq for found in events)]
    return all(one < other for one, other in itertools.pairwise(numbers))


class Aborted(Exception):
    """Raised by tests to leave a transaction without committing."""


def give_up(
    transaction: AbstractContextManager[Writer],
    work: Callable[[Writer], object],
    error: BaseException | None = None,
) -> None:
    """Do something in a transaction and leave it by an exception, which must pass."""
    leaving = error or Aborted()
    try:
        with transaction as writer:
            work(writer)
            raise leaving
    except type(leaving) as caught:
        assert caught is leaving  # noqa: PT017 - pytest.raises takes one statement only
        return
    pytest.fail("The exception that left the transaction was swallowed.")


def patiently(action: Callable[[], None], *, seconds: float = 30.0) -> None:
    """Repeat a transaction while the store says that its write lock is not to be had."""
    end = time.monotonic() + seconds
    while True:
        try:
            return action()
        except StoreUnavailable:
            if time.monotonic() > end:
                raise
            time.sleep(0.01)


class Threads:
    """Runs functions at once; leaving the block waits for all and raises what they raised."""

    def __init__(self, seconds: float = 60.0) -> None:
        self._seconds = seconds
        self._threads: list[threading.Thread] = []
        self._errors: list[BaseException] = []

    def start(self, function: Callable[[], None]) -> threading.Thread:
        """Start a function; what it raises is kept for the end."""

        def run() -> None:
            try:
                function()
            except BaseException as error:  # noqa: BLE001 - raised again by the test's thread
                self._errors.append(error)

        thread = threading.Thread(target=run, daemon=True)
        self._threads.append(thread)
        thread.start()
        return thread

    def __enter__(self) -> Threads:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        end = time.monotonic() + self._seconds
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
        if kind is None:
            assert not any(thread.is_alive() for thread in self._threads), (
                f"A thread still waits after {self._seconds:g} s: the store is deadlocked."
            )
            if self._errors:
                raise self._errors[0]
