"""A body sealed: the number of its key, and what AES-256-GCM makes of it (NIST SP 800-38D).

What is sealed is bound to its document: moved to another id, owner, version or kind, it does not
open.  The terms of the document lie inside too, so that its words can be told from its marks.
"""

from __future__ import annotations

import os
import struct

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from profilecore.errors import StoreCorrupt
from profilecore.model.documents import Document

_HEAD = struct.Struct("<BQ")
_INSIDE = struct.Struct("<I")
_FORMAT = 1
_NONCE = 12

_pack = msgspec.msgpack.Encoder().encode


def seal(number: int, key: bytes, document: Document, terms: bytes) -> bytes:
    """Give the sealed body of a document and of its packed terms."""
    inside = _INSIDE.pack(len(terms)) + terms + document.body
    return _sealed(number, key, inside, _bound_to(document))


def unseal(key: bytes, document: Document) -> tuple[bytes, bytes]:
    """Give the body and the packed terms of a sealed document.

    :raises StoreCorrupt: if it was changed, or belongs to another document.
    """
    inside = _opened(key, document.body, _bound_to(document), document.id)
    (length,) = _INSIDE.unpack_from(inside)
    start = _INSIDE.size + length
    return inside[start:], inside[_INSIDE.size : start]


def seal_blob(number: int, key: bytes, id: str, content: bytes) -> bytes:
    """Give the sealed bytes of a blob."""
    return _sealed(number, key, content, _of_blob(id))


def unseal_blob(key: bytes, id: str, content: bytes) -> bytes:
    """Give the bytes of a sealed blob.

    :raises StoreCorrupt: if they were changed, or belong to another.
    """
    return _opened(key, content, _of_blob(id), id)


def number_of(sealed: bytes, id: str) -> int:
    """Give the number of the key that opens something sealed.

    :raises StoreCorrupt: if it is not sealed.
    """
    if len(sealed) < _HEAD.size + _NONCE or sealed[0] != _FORMAT:
        raise StoreCorrupt(f"{id} is not sealed; copy the store into a sealed one.")
    number: int = _HEAD.unpack_from(sealed)[1]
    return number


def _sealed(number: int, key: bytes, inside: bytes, bound: bytes) -> bytes:
    nonce = os.urandom(_NONCE)
    return _HEAD.pack(_FORMAT, number) + nonce + AESGCM(key).encrypt(nonce, inside, bound)


def _opened(key: bytes, sealed: bytes, bound: bytes, id: str) -> bytes:
    start = _HEAD.size + _NONCE
    try:
        return AESGCM(key).decrypt(sealed[_HEAD.size : start], sealed[start:], bound)
    except InvalidTag:
        raise StoreCorrupt(
            f"What is stored as {id} was changed or moved; restore the store from a backup."
        ) from None


def _bound_to(document: Document) -> bytes:
    d = document
    return _pack((d.kind, d.id, d.owner, d.version, d.property_id))


def _of_blob(id: str) -> bytes:
    return _pack(("", id))


def with_body(document: Document, body: bytes) -> Document:
    """Give a document with another body."""
    d = document
    return Document(d.kind, d.id, d.owner, d.version, body, d.property_id)
