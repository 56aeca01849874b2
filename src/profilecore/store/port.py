"""The store port: all that a backend must do, and nothing that the engine can do itself.

A store keeps *documents* (opaque bodies with an owner and a version), the *terms* by which
they are found, an append-only feed of *events*, and *blobs*.  One transaction covers all of
them.  Bodies and terms are made by the engine: a store never looks inside.

Terms are of two sorts.  *Keys* are 64-bit signed hashes looked up exactly.  *Words* are found
by prefix; each is stored beside the whole folded text it belongs to (its line), so that the
second word of a query is a filter on the same row and not a second look-up.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

from profilecore.model.documents import Document
from profilecore.model.events import Event
from profilecore.values import frozen

if TYPE_CHECKING:
    from pathlib import Path


class Capability(Enum):
    """What a store may lack; the conformance suite skips what is lacked, and says so."""

    DURABLE = "durable"
    """An acknowledged write survives the end of the process."""
    FILES = "files"
    """The store's bytes can be read from files (``Store.files``), so erasure can be proven."""
    JOINS = "joins"
    """``Store.join`` works inside a transaction that the host owns."""
    PROCESSES = "processes"
    """Several processes may use the store at once."""
    SORTED = "sorted"
    """The hits of a search come by word and text."""


class Remainder(NamedTuple):
    """What a scrub cannot reach."""

    where: str
    """A sentence that says where deleted values may outlive a scrub, and what ends that."""
    days: int | None = None
    """How many days after a clear it lasts at the most, if somebody answers for that."""


OPEN = "agenda:"
"""Words that begin so are the engine's own and tell of nobody: every store keeps their order."""


class Line(NamedTuple):
    """A folded text and the words that find it."""

    text: str
    words: tuple[str, ...]


class Terms(NamedTuple):
    """Everything a document is found by."""

    keys: tuple[int, ...] = ()
    lines: tuple[Line, ...] = ()

    def rows(self) -> set[tuple[str, str]]:
        """Give the distinct (word, text) rows."""
        return {(word, line.text) for line in self.lines for word in line.words}


NO_TERMS = Terms()


def unpacked(terms: Terms) -> Terms:
    """Give terms as they are: the packer of a store that has no form of its own."""
    return terms


class Kept(NamedTuple):
    """A document with its terms.  ``place`` goes into the next call to go on behind it."""

    place: int
    document: Document
    terms: Terms


@frozen
class Query:
    """What to search for: every condition must hold.

    ``word`` is a prefix and decides the order of the hits; each of ``others`` must begin
    some word of the hit's text; the document must have all ``keys``.
    """

    word: str | None = None
    others: tuple[str, ...] = ()
    keys: tuple[int, ...] = ()


@frozen
class Hit:
    """One row that matches.  ``position`` goes into the next call to go on behind it.

    The same document may be hit by several of its words, each with its own position.
    """

    word: str
    text: str
    position: tuple[Any, ...]
    document: Document

    @property
    def id(self) -> str:
        """The id of the document."""
        return self.document.id


# A document without its envelope: its id, its owner, the property it belongs to, its body.
Body = tuple[str, str, str | None, bytes]


