"""A unit: one write transaction of the engine, with what is to be done once it is committed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from profilecore.engine.ends import EVENTS, Ends
from profilecore.ids import ids_by
from profilecore.model.documents import Chain, Document
from profilecore.model.events import Event
from profilecore.model.fields import build
from profilecore.model.profile import Profile
from profilecore.rules.chain import chained
from profilecore.rules.visibility import Actor
from profilecore.store.port import NO_TERMS, Terms, Writer

if TYPE_CHECKING:
    from profilecore.engine.kernel import Kernel

PROFILE = "profile"


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
        self._batch: list[tuple[Document, Terms, int]] | None = None
        self._unsent: list[Event] = []
        self._forgotten: list[str] = []
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
        # A flush begins new lists, so that these still hold what it stored.
        batched, unsent, forgotten = self._batch, self._unsent, self._forgotten
        ends_at = len(batched or ()), len(unsent), len(forgotten)
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
            self._batch, self._unsent, self._forgotten = batched, unsent, forgotten
            del (batched or [])[ends_at[0] :], unsent[ends_at[1] :], forgotten[ends_at[2] :]
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
            self._batch.append((document, terms, expect))

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
        self._batch = []
        try:
            yield
            self.flush()
        finally:
            self._batch = None
            self._unsent, self._forgotten = [], []

    def flush(self) -> None:
        """Store what an open batch holds so far."""
        if self._forgotten:
            self.writer.forget(self._forgotten)
            self._forgotten = []
        if self._batch:
            self.writer.put_many(self._batch)
            if any(document.kind == PROFILE for document, _, _ in self._batch):
                self._living.clear()  # who was asked for meanwhile was told as before
            self._batch = []
        if self._unsent:
            self.events[-len(self._unsent) :] = self.writer.append(self._unsent)
            self._unsent = []

    def forget(self, owners: Iterable[str]) -> None:
        """Say that no state but the last of some owners' documents must ever be read again."""
        if self._batch is None:
            self.writer.forget(owners)
        else:
            self._forgotten += owners

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
        named = ((self.kernel.new_id(), profile_id, fields, subject),)
        alike = self._alike(what, related=related, scope=scope)
        self._append(*chained(alike, named, self.ends.of(EVENTS)))

    def emit_all(
        self,
        what: str,
        changed: Iterable[tuple[str, tuple[str, ...], str | None]],
        scope: str | None = None,
    ) -> None:
        """Add one event for each (profile id, field names, subject), all of the same moment."""
        listed = list(changed)
        ids = ids_by(self.kernel.new_id, len(listed))
        named = ((new, *own) for own, new in zip(listed, ids, strict=True))
        self._append(*chained(self._alike(what, scope=scope), named, self.ends.of(EVENTS)))

    def _alike(self, what: str, **more: Any) -> Event:
        kernel = self.kernel
        actor = kernel.actor
        facts = {
            "type": what, "at": kernel.now(), "actor": actor.id, "property_id": actor.property_id,
            "id": "", "profile_id": "", **more,
        }  # fmt: skip
        return build(Event, facts)

    def _append(self, made: list[Event], end: Chain) -> None:
        self.ends.move(EVENTS, end)
        if self._batch is None:
            self.events += self.writer.append(made)
        else:
            self._unsent += made
            self.events += made
