"""What every verb of the engine stands on: the store, the rules in force, who acts, and units.

Verbs called inside an open unit join it; the outermost one commits, and only then are observers
told.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from profilecore.codec import Codec
from profilecore.engine.builtin import CORE_KINDS
from profilecore.engine.delivery import Delivery
from profilecore.engine.ends import Ends
from profilecore.engine.settings import Settings, retention_of
from profilecore.engine.unit import PROFILE, Unit
from profilecore.errors import (
    NotFound,
    ProfileCleared,
    ProfilecoreError,
    StoreError,
    VersionConflict,
)
from profilecore.ids import new_id as make_id
from profilecore.ids import utc_now
from profilecore.model.documents import Chain, Document, DocumentKind
from profilecore.model.enums import State
from profilecore.model.events import RESTRICTED_READ
from profilecore.model.fields import rules_of
from profilecore.model.profile import Profile
from profilecore.plugins import Plugins
from profilecore.rules.changing import Border
from profilecore.rules.occasion import Occasion
from profilecore.rules.survivorship import RULES, Rule
from profilecore.rules.terms import TermMaker
from profilecore.rules.visibility import CHAIN, Actor, may_see, may_see_profile, released
from profilecore.store.port import Reader, Store, Writer

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from profilecore.engine.ledger import Ledger

T = TypeVar("T")
RETRY_SECONDS = 5.0


class Kernel:
    """Shared by the verbs of one engine.  Thread-safe; holds no profile."""

    def __init__(
        self,
        store: Store,
        plugins: Plugins,
        settings: Settings,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        made = plugins.contributions
        rules = dict(RULES) | made.survivorship
        plugins.drop_facets(
            lambda cls: {rule.merge for rule in rules_of(cls).values()} - rules.keys()
        )
        self.store = store
        self.plugins = plugins
        self.settings = settings
        self.new_id = new_id
        self._clock = clock
        self.codec = Codec(made.facets)
        # The core's own kinds cannot be redefined.
        self.kinds: Mapping[str, DocumentKind] = made.kinds | {k.name: k for k in CORE_KINDS}
        self.retention = retention_of(settings, made.retention, self.kinds)
        self.border = Border(settings.region, settings.custom_fields, made.facets)
        self.survivorship: Mapping[str, Rule] = rules
        self.terms = TermMaker(store.salt, tuple(made.terms))
        self._unit: ContextVar[Unit | None] = ContextVar("unit", default=None)
        self._local = threading.local()
        self._actor: ContextVar[Actor] = ContextVar("actor", default=CHAIN)
        self._delivery = Delivery(store, plugins, self.codec, self.terms)
        self.own_time = new_id is make_id and clock is utc_now
        self.retry: Callable[[], object] | None = None
        self.ledger: Ledger | None = None
        self._joined: list[str] = []
        self._retry_from = 0.0

    # ---- who and when

    @property
    def actor(self) -> Actor:
        """Who acts now."""
        return self._actor.get()

    @contextmanager
    def acting(self, actor: Actor) -> Iterator[None]:
        """Act as somebody inside the block."""
        token = self._actor.set(actor)
        try:
            yield
        finally:
            self._actor.reset(token)

    def now(self) -> datetime:
        """Give the time, in UTC."""
        return self._clock().astimezone(UTC)

    def today(self, at: datetime) -> Callable[[str | None], date]:
        """Give what tells the date at a property (``None``: for the chain) at a time."""
        return lambda property_id: at.astimezone(self.zone(property_id)).date()

    def zone(self, property_id: str | None) -> ZoneInfo:
        """Give the time zone of a property, or the chain's."""
        from zoneinfo import ZoneInfo

        place = self.settings.properties.get(property_id or "")
        return ZoneInfo((place and place.timezone) or self.settings.timezone)

    def occasion(self, source: str | None = None, verified: bool = False) -> Occasion:
        """Give the occasion of a write: now, by who acts."""
        return Occasion(self.now(), self.actor, self.new_id, source, verified)

    # ---- transactions

    @contextmanager
    def writing(self) -> Iterator[Unit]:
        """Work in one transaction, joining the open one if there is one."""
        unit = self.open_unit
        if unit is not None:
            with unit.part():
                yield unit
            return
        self._refuse_other_task()
        with self.store.write() as writer, self._opened(writer) as unit:
            yield unit
            # Hosts whose clears wait here are done with their transactions: no two write at once.
            joined, self._joined = self._joined, []
            unit.cleared += joined
        self._settle(unit)

    @contextmanager
    def joining(self, connection: Any) -> Iterator[Unit]:
        """Work inside the transaction of a host's connection; the host commits.

        Observers are told once the engine sees the events committed, at its next write.
        """
        if self.open_unit is not None:
            raise ProfilecoreError("A transaction is open already; join the host's first.")
        self._refuse_other_task()
        with self.store.join(connection) as writer, self._opened(writer, joined=True) as unit:
            yield unit
            if unit.events and not writer.events(unit.events[-1].seq - 1, 1):
                unit.ends.rewind({})  # the host has rolled back inside, and is told so
        self._delivery.settle_later(unit.events)
        # The host's commit is not seen here: done at a write after it.
        self._joined += unit.cleared
        if unit.after:
            self.retry = lambda: [step() for step in unit.after.values()]

    @contextmanager
    def _opened(self, writer: Writer, *, joined: bool = False) -> Iterator[Unit]:
        unit = Unit(self, writer, joined=joined)
        token = self._unit.set(unit)
        self._local.is_writing = True
        try:
            yield unit
            unit.ends.write(writer)
        except BaseException:
            unit.take_back()
            raise
        finally:
            self._local.is_writing = False
            self._unit.reset(token)

    def _refuse_other_task(self) -> None:
        """Refuse to write inside another task's transaction: the store would add it to that."""
        if getattr(self._local, "is_writing", False):
            raise ProfilecoreError(
                "A transaction is open in another task of this thread: await nothing inside one, "
                "or use AsyncEngine."
            )

    def reading(self) -> AbstractContextManager[Reader]:
        """Read one consistent state: the open unit's, if there is one."""
        unit = self.open_unit
        return _Borrowed(unit.writer) if unit is not None else self.store.read()

    @property
    def open_unit(self) -> Unit | None:
        """The transaction that is open here."""
        unit = self._unit.get()
        if unit is not None and unit.thread != threading.get_ident():
            raise ProfilecoreError("A transaction belongs to the thread that opened it.")
        return unit

    def end_of(self, reader: Reader, chain: str) -> Chain:
        """Give where a chain ends now: the open unit's, if there is one."""
        return (unit.ends if (unit := self.open_unit) else Ends(self.codec, reader)).of(chain)

    @property
    def in_unit(self) -> bool:
        """Tell whether a transaction is open here."""
        return self._unit.get() is not None

    def _steps(self, unit: Unit) -> list[Callable[[], object]]:
        """Give what is to be done once a unit is committed."""
        steps = list(unit.after.values())
        ledger = self.ledger
        if ledger is not None and unit.cleared:
            steps.insert(0, lambda: ledger.note(self, unit.cleared))
        return steps

    # ---- observers

    def _settle(self, unit: Unit) -> None:
        steps = self._steps(unit)
        if self._delivery.wants(unit.events):
            steps.insert(0, lambda: self._delivery.deliver(unit.events))
        # A scrub that a reader stood in the way of: try again now and then, beside other work.
        if self.retry is not None and not unit.after and time.monotonic() >= self._retry_from:
            self._retry_from = time.monotonic() + RETRY_SECONDS
            steps.append(self.retry)
        for step in steps:
            try:
                step()
            except StoreError as error:
                # What the caller asked for is committed; what follows it is taken up again.
                import logging

                logging.getLogger("profilecore.engine").warning("After a commit: %s", error)

    def deliver(self) -> None:
        """Offer the observers what failed before, and what a host has committed since."""
        if not self.in_unit:
            self._delivery.deliver()

    # ---- profiles

    def load(self, reader: Reader, id: str) -> Profile:
        """Give the stored profile of exactly this id.

        :raises NotFound: if there is none, or it is private to another property.
        """
        document = reader.get(PROFILE, id)
        if document is None:
            raise NotFound("profile", id)
        profile = self.codec.load(Profile, document.body)
        if not may_see_profile(profile, self.actor):
            raise NotFound("profile", id)
        return profile

    def root(self, reader: Reader, id: str) -> Profile:
        """Give the profile that an id stands for now: itself, or its survivor's survivor.

        :raises NotFound: as :meth:`load`.
        """
        return self.line(reader, id)[-1]

    def line(self, reader: Reader, id: str) -> list[Profile]:
        """Give the profiles from an id to the root that it stands for now.

        :raises NotFound: as :meth:`load`, always of the id that was asked for.
        """
        found = [self.load(reader, id)]
        try:
            while (parent := found[-1].merged_into) is not None:
                found.append(self.load(reader, parent))
        except NotFound:
            raise NotFound("profile", id) from None
        return found

    def living(self, reader: Reader, id: str, if_version: int | None = None) -> Profile:
        """Give the root of an id for a change.

        :raises ProfileCleared: if the person was cleared.
        :raises VersionConflict: if the root is not at ``if_version``.
        """
        profile = self.root(reader, id)
        if profile.state.is_cleared:
            raise ProfileCleared(profile.id)
        if if_version is not None and profile.version != if_version:
            raise VersionConflict(profile.id, if_version, profile.version)
        return profile

    def stored(
        self, reader: Reader, kind: str, id: str, cls: type[T], *, whatever_state: bool = False
    ) -> tuple[Document, T]:
        """Give a document of a kind and its value.

        :raises NotFound: if there is none, or it belongs to another property, or to a profile
            that is private to one, or is restricted and not for the actor's purpose.
        """
        document = reader.get(kind, id)
        if document is None or not may_see(document.property_id, self.actor):
            raise NotFound(kind, id)
        root = self.owner_of(reader, document)
        value: T | None = self.codec.load(cls, document.body)
        if not whatever_state:
            value = released(value, document, root, self.kinds.get(kind), self.actor)
        if value is None or not may_see_profile(root, self.actor):
            raise NotFound(kind, id)
        return document, value

    def owner_of(self, reader: Reader, document: Document) -> Profile:
        """Give the root of whoever owns a document, whatever the actor may see of that."""
        with self.acting(CHAIN):
            return self.root(reader, document.owner)

    def owned(self, reader: Reader, profile: Profile, kind: str, cls: type[T]) -> list[T]:
        """Give the values of a kind that a person owns and the actor may see."""
        found = []
        for document in reader.owned(profile.family, kind):
            if may_see(document.property_id, self.actor):
                loaded = self.codec.load(cls, document.body)
                value = released(loaded, document, profile, self.kinds.get(kind), self.actor)
                if value is not None:
                    found.append(value)
        return found

    def pages(self, kind: str, size: int) -> Iterator[list[Document]]:
        """Yield all documents of a kind, page by page, each of a read of its own.

        It ends early where the last document of a page is deleted before the next is read.
        """
        after: str | None = None
        while True:
            with self.reading() as reader:
                page = reader.listing(kind, after, size)
            if not page:
                return
            yield page
            after = page[-1].id

    def note_reading(self, root: Profile) -> None:
        """Leave a trace in the feed where somebody read what is kept for a purpose.

        Call it outside of the read.
        """
        purpose = self.actor.purpose
        if root.state is State.RESTRICTED and purpose in {held.rule for held in root.held}:
            with self.writing() as unit:
                unit.emit(RESTRICTED_READ, root.id, subject=purpose)

    def close(self) -> None:
        """Close the store."""
        self.store.close()


class _Borrowed(AbstractContextManager[Reader]):
    """The open unit's writer, for a read that must not end its transaction."""

    __slots__ = ("_writer",)

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def __enter__(self) -> Reader:
        return self._writer

    def __exit__(self, *_: object) -> None:
        pass