class Reader(abc.ABC):
    """Reads of one consistent state.  Valid only inside its ``with`` block, in its thread."""

    @abc.abstractmethod
    def get(self, kind: str, id: str) -> Document | None:
        """Give a document, or ``None``."""

    @abc.abstractmethod
    def get_many(self, kind: str, ids: Sequence[str]) -> list[Document]:
        """Give those of the documents that exist, in the order of ``ids``."""

    @abc.abstractmethod
    def owned(self, owners: Sequence[str], kind: str | None = None) -> list[Document]:
        """Give the documents whose owner is one of ``owners``, in order of first insertion.

        A document that is its own owner (``id == owner``) is not listed.
        """

    @abc.abstractmethod
    def listing(self, kind: str, after: str | None, limit: int) -> list[Document]:
        """Give documents of a kind in order of first insertion, behind the id ``after``.

        Behind an id that is not stored there is nothing.
        """

    def bodies(self, kind: str, after: str | None, limit: int) -> list[Body]:
        """Give what :meth:`listing` gives as plain tuples; for who reads millions.

        A store that is faster without making documents does it its own way.
        """
        found = self.listing(kind, after, limit)
        return [(d.id, d.owner, d.property_id, d.body) for d in found]

    @abc.abstractmethod
    def find(self, key: int, limit: int = 1_000) -> list[str]:
        """Give the ids of the documents that have a key, in order of first insertion."""

    @abc.abstractmethod
    def find_many(self, keys: Sequence[int], at_most: int | None = None) -> dict[int, list[str]]:
        """Give all the ids for each key that some document has; for batches.

        A key that more than ``at_most`` documents have is left out, and costs no look at them.
        """

    def tally(self, keys: Sequence[int]) -> int:
        """Count the documents that have all of some keys, at least one; for statistics.

        A store that can count without listing does it its own way.
        """
        query, after, number = Query(keys=tuple(keys)), None, 0
        while hits := self.search(query, after, 5_000):
            number, after = number + len(hits), hits[-1].position
        return number

    @abc.abstractmethod
    def search(
        self, query: Query, after: tuple[Any, ...] | None = None, limit: int = 50
    ) -> list[Hit]:
        """Give hits ordered by (word, text, first insertion), behind the position ``after``.

        Without a word the order is that of first insertion and ``query.keys`` must not be empty.
        Words and texts compare by code point and exact case.  Positions are of JSON values, and
        stay valid when documents come and go in between: the place of a deleted document is
        never given to another.  A store that is not ``SORTED`` has an order of words and texts of
        its own, which stays, but for those that begin with :data:`OPEN`; hits of one word and
        text still come by first insertion.
        """

    @abc.abstractmethod
    def has_hits(self, prefix: str, number: int) -> bool:
        """Tell whether a search for a prefix alone has at least ``number`` hits.

        The answer is exact, and much cheaper than the search: by it the engine chooses the
        word that leads.
        """

    @abc.abstractmethod
    def events(self, after: int = 0, limit: int = 500) -> list[Event]:
        """Give events with ``seq > after`` in order.

        One whose stored form is damaged comes as :data:`~profilecore.model.events.UNREADABLE`.
        An event never appears below a ``seq`` that a reader has already seen.
        """

    @abc.abstractmethod
    def count(self, kind: str) -> int:
        """Give the number of documents of a kind."""

    @abc.abstractmethod
    def blob(self, id: str) -> bytes | None:
        """Give the bytes stored under an id, or ``None``."""

    @abc.abstractmethod
    def everything(self, after: int = 0, limit: int = 1_000) -> list[Kept]:
        """Give documents of all kinds in order of first insertion, behind a place.

        Their terms have the keys and the rows that were stored, in whatever order.
        """

    @abc.abstractmethod
    def blob_ids(self, after: str = "", limit: int = 1_000) -> list[str]:
        """Give the ids of blobs by code point, behind one."""

    def is_empty(self) -> bool:
        """Tell whether there is no document, no event and no blob."""
        return not (self.everything(limit=1) or self.events(limit=1) or self.blob_ids(limit=1))


