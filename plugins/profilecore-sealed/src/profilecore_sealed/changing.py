"""A change of all keys: how far it has come, and its next part."""

from __future__ import annotations

from datetime import datetime

import msgspec

from profilecore.model.documents import Document
from profilecore.store.port import Reader, Writer
from profilecore_sealed.inventory import AT_ONCE, KIND
from profilecore_sealed.sealing import number_of
from profilecore_sealed.writing import SealedWriter

CHANGING = "changing"
"""The id of the document that says how far a change of all keys has come."""


class Change(msgspec.Struct, array_like=True):
    """A change of all keys that is not finished.

    Everything up to ``place``, then all blobs up to ``blob``, is under keys made since ``began``;
    those above ``retired`` are, too, if it is known.
    """

    place: int
    blob: str
    began: datetime
    retired: int | None


_pack = msgspec.msgpack.Encoder().encode
_change = msgspec.msgpack.Decoder(Change).decode


def change_in(reader: Reader) -> Change | None:
    """Give the change that is not finished, if there is one."""
    note = reader.get(KIND, CHANGING)
    return _change(note.body) if note else None


def begin_change(writer: Writer, began: datetime, retired: int | None) -> None:
    """Take note that all keys are to be changed, from the beginning."""
    _write_note(writer, Change(0, "", began, retired))


def change_some_keys(writer: SealedWriter) -> int | None:
    """Seal the next documents or the next blob anew, and tell how many; None at the end."""
    inner = writer.inner
    change = change_in(inner)
    if change is None:
        return None
    if page := inner.everything(change.place, AT_ONCE):
        ours = [
            kept.document
            for kept in page
            if kept.document.kind != KIND and _is_due(kept.document.body, kept.document.id, change)
        ]
        writer.renew(ours)
        change.place = page[-1].place
        number = len(ours)
    elif ids := inner.blob_ids(change.blob, 1):
        (change.blob,) = ids
        number = _renew_blob(writer, ids[0], change)
    else:
        inner.delete(KIND, CHANGING)
        return None
    _write_note(inner, change)
    return number


def _renew_blob(writer: SealedWriter, id: str, change: Change) -> int:
    if not _is_due(writer.inner.blob(id) or b"", id, change):
        return 0
    content = writer.blob(id)
    if content is not None:
        writer.delete_blob(id)
        writer.put_blob(id, content)
    return 1


def _is_due(sealed: bytes, id: str, change: Change) -> bool:
    return change.retired is None or number_of(sealed, id) <= change.retired


def _write_note(writer: Writer, change: Change) -> None:
    note = writer.get(KIND, CHANGING)
    version = note.version if note else 0
    writer.put(Document(KIND, CHANGING, CHANGING, version + 1, _pack(change)), expect=version)
