"""Where the chains end: one document for each, so that a dropped newest entry is noticed."""

from __future__ import annotations

from collections.abc import Mapping

from profilecore.codec import Codec
from profilecore.model.documents import Chain, Document
from profilecore.store.port import Reader, Writer

CHAIN = "chain"
# The ids of the documents; no profile owns them.
EVENTS = "events"
RECEIPTS = "receipts"


class Ends:
    """The ends of the chains inside one transaction: each read at most once and written once.

    To read them here is safe because writers follow one another.  Where a store lets two work at
    once, the version of the document refuses the second, and a chain never forks.
    """

    def __init__(self, codec: Codec, reader: Reader) -> None:
        self._codec = codec
        self._reader = reader
        self._stored: dict[str, tuple[int, Chain]] = {}
        self._moved: dict[str, Chain] = {}

    def of(self, id: str) -> Chain:
        """Give the end of a chain as the transaction has it now; before its first, no entries."""
        moved = self._moved.get(id)
        if moved is not None:
            return moved
        if id not in self._stored:
            found = self._reader.get(CHAIN, id)
            self._stored[id] = (
                (found.version, self._codec.load(Chain, found.body)) if found else (0, Chain())
            )
        return self._stored[id][1]

    def move(self, id: str, end: Chain) -> None:
        """Note the new end of a chain that :meth:`of` gave before."""
        self._moved[id] = end

    def mark(self) -> Mapping[str, Chain]:
        """Give what :meth:`rewind` needs to come back to this state."""
        return dict(self._moved)

    def rewind(self, mark: Mapping[str, Chain]) -> None:
        """Come back to a marked state: a part of the transaction was undone."""
        self._moved = dict(mark)

    def write(self, writer: Writer) -> None:
        """Store what was moved, right before the transaction ends."""
        for id, end in self._moved.items():
            version, stored = self._stored[id]
            if end != stored:
                body = self._codec.dump(end)
                writer.put(Document(CHAIN, id, id, version + 1, body), expect=version)
