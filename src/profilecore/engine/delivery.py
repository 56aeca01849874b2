"""Offer committed events to the observers, each for itself, and keep what one did not take."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

from profilecore.codec import Codec
from profilecore.model.documents import Document
from profilecore.model.events import Event
from profilecore.plugins import Plugins
from profilecore.rules.terms import TermMaker
from profilecore.store.port import Store, Terms
from profilecore.values import frozen

UNDELIVERED = "undelivered"


class Delivery:
    """The way of events from a commit to the observers.  Thread-safe."""

    def __init__(self, store: Store, plugins: Plugins, codec: Codec, terms: TermMaker) -> None:
        self._store = store
        self._plugins = plugins
        self._codec = codec
        self._terms = terms
        self._observers = plugins.observers
        self._unsettled: list[Event] = []
        self._queue: list[Event] = []
        self._lock = threading.RLock()
        self._delivering = False
        self._failing: set[str] = set()

    def wants(self, events: Sequence[Event]) -> bool:
        """Tell whether there is anything to offer to anybody."""
        return bool(self._observers and (events or self._unsettled))

    def settle_later(self, events: Sequence[Event]) -> None:
        """Keep events of a host's transaction until the host has committed or given it up."""
        with self._lock:
            self._unsettled += events

    def deliver(self, fresh: Iterable[Event] = ()) -> None:
        """Offer committed events to the observers; what failed before comes first.

        A failure is kept in the store as an undelivered event, ids only, and is offered again at
        the next delivery of any engine with that plugin.
        """
        if not self._observers:
            return
        with self._lock:
            self._queue += fresh
            if self._delivering:
                return  # an observer wrote through the engine: its events come next
            self._delivering = True
            self._failing.clear()
            try:
                self._deliver_waiting()
                while self._queue or self._unsettled:
                    batch, self._queue = [*self._committed(), *self._queue], []
                    if not batch:
                        return
                    self._deliver(batch)
            finally:
                self._delivering = False

    def _deliver_waiting(self) -> None:
        for plugin in self._observers:
            while plugin not in self._failing and self._deliver_missed(plugin):
                pass

    def _deliver_missed(self, plugin: str) -> bool:
        """Offer a plugin the oldest of what it missed; tell whether there was anything."""
        key = self._missed_key(plugin)
        with self._store.read() as reader:
            waiting = reader.get_many(UNDELIVERED, reader.find(key, 500))
        done: list[str] = []
        for document in waiting:
            kept = self._codec.load(_Undelivered, document.body)
            if not self._accepted(kept.event, plugin):
                break
            done.append(document.id)
        if done:
            with self._store.write() as writer:
                for id in done:
                    writer.delete(UNDELIVERED, id)
        return bool(waiting)

    def _missed_key(self, plugin: str) -> int:
        return self._terms.key("undelivered", plugin)

    def _deliver(self, batch: Iterable[Event]) -> None:
        missed = [
            _Undelivered(plugin, event)
            for plugin in self._observers
            for event in batch
            if plugin in self._failing or not self._accepted(event, plugin)
        ]
        if missed:
            with self._store.write() as writer:
                for kept in missed:
                    id = f"{kept.event.id}:{kept.plugin}"
                    body = self._codec.dump(kept)
                    document = Document(UNDELIVERED, id, id, 1, body)
                    writer.put(document, Terms(keys=(self._missed_key(kept.plugin),)), expect=0)

    def _accepted(self, event: Event, plugin: str) -> bool:
        if self._plugins.offer(event, plugin) is None:
            return True
        self._failing.add(plugin)
        return False

    def _committed(self) -> list[Event]:
        """Give joined events that the host has committed since; drop those it rolled back."""
        settled, self._unsettled = self._unsettled, []
        seen: list[Event] = []
        for event in settled:
            with self._store.read() as reader:
                found = reader.events(event.seq - 1, 1)
            if found and found[0].id == event.id:
                seen.append(event)
            elif not found:
                self._unsettled.append(event)
        return seen


@frozen
class _Undelivered:
    plugin: str
    event: Event
