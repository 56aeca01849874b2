"""Move all that one store holds to another: documents, what finds them, events, blobs.

A copy is verified by reading both stores again.  It goes on where it was interrupted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

import attrs
import msgspec

from profilecore.errors import StoreError
from profilecore.model.documents import Document
from profilecore.model.events import UNREADABLE
from profilecore.store.port import Kept, Reader, Store, Writer
from profilecore.values import frozen

KIND = "copy"
PAGE = 2_000
EVENTS = 10_000
DOCUMENTS, FEED, BLOBS = "documents", "events", "blobs"

Watch = Callable[[str, int], object]


@frozen
class Copied:
    """What a copy holds: documents by kind, events, blobs, and one digest of all of it.

    ``left_out`` is how many blobs of the source cannot be read; the copy is without them.
    """

    documents: dict[str, int]
    events: int
    blobs: int
    digest: str
    left_out: int = attrs.field(default=0, eq=False)


class _Progress(msgspec.Struct):
    """How far a copy has come, kept in the copy: the last of each part, and of which state."""

    events_before: int
    place: int = 0
    events: int = 0
    blob: str = ""
    blobs: int = 0


def copy(source: Store, target: Store, watch: Watch = lambda what, done: None) -> Copied:
    """Copy everything from one store to another that is empty, and compare the two.

    Ids, versions, the order of documents and the numbers of events stay as they are; the copy has
    the salt of the source, so that hashes mean the same.  Each page is a transaction of its own:
    called again after an interrupt, with the same stores, it goes on behind the last page.  Do not
    open an engine on the copy before this has returned.  A blob that cannot be read, because its
    key was destroyed, is left out.  ``watch`` is told what is copied or compared, and how many so
    far.

    :raises StoreError: if the target holds anything else, if the source is an unfinished copy or
        was written to meanwhile, if an event of the source cannot be read, or if the two differ in
        the end.
    """
    with source.read() as reader:
        number, progress = _begin(source, reader, target)
        for page in _pages(reader, progress.place):
            progress.place = page[-1].place
            with target.write() as writer:
                writer.insert((kept.document, kept.terms) for kept in page)
                number = _note(writer, progress, number)
            watch(DOCUMENTS, progress.place)
        while events := reader.events(progress.events, EVENTS):
            if any(event.type == UNREADABLE for event in events):
                raise StoreError("An event cannot be read; see `profilecore verify`.")
            progress.events = events[-1].seq
            with target.write() as writer:
                stored = writer.append(events)
                number = _note(writer, progress, number)
                if [event.seq for event in stored] != [event.seq for event in events]:
                    raise StoreError("Events would get other numbers; copy into a new store.")
            watch(FEED, progress.events)
        while ids := reader.blob_ids(progress.blob, 1):
            progress.blob = ids[0]
            content = reader.blob(ids[0])
            if content is None:
                continue
            progress.blobs += 1
            with target.write() as writer:
                writer.put_blob(ids[0], content)
                number = _note(writer, progress, number)
            watch(BLOBS, progress.blobs)
        wanted = _summed(reader, lambda done: watch("source compared", done))
    with target.read() as reader:
        found = _summed(reader, lambda done: watch("copy compared", done))
    if found != wanted:
        raise StoreError("The copy differs from the source; copy again, into a new store.")
    with target.write() as writer:
        writer.delete(KIND, KIND)
    return wanted


def _begin(source: Store, reader: Reader, target: Store) -> tuple[int, _Progress]:
    """Give how far a copy has come, and the version of what says so."""
    if reader.get(KIND, KIND) is not None:
        raise StoreError("The source is an unfinished copy; finish it first, from its own source.")
    before = _newest(reader)
    with target.read() as copy:
        known = copy.get(KIND, KIND)
    if known is None:
        target.adopt(source.salt)
        return 0, _Progress(before)
    if target.salt != source.salt:
        raise StoreError("The target is a copy of another store; copy into a new one.")
    progress = msgspec.json.decode(known.body, type=_Progress)
    if progress.events_before != before:
        raise StoreError("The source was written to since; copy again, into a new store.")
    return known.version, progress


def _newest(reader: Reader) -> int:
    """Give the number of the newest event: the first that has none behind it."""
    low, step = 0, 1
    while reader.events(low + step - 1, 1):
        low, step = low + step, step * 2
    while step > 1:
        step //= 2
        if reader.events(low + step - 1, 1):
            low += step
    return low


def _note(writer: Writer, progress: _Progress, version: int) -> int:
    body = msgspec.json.encode(progress)
    writer.put(Document(KIND, KIND, KIND, version + 1, body), expect=version)
    return version + 1


def _pages(reader: Reader, after: int) -> Iterator[list[Kept]]:
    while page := reader.everything(after, PAGE):
        yield page
        after = page[-1].place


def _summed(reader: Reader, watch: Callable[[int], object]) -> Copied:
    """Read everything but the note of a copy, and sum it up."""
    digest = hashlib.blake2b(digest_size=32)
    documents: dict[str, int] = {}
    encode = msgspec.msgpack.Encoder(order="deterministic").encode
    done = 0
    for page in _pages(reader, 0):
        for _, document, terms in page:
            if document.kind == KIND:
                continue
            documents[document.kind] = documents.get(document.kind, 0) + 1
            found_by = sorted(set(terms.keys)), sorted(terms.rows())
            digest.update(encode((*_plain(document), *found_by)))
        done += len(page)
        watch(done)
    events = 0
    while page_of := reader.events(events, EVENTS):
        for event in page_of:
            digest.update(encode(vars(event)))
        events = page_of[-1].seq
    blobs, left_out, last = 0, 0, ""
    while ids := reader.blob_ids(last):
        for id in ids:
            content = reader.blob(id)
            if content is None:
                left_out += 1
                continue
            blobs += 1
            digest.update(encode((id, hashlib.blake2b(content).digest())))
        last = ids[-1]
    return Copied(dict(sorted(documents.items())), events, blobs, digest.hexdigest(), left_out)


def _plain(document: Document) -> tuple[object, ...]:
    return (
        document.kind,
        document.id,
        document.owner,
        document.version,
        document.property_id,
        document.body,
    )
