"""What a scan has learned about a base, kept in the store: the model and the frequencies.

Both are the chain's own documents.  A small one says which are in force, so that who asks for
matches sees within one look-up that a scan has been there since.
"""

from __future__ import annotations

from math import inf
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
    """Which knowledge is in force, and up to which event of the feed the base was scanned.

    All pairs of at least ``threshold`` bits are in the queue; those that may be were merged if
    they weigh more than ``merged_above`` (``None``: none).
    """

    learned: str
    after: str = "0"
    threshold: float = 0.0
    merged_above: float | None = None

    def covers(self, threshold: float, merged_above: float | None) -> bool:
        """Tell whether a run with these has only to look at what changed."""
        if merged_above is not None and merged_above < (
            inf if self.merged_above is None else self.merged_above
        ):
            return False
        return threshold >= self.threshold

    def with_part(self, later: Current) -> Current:
        """Give what holds after a later run that compared only what had changed."""
        merged = None
        if self.merged_above is not None and later.merged_above is not None:
            merged = max(self.merged_above, later.merged_above)
        return Current(
            later.learned,
            max(self.after, later.after, key=int),
            max(self.threshold, later.threshold),
            merged,
        )


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
        with self._lock:
            while (current := self.current(engine)) is not None:
                if self._known is None or self._known[0] != current.learned:
                    try:
                        self._known = current.learned, _read(engine, current.learned)
                    except NotFound:
                        if self.current(engine) == current:
                            return None
                        continue  # a scan has put other knowledge in force in between
                return self._known[1]
        return None


def _read(engine: Engine, id: str) -> Knowledge | None:
    from profilecore_duplicates.frequencies import read_frequencies
    from profilecore_duplicates.model import read_model

    learned: Learned = engine.document(LEARNED, id).value
    try:
        return Knowledge(read_model(learned.model), read_frequencies(learned.frequencies))
    except InputRefused:
        return None


def keep(engine: Engine, knowledge: Knowledge, current: Current) -> None:
    """Put knowledge in force, in the place of what there was; ``current`` says what was scanned."""
    with engine.transaction():
        _put(engine, knowledge, current, Library().current(engine))


def scanned(
    engine: Engine, before: Current, made: Current, changed: Knowledge | None = None
) -> None:
    """Note what a scan has done with what was in force ``before``, ``changed`` by it or not.

    If another scan was faster, only what both have done is noted, and nothing if that has put
    other knowledge in force.
    """
    with engine.transaction():
        now = Library().current(engine)
        if now is None or now.learned != before.learned:
            return
        made = made if now == before else now.with_part(made)
        if changed is not None:
            _put(engine, changed, made, now)
        else:
            engine.store_document(CURRENT, attrs.evolve(made, learned=now.learned), id=HEAD)


def _put(engine: Engine, knowledge: Knowledge, current: Current, before: Current | None) -> None:
    learned = Learned(knowledge.model.as_json(), knowledge.frequencies.as_json())
    made = engine.store_document(LEARNED, learned)
    engine.store_document(CURRENT, attrs.evolve(current, learned=made.id), id=HEAD)
    if before is not None:
        engine.delete_document(LEARNED, before.learned)
