"""A unit: one write transaction of the engine, with what is to be done once it is committed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from profilecore.engine.ends import EVENTS, RECEIPTS, Ends
from profilecore.ids import ids_by
from profilecore.model.documents import Document, Receipt
from profilecore.model.events import Event
from profilecore.model.fields import restore
from profilecore.model.profile import Profile
from profilecore.rules.chain import chain, link
from profilecore.rules.visibility import Actor
from profilecore.store.port import NO_TERMS, Terms, Writer

if TYPE_CHECKING:
    from profilecore.engine.kernel import Kernel

PROFILE = "profile"


class _Batch:
    """What is to be stored together.  Receipts and events are linked when it is."""

    def __init__(self) -> None:
        self.documents: list[tuple[Document, Terms, int]] = []
        self.deleted: list[tuple[str, str]] = []
        self.forgotten: list[str] = []
        self.receipts: list[Receipt] = []
        self.events: list[Event] = []
        self.at: datetime | None = None

    @property
    def _lists(self) -> tuple[list[Any], ...]:
        return self.documents, self.deleted, self.forgotten, self.receipts, self.events

    def mark(self) -> tuple[int, ...]:
        """Give what :meth:`rewind` needs to come back to this state."""
        return tuple(map(len, self._lists))

    def rewind(self, mark: Iterable[int]) -> None:
        """Come back to a marked state."""
        for listed, length in zip(self._lists, mark, strict=True):
            del listed[length:]


class Unit:
    """One write transaction: the writer, the events to tell after it, the ends of the chains.

    ``after`` is what to do once it is committed, by name; ``cleared`` are the ids of receipts.
    """

    def __init__(self, kernel: Kernel, writer: Writer, *, joined: bool = False) -> None:
        self.kernel = kernel
        self._joined = joined
        self._writer = writer
        self._to_begin: list[ExitStack] = []
        self.ends = Ends(kernel.codec, writer)
        self.events: list[Event] = []
        self.thread = threading.get_ident()
        self.after: dict[str, Callable[[], object]] = {}
        self.cleared: list[str] = []
        self._batch: _Batch | None = None
        self._living: dict[Actor, set[str]] = {}
        self._outside: list[Callable[[], object]] = []

    @property
    def writer(self) -> Writer:
        """The store's writer."""
        self.begin()
        return self._writer

    def begin(self) -> None:
        """Begin the open parts in the store, before others write to it past this unit."""
        while self._to_begin:
            self._to_begin.pop(0).enter_context(self._writer.savepoint())

    @contextmanager
    def part(self) -> Iterator[None]:
        """Do one verb of several: if it fails, all of it is undone, and the others stay.

        In a batch, where most only put and emit, it begins in the store once it asks the writer.
        """
        events, cleared = len(self.events), len(self.cleared)
        steps, ends = dict(self.after), self.ends.mark()
        # A flush begins a new batch, so that this one still holds what it stored.
        batch = self._batch
        mark = batch.mark() if batch is not None else ()
        outside = len(self._outside)
        inside = ExitStack()
        self._to_begin.append(inside)
        try:
            with inside:
                if self._batch is None:
                    self.begin()
                yield
        except BaseException:
            del self.events[events:], self.cleared[cleared:]
            self.after = steps
            # What was flushed meanwhile was undone with the part.
            self._batch = batch
            if batch is not None:
                batch.rewind(mark)
            self.ends.rewind(ends)
            self._living.clear()
            self.take_back(outside)
            raise
        finally:
            if inside in self._to_begin:
                self._to_begin.remove(inside)

    def done_outside(self, undo: Callable[[], object]) -> None:
        """Take note of how to undo what others have done outside of the store."""
        self._outside.append(undo)

    def take_back(self, mark: int = 0) -> None:
        """Undo what was done outside of the store since a mark, the last first."""
        while len(self._outside) > mark:
            with suppress(Exception):  # the failure to tell is that of the transaction
                self._outside.pop()()

    def put(
        self,
        kind: str,
        id: str,
        owner: str,
        value: Any,
        *,
        expect: int,
        version: int | None = None,
        property_id: str | None = None,
        terms: Terms = NO_TERMS,
    ) -> None:
        """Store one document of a value."""
        if kind == PROFILE:
            self._living.clear()
        body = self.kernel.codec.dump(value)
        document = Document(kind, id, owner, version or expect + 1, body, property_id)
        if self._batch is None:
            self.writer.put(document, terms, expect=expect)
        else:
            self._batch.documents.append((document, terms, expect))

    def delete(self, kind: str, id: str) -> None:
        """Delete one document, and its content if it has any."""
        if self._batch is None:
            self.writer.delete(kind, id)
            self.writer.delete_blob(id)
        else:
            self._batch.deleted.append((kind, id))

    def leave(self, receipt: Receipt) -> None:
        """Store a new receipt, which nobody else has yet, as the next of its chain."""
        if self._batch is None:
            with self.batch():
                self.leave(receipt)
        else:
            self._batch.receipts.append(receipt)
            self.cleared.append(receipt.id)

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Store what is put and emitted inside the block together at its end, which is faster.

        Until then, or until it is flushed, nobody reads it; no document may be put twice.  One
        inside another is part of that.
        """
        if self._batch is not None:
            self.flush()
            yield
            return
        self._batch = _Batch()
        try:
            yield
            self.flush()
        finally:
            self._batch = None

    def flush(self) -> None:
        """Store what an open batch holds so far."""
        batch = self._batch
        if batch is None:
            return
        if batch.forgotten:
            self.writer.forget(batch.forgotten)
        for kind, id in batch.deleted:
            self.writer.delete(kind, id)
            self.writer.delete_blob(id)
        if batch.receipts:
            self.ends.move(RECEIPTS, link(batch.receipts, self.ends.of(RECEIPTS)))
            for receipt in batch.receipts:
                self.put("receipt", receipt.id, receipt.profile_id, receipt, expect=0)
        if batch.documents:
            self.writer.put_many(batch.documents)
            if any(document.kind == PROFILE for document, _, _ in batch.documents):
                self._living.clear()  # who was asked for meanwhile was told as before
        self._batch = _Batch()
        if batch.events:
            self._append(batch.events)

    def forget(self, owners: Iterable[str]) -> None:
        """Say that no state but the last of some owners' documents must ever be read again."""
        if self._batch is None:
            self.writer.forget(owners)
        else:
            self._batch.forgotten += owners

    @property
    def living(self) -> set[str]:
        """The ids that are known to be roots which the actor may see, until a profile changes."""
        if self._joined:  # a host may undo what it did, and is not seen to
            return set()
        return self._living.setdefault(self.kernel.actor, set())

    def put_profile(self, profile: Profile, *, expect: int, terms: Terms | None = None) -> None:
        """Store a profile with its terms."""
        found_by = self.kernel.terms.of(profile) if terms is None else terms
        self.put(
            PROFILE, profile.id, profile.id, profile, expect=expect, version=profile.version,
            terms=found_by,
        )  # fmt: skip

    def emit(
        self,
        what: str,
        profile_id: str,
        *,
        fields: tuple[str, ...] = (),
        subject: str | None = None,
        related: tuple[str, ...] = (),
        scope: str | None = None,
    ) -> None:
        """Add an event to the feed, under the acting person's name."""
        held = self._alike(what, related, scope)
        self._tell([_event(held, self.kernel.new_id(), profile_id, fields, subject)])

    def emit_all(
        self,
        what: str,
        changed: Iterable[tuple[str, tuple[str, ...], str | None]],
        scope: str | None = None,
    ) -> None:
        """Add one event for each (profile id, field names, subject), all of the same moment."""
        listed = list(changed)
        held = self._alike(what, (), scope)
        ids = ids_by(self.kernel.new_id, len(listed))
        self._tell([_event(held, id, *own) for own, id in zip(listed, ids, strict=True)])

    def _alike(self, what: str, related: tuple[str, ...], scope: str | None) -> dict[str, Any]:
        """Give what events made together hold alike."""
        actor = self.kernel.actor
        held: dict[str, Any] = {"type": what, "at": self._moment()}
        if related:
            held["related"] = related
        told = (("actor", actor.id), ("property_id", actor.property_id), ("scope", scope))
        return held | {name: value for name, value in told if value is not None}

    def _moment(self) -> datetime:
        """Give the time of what is told now; in a batch all is of the same moment."""
        if self._batch is None:
            return self.kernel.now()
        if self._batch.at is None:
            self._batch.at = self.kernel.now()
        return self._batch.at

    def _tell(self, made: list[Event]) -> None:
        self.events += made
        if self._batch is None:
            self._append(made)
        else:
            self._batch.events += made

    def _append(self, made: list[Event]) -> None:
        """Append the newest events, linked, to the feed."""
        self.ends.move(EVENTS, chain(made, self.ends.of(EVENTS)))
        self.events[-len(made) :] = self.writer.append(made)


def _event(
    alike: dict[str, Any],
    id: str,
    profile_id: str,
    fields: tuple[str, ...],
    subject: str | None,
) -> Event:
    held = {**alike, "id": id, "profile_id": profile_id}
    if fields:
        held["fields"] = fields
    if subject is not None:
        held["subject"] = subject
    return restore(Event, held)
