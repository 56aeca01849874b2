"""The people whom a run comes to next, read on another thread while a transaction is committed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Set
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import NamedTuple

from profilecore.engine import agenda
from profilecore.engine.deciding import Decider, Decision
from profilecore.engine.ends import EVENTS
from profilecore.engine.kernel import Kernel
from profilecore.engine.persons import Person
from profilecore.engine.unit import PROFILE, Unit
from profilecore.errors import ProfilecoreError
from profilecore.model.documents import Document
from profilecore.model.events import Event
from profilecore.store.port import Reader


class Looked(NamedTuple):
    """Somebody who was read, and the decision where that asks no plugin."""

    one: Person
    decision: Decision | None = None


Make = Callable[[Reader, Sequence[Document]], list[Person]]
_Reading = Future[tuple[int, list[Looked]]]


class Ahead:
    """Reads people, and decides on them, outside of the writes that they are for.

    Whoever changes somebody leaves an event that names them.  So whom no event has named since the
    state that was read is found unchanged; all others have to be read anew, and everybody if
    somebody else has written.
    """

    def __init__(self, kernel: Kernel, decider: Decider, make: Make) -> None:
        self._kernel = kernel
        self._at = decider.at
        self._make = make
        self._decider = None if kernel.plugins.asks_about_clears else decider
        self._pool = ThreadPoolExecutor(1, "profilecore-ahead")
        self._reading: tuple[Unit, _Reading] | None = None
        self._looked: dict[str, Looked] = {}
        self._named: dict[str, list[str]] = {}
        self._unit: Unit | None = None
        self._seen = 0

    def close(self) -> None:
        """Wait for what is being read, and end the thread."""
        self._pool.shutdown()

    def begin(self, unit: Unit, position: agenda.Position | None, number: int) -> None:
        """Begin to read the next people behind a position, while a unit ends.

        The state that is read is the one before the unit or the one after it.
        """
        known = frozenset(self._looked)
        self._reading = unit, self._pool.submit(self._work, position, number, known)

    def _work(
        self, position: agenda.Position | None, number: int, known: Set[str]
    ) -> tuple[int, list[Looked]]:
        kernel, ids = self._kernel, list[str]()
        with kernel.store.read() as reader:
            length = kernel.end_of(reader, EVENTS).length
            while len(ids) < number:
                found = agenda.next_page(kernel, reader, self._at, position)
                if found is None:
                    break
                page, position = found
                ids += page.ids
            unknown = [id for id in ids[:number] if id not in known]
            people = self._make(reader, reader.get_many(PROFILE, unknown))
        decide = self._decider and self._decider.decide
        return length, [Looked(one, decide(one) if decide else None) for one in people]

    def wait(self) -> None:
        """Wait for what is being read; inside a write a store may let nobody read."""
        if self._reading is not None:
            wait([self._reading[1]])

    def take(self, unit: Unit, ids: Iterable[str]) -> dict[str, Looked]:
        """Give those of some people who were read ahead and are unchanged in a unit."""
        if unit is not self._unit:
            self._unit, self._seen = unit, 0
            self._arrive(unit)
        self._forget(unit.events[self._seen :])
        self._seen = len(unit.events)
        return {id: self._looked.pop(id) for id in ids if id in self._looked}

    def _arrive(self, unit: Unit) -> None:
        """Take what was read since the last unit, and keep what is left of the time before."""
        if self._reading is None:
            return
        before, reading = self._reading
        self._reading = None
        try:
            length, found = reading.result()
        except ProfilecoreError:
            length, found = -1, []
        if unit.ends.of(EVENTS).length - length not in (0, len(before.events)):
            self._looked = {}
            return
        self._looked |= {each.one.root.id: each for each in found}
        self._named = {}
        for root, each in self._looked.items():
            for id in each.one.ids:
                self._named.setdefault(id, []).append(root)
        self._forget(before.events)

    def _forget(self, events: Sequence[Event]) -> None:
        for event in events:
            for root in self._named.get(event.profile_id, ()):
                self._looked.pop(root, None)
