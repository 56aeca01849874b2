"""A store that fails on demand, to show that a failure leaves nothing half done.

Run an operation once to count its calls, then once per call with that call failing::

    counting = FaultyStore(MemoryStore())
    operation(counting)
    for n in range(1, counting.calls + 1):
        store = FaultyStore(MemoryStore(), fail_at=n)
        with pytest.raises(StoreUnavailable):
            operation(store)
        # the state is now the one before the operation
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from profilecore.errors import StoreUnavailable
from profilecore.model.documents import Document
from profilecore.model.events import Event
from profilecore.store.port import (
    NO_TERMS,
    Body,
    Hit,
    Kept,
    Query,
    Reader,
    Remainder,
    Store,
    Terms,
    Writer,
)


class FaultyStore(Store):
    """Wraps a store and raises at the ``fail_at``-th call instead of passing it on.

    Calls are those of every method of the store, its readers and its writers, counted from 1
    in the order in which they are made, from all threads.  Opening a ``read``, ``write`` or
    ``join`` is a call; leaving a ``write`` or ``join`` without an exception is another, named
    ``commit``: when it fails, the inner transaction is undone.  ``salt``, ``packer`` and
    ``close`` never fail and do not count.

    Only that one call fails, so that what comes after it can be observed through the same
    store.  ``fail_at`` may be set again at any time; ``None`` counts without failing.

    ``names`` lists the calls made, so that ``names[n - 1]`` says what failed.
    """

    def __init__(
        self, inner: Store, fail_at: int | None = None, error: BaseException | None = None
    ) -> None:
        self.inner = inner
        self.fail_at = fail_at
        self.error = error
        self.names: list[str] = []
        self.capabilities = inner.capabilities
        self._lock = threading.Lock()

    @property
    def calls(self) -> int:
        """The number of calls made so far."""
        return len(self.names)

    def reset(self, fail_at: int | None = None) -> None:
        """Count from zero again, failing at another call."""
        with self._lock:
            self.names = []
            self.fail_at = fail_at

    def _call(self, name: str) -> None:
        with self._lock:
            self.names.append(name)
            number = len(self.names)
        if number == self.fail_at:
            raise self.error or StoreUnavailable(f"Call {number} ({name}) was made to fail.")

    @property
    def salt(self) -> bytes:
        return self.inner.salt

    @property
    def packer(self) -> Callable[[Terms], Terms | bytes]:
        return self.inner.packer

    @contextmanager
    def read(self) -> Iterator[Reader]:
        self._call("read")
        with self.inner.read() as reader:
            yield _FaultyReader(reader, self._call)

    def write(self) -> AbstractContextManager[Writer]:
        return self._transaction("write", self.inner.write)

    def join(self, connection: Any) -> AbstractContextManager[Writer]:
        return self._transaction("join", lambda: self.inner.join(connection))

    @contextmanager
    def _transaction(
        self, name: str, begin: Callable[[], AbstractContextManager[Writer]]
    ) -> Iterator[Writer]:
        self._call(name)
        with begin() as writer:
            yield _FaultyWriter(writer, self._call)
            self._call("commit")

    def adopt(self, salt: bytes) -> None:
        self._call("adopt")
        self.inner.adopt(salt)

    def scrub(self) -> bool:
        self._call("scrub")
        return self.inner.scrub()

    def files(self) -> tuple[Path, ...]:
        self._call("files")
        return self.inner.files()

    @property
    def remainder(self) -> Remainder | None:
        return self.inner.remainder

    def check(self) -> list[str]:
        self._call("check")
        return self.inner.check()

    def close(self) -> None:
        self.inner.close()


class _FaultyReader(Reader):
    def __init__(self, inner: Reader, call: Callable[[str], None]) -> None:
        self._reader = inner
        self._call = call

    def get(self, kind: str, id: str) -> Document | None:
        self._call("get")
        return self._reader.get(kind, id)

    def get_many(self, kind: str, ids: Sequence[str]) -> list[Document]:
        self._call("get_many")
        return self._reader.get_many(kind, ids)

    def owned(self, owners: Sequence[str], kind: str | None = None) -> list[Document]:
        self._call("owned")
        return self._reader.owned(owners, kind)

    def listing(self, kind: str, after: str | None, limit: int) -> list[Document]:
        self._call("listing")
        return self._reader.listing(kind, after, limit)

    def bodies(self, kind: str, after: str | None, limit: int) -> list[Body]:
        self._call("bodies")
        return self._reader.bodies(kind, after, limit)

    def find(self, key: int, limit: int = 1_000) -> list[str]:
        self._call("find")
        return self._reader.find(key, limit)

    def find_many(self, keys: Sequence[int], at_most: int | None = None) -> dict[int, list[str]]:
        self._call("find_many")
        return self._reader.find_many(keys, at_most)

    def tally(self, keys: Sequence[int]) -> int:
        self._call("tally")
        return self._reader.tally(keys)

    def search(
        self, query: Query, after: tuple[Any, ...] | None = None, limit: int = 50
    ) -> list[Hit]:
        self._call("search")
        return self._reader.search(query, after, limit)

    def has_hits(self, prefix: str, number: int) -> bool:
        self._call("has_hits")
        return self._reader.has_hits(prefix, number)

    def events(self, after: int = 0, limit: int = 500) -> list[Event]:
        self._call("events")
        return self._reader.events(after, limit)

    def count(self, kind: str) -> int:
        self._call("count")
        return self._reader.count(kind)

    def blob(self, id: str) -> bytes | None:
        self._call("blob")
        return self._reader.blob(id)

    def everything(self, after: int = 0, limit: int = 1_000) -> list[Kept]:
        self._call("everything")
        return self._reader.everything(after, limit)

    def blob_ids(self, after: str = "", limit: int = 1_000) -> list[str]:
        self._call("blob_ids")
        return self._reader.blob_ids(after, limit)


class _FaultyWriter(_FaultyReader, Writer):
    def __init__(self, inner: Writer, call: Callable[[str], None]) -> None:
        super().__init__(inner, call)
        self._writer = inner

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        self._call("savepoint")
        with self._writer.savepoint():
            yield

    def put(self, document: Document, terms: Terms = NO_TERMS, *, expect: int) -> None:
        self._call("put")
        self._writer.put(document, terms, expect=expect)

    def insert(self, documents: Iterable[tuple[Document, Terms | bytes]]) -> None:
        self._call("insert")
        self._writer.insert(documents)

    def delete(self, kind: str, id: str) -> bool:
        self._call("delete")
        return self._writer.delete(kind, id)

    def forget(self, owners: Iterable[str]) -> None:
        self._call("forget")
        self._writer.forget(owners)

    def append(self, events: Iterable[Event]) -> list[Event]:
        self._call("append")
        return self._writer.append(events)

    def put_blob(self, id: str, content: bytes) -> None:
        self._call("put_blob")
        self._writer.put_blob(id, content)

    def delete_blob(self, id: str) -> None:
        self._call("delete_blob")
        self._writer.delete_blob(id)
