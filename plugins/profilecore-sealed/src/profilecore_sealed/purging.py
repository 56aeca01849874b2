"""What is left of profiles that cannot be read: nobody can ask for it, and no clear reaches it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import msgspec

from profilecore.store.port import Reader
from profilecore_sealed.inventory import AT_ONCE, Place
from profilecore_sealed.reading import SealedReader
from profilecore_sealed.writing import OWNERS

FILES = "file"
"""The kind of the documents whose bytes are the blob of the same id."""


class _Family(msgspec.Struct):
    """What the body of a profile says of its merges."""

    merged_into: str | None = None
    absorbed: tuple[str, ...] = ()


_family = msgspec.json.Decoder(_Family).decode


def left_behind(inner: Reader, reader: SealedReader, unreadable: Collection[Place]) -> list[Place]:
    """Give what could be read but belongs to what cannot; ``reader`` opens what ``inner`` gives.

    That is what profiles have that cannot be read or were merged into such a one, these among
    them, and the bytes of files whose document is ``unreadable`` or goes along.
    """
    gone = sorted(_gone(reader, {id for kind, id in unreadable if kind == OWNERS}))
    owned = dict.fromkeys((OWNERS, id) for id in gone)
    for start in range(0, len(gone), AT_ONCE):
        some = inner.owned(gone[start : start + AT_ONCE])
        owned.update(dict.fromkeys((document.kind, document.id) for document in some))
    known = set(unreadable)
    left = [place for place in owned if place not in known]
    blobs = [("", id) for kind, id in (*unreadable, *left) if kind == FILES]
    return left + [place for place in blobs if place not in known and inner.blob(place[1])]


def _gone(reader: SealedReader, unreadable: set[str]) -> set[str]:
    """Give the ids of profiles that lead to one of some that cannot be read, and these."""
    if not unreadable:
        return set()
    merged: dict[str, list[str]] = {}
    absorbed: dict[str, tuple[str, ...]] = {}
    for id, family in _families(reader):
        if family.merged_into is not None:
            merged.setdefault(family.merged_into, []).append(id)
        if family.absorbed:
            absorbed[id] = family.absorbed
    gone: set[str] = set()
    found = list(unreadable)
    while found:
        id = found.pop()
        if id not in gone:
            gone.add(id)
            found += merged.get(id, ())
    # A survivor that can be read owns what its family does, and answers for it.
    return gone.difference(*(ids for id, ids in absorbed.items() if id not in gone))


def _families(reader: SealedReader) -> Iterator[tuple[str, _Family]]:
    after: str | None = None
    while page := reader.listing(OWNERS, after, AT_ONCE):
        for document in page:
            try:
                yield document.id, _family(document.body)
            except msgspec.MsgspecError:
                continue  # a body of the host's own
        after = page[-1].id
