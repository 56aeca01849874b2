"""A memory store that keeps itself in one file: small, slow, and with every capability.

It is here so that the optional tiers of the conformance suite have a store that passes them
whatever plugins are installed.  At each commit it writes everything to a new file that takes
the place of the old one; a file lock makes writers of all processes follow one another.
"""

from __future__ import annotations

import fcntl
import itertools
import json
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import attrs
import cattrs
import pytest

from profilecore.model.events import Event
from profilecore.store import Capability, MemoryStore, Reader, Store, Writer
from profilecore.store.memory import _MemoryWriter, _Row
from profilecore.store.port import Line, Terms
from profilecore.testing.conformance import StoreConformance

converter = cattrs.Converter()
converter.register_unstructure_hook(bytes, lambda content: content.decode("latin-1"))
converter.register_structure_hook(bytes, lambda text, _: text.encode("latin-1"))
converter.register_unstructure_hook(datetime, datetime.isoformat)
converter.register_structure_hook(datetime, lambda text, _: datetime.fromisoformat(text))
converter.register_structure_hook(Line, lambda held, _: Line(held[0], tuple(held[1])))
converter.register_structure_hook(
    Terms, lambda held, _: Terms(tuple(held[0]), tuple(Line(t, tuple(w)) for t, w in held[1]))
)


@attrs.define
class State:
    """All that is in the file."""

    salt: bytes
    next: int
    rows: list[_Row]
    events: list[Event]
    blobs: dict[str, bytes]


class FileStore(MemoryStore):
    """Reads the file before each transaction if it has changed, and writes it at each commit."""

    capabilities: ClassVar[frozenset[Capability]] = frozenset(Capability)

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._known: object = None
        with self._turn():
            if path.exists():
                self._load()
            else:
                self._save()

    @contextmanager
    def read(self) -> Iterator[Reader]:
        with self._lock:
            if not self._depth:
                self._load()
            yield self._writer

    @contextmanager
    def write(self) -> Iterator[Writer]:
        with self._lock, ExitStack() as stack:
            outermost = not self._depth
            if outermost:
                stack.enter_context(self._turn())
                self._load()
            with super().write() as writer:
                yield writer
                if outermost:
                    self._save()

    def join(self, connection: Any) -> AbstractContextManager[Writer]:
        connection.begin()
        return self.write()

    def files(self) -> tuple[Path, ...]:
        return (self._path,)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        with self._path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _save(self) -> None:
        writer = self._writer
        rows = [writer._rows[kind, id] for _, kind, id in writer._order]
        state = State(self._salt, writer._next, rows, writer._events, writer._blobs)
        text = json.dumps(converter.unstructure(state), ensure_ascii=False)
        new = self._path.with_suffix(f".{os.getpid()}")
        new.write_text(text, encoding="utf-8")
        new.replace(self._path)
        self._known = self._signature()

    def _load(self) -> None:
        signature = self._signature()
        if signature == self._known:
            return
        state = converter.structure(json.loads(self._path.read_text(encoding="utf-8")), State)
        writer = _MemoryWriter()
        writer._next, writer._events, writer._blobs = state.next, state.events, state.blobs
        for row in state.rows:
            writer._add(row)
        self._writer, self._salt, self._known = writer, state.salt, signature

    def _signature(self) -> object:
        status = self._path.stat()
        return status.st_ino, status.st_mtime_ns, status.st_size


class Host:
    """A host's own connection: a transaction begins with the first join."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._stack = ExitStack()
        self._begun = False

    def begin(self) -> None:
        if not self._begun:
            self._begun = True
            self._stack.enter_context(self._store.write())

    def commit(self) -> None:
        self._begun = False
        self._stack.close()

    def rollback(self) -> None:
        self._begun = False
        with suppress(ZeroDivisionError), self._stack:
            raise ZeroDivisionError

    def close(self) -> None:
        self.rollback()


class FileConformance(StoreConformance):
    """The suite with the fixtures of a store that is one file."""

    lacks: ClassVar[frozenset[Capability]] = frozenset()
    make: ClassVar[Callable[[Path], Store]] = FileStore

    @pytest.fixture
    def store_factory(self, tmp_path: Path) -> Callable[[], Store]:
        numbers = itertools.count()
        return lambda: type(self).make(tmp_path / f"{next(numbers)}.store")

    @pytest.fixture
    def reopen(self) -> Callable[[Store], Store]:
        def again(store: Any) -> Store:
            store.close()
            return type(self).make(store._path)

        return again

    @pytest.fixture
    def store_opener(self, tmp_path: Path) -> Callable[[], Store]:
        return partial(type(self).make, tmp_path / "shared.store")

    @pytest.fixture
    def host_connection(self) -> Callable[[Store], Host]:
        return Host