class Writer(Reader):
    """Reads and writes of one transaction; its reads see its writes."""

    @abc.abstractmethod
    def savepoint(self) -> AbstractContextManager[None]:
        """Open a part of the transaction: left by an exception, what it did is undone alone.

        Parts may lie in each other.
        """

    @abc.abstractmethod
    def put(self, document: Document, terms: Terms = NO_TERMS, *, expect: int) -> None:
        """Store a document and replace all its terms.

        ``expect`` is the version that is stored now, 0 for none.  Kind, id and owner of a
        stored document never change.

        :raises VersionConflict: if another version is stored; the transaction may go on.
        """

    @abc.abstractmethod
    def insert(self, documents: Iterable[tuple[Document, Terms | bytes]]) -> None:
        """Store many documents known to be new; the fast path of imports.

        Terms come as they are, or as :attr:`Store.packer` made bytes of them.

        :raises VersionConflict: if one of them exists; the transaction must then be given up.
        """

    def put_many(self, changes: Iterable[tuple[Document, Terms, int]]) -> None:
        """Store many documents, each with the version that is stored now; as so many puts.

        No document comes twice.  A store that is faster at many together does it its own way.

        :raises VersionConflict: if another version of one is stored; the transaction must then be
            given up.
        """
        for document, terms, expect in changes:
            self.put(document, terms, expect=expect)

    @abc.abstractmethod
    def delete(self, kind: str, id: str) -> bool:
        """Delete a document with all its terms; tell whether it existed."""

    def forget(self, owners: Iterable[str]) -> None:
        """Say that no state but the last of some owners' documents must ever be read again.

        What is stored of them at the end of the transaction stays; every state before it must be
        beyond reach after the next scrub, in copies too, as far as the store can see to that.
        Call it before changing these documents.  Deleted ones need no such word, and a store that
        overwrites what it replaces has nothing to do for it.
        """

    @abc.abstractmethod
    def append(self, events: Iterable[Event]) -> list[Event]:
        """Add events to the feed in their order and give them back with their ``seq``."""

    @abc.abstractmethod
    def put_blob(self, id: str, content: bytes) -> None:
        """Store bytes under an id that is not in use.

        :raises VersionConflict: if it is.
        """

    @abc.abstractmethod
    def delete_blob(self, id: str) -> None:
        """Delete the bytes under an id, if there are any."""


class Store(abc.ABC):
    """A place for one chain's documents.  Safe to use from many threads at once."""

    capabilities: frozenset[Capability] = frozenset()

    @property
    @abc.abstractmethod
    def salt(self) -> bytes:
        """Sixteen random bytes, made with the store and never changed, that key its hashes."""

    @property
    def packer(self) -> Callable[[Terms], Terms | bytes]:
        """The function that makes of terms what :meth:`Writer.insert` takes with the least work.

        It can be pickled: an import calls it in its worker processes.
        """
        return unpacked

    @abc.abstractmethod
    def read(self) -> AbstractContextManager[Reader]:
        """Open a read of one consistent state."""

    @abc.abstractmethod
    def write(self) -> AbstractContextManager[Writer]:
        """Open a transaction that begins as a writer.

        Writers follow one another: each sees what the one before committed, as the end of a
        chain that it goes on with.  Leaving the block normally commits, and what was committed is
        durable where the store says so; leaving it by an exception leaves nothing.
        A thread that is inside a transaction uses that one's writer, and opens no second.

        :raises StoreUnavailable: if the write lock is not to be had in time.
        """

    def join(self, connection: Any) -> AbstractContextManager[Writer]:
        """Work inside a transaction of the host's own connection, without committing it.

        An exception undoes only what was done inside the block.

        :raises StoreUnavailable: if this store cannot.
        """
        from profilecore.errors import StoreUnavailable

        raise StoreUnavailable(f"{type(self).__name__} cannot join a host's transaction.")

    @abc.abstractmethod
    def scrub(self) -> bool:
        """Make everything deleted before this call unreadable in the store's own files.

        Gives ``False`` if another reader still holds an older state; call again later.  After
        ``True``, no byte of :meth:`files` holds a value that no stored document or term holds,
        be it deleted, replaced, or of a transaction that was given up.  A store that names a
        :attr:`remainder` never gives ``True``.
        """

    @abc.abstractmethod
    def adopt(self, salt: bytes) -> None:
        """Take the salt of the store that this one, which is empty, will be a copy of.

        :raises StoreError: if it holds anything; then it keeps its own.
        """

    @property
    def remainder(self) -> Remainder | None:
        """Where deleted values may outlive every scrub: logs, replicas, backups of a server.

        ``None`` for a store that can erase.  Of one that cannot, receipts stay ``pending`` and
        show this.
        """
        return None

    def files(self) -> tuple[Path, ...]:
        """Give the files that hold the store's bytes; none if it has none."""
        return ()

    def check(self) -> list[str]:
        """Give a line per fault found in the store's own structure; none if it is sound."""
        return []

    @abc.abstractmethod
    def close(self) -> None:
        """Release everything held; closing twice is allowed, using it afterwards is not."""
