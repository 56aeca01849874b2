"""What a scan has learned about a base, kept in the store: the model and the frequencies.

Both are the chain's own documents.  A small one says which are in force, so that who asks for
matches sees within one look-up that a scan has been there since.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

import attrs

from profilecore import NotFound
from profilecore.model import DocumentKind, OnClear
from profilecore.values import frozen
from profilecore_duplicates.faults import InputRefused

if TYPE_CHECKING:
    from profilecore import Engine
    from profilecore_duplicates.frequencies import Frequencies
    from profilecore_duplicates.model import Model

CURRENT, LEARNED = "matching.current", "matching.learned"
HEAD = "current"


@attrs.frozen
class Current:
    """Which knowledge is in force, and up to which event of the feed the base was scanned."""

    learned: str
    after: str = "0"


@attrs.frozen
class Learned:
    """A model and the frequencies it goes with, as their own JSON."""

    model: str = attrs.field(repr=False)
    frequencies: str = attrs.field(repr=False)


KINDS = (
    DocumentKind(CURRENT, Current, OnClear.KEEP, personal=False),
    DocumentKind(LEARNED, Learned, OnClear.KEEP, personal=False),
)


@frozen
class Knowledge:
    """A model and the frequencies of the base that it was fitted to."""

    model: Model
    frequencies: Frequencies


class Library:
    """Reads the knowledge of one engine's store, each version of it once.  Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: tuple[str, Knowledge | None] | None = None

    def current(self, engine: Engine) -> Current | None:
        """Give what is in force, or ``None`` before the first scan."""
        try:
            found: Current = engine.document(CURRENT, HEAD).value
        except NotFound:
            return None
        return found

    def knowledge(self, engine: Engine) -> Knowledge | None:
        """Give the knowledge in force.

        There is none before the first scan, nor after an upgrade to another format until the next.
        """
        current = self.current(engine)
        if current is None:
            return None
        with self._lock:
            if self._known is None or self._known[0] != current.learned:
                self._known = current.learned, _read(engine, current.learned)
            return self._known[1]


def _read(engine: Engine, id: str) -> Knowledge | None:
    from profilecore_duplicates.frequencies import read_frequencies
    from profilecore_duplicates.model import read_model

    learned: Learned = engine.document(LEARNED, id).value
    try:
        return Knowledge(read_model(learned.model), read_frequencies(learned.frequencies))
    except InputRefused:
        return None


def keep(engine: Engine, knowledge: Knowledge, after: str) -> None:
    """Put knowledge in force, in the place of what there was."""
    with engine.transaction():
        before = Library().current(engine)
        learned = Learned(knowledge.model.as_json(), knowledge.frequencies.as_json())
        made = engine.store_document(LEARNED, learned)
        engine.store_document(CURRENT, Current(made.id, after), id=HEAD)
        if before is not None:
            engine.delete_document(LEARNED, before.learned)


def scanned(engine: Engine, current: Current, after: str) -> None:
    """Note how far a scan has come that used what was in force."""
    engine.store_document(CURRENT, attrs.evolve(current, after=after), id=HEAD)
