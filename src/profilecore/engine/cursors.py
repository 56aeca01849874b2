"""Cursors: where the next page begins, sealed so that they show nothing and fit one query."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from typing import Any

import attrs
import msgspec

from profilecore.errors import InvalidProfile, Problem
from profilecore.values import frozen


@frozen
class Cursors:
    """Makes and opens the cursors of one query.

    A position holds a folded name, and cursors end in addresses and logs: so it is masked.  A
    cursor of another query would point anywhere: so it is bound to its own.
    """

    salt: bytes = attrs.field(repr=False)
    query: bytes = attrs.field(repr=False)

    def seal(self, position: Any) -> str:
        plain = msgspec.json.encode(position)
        nonce = os.urandom(8)
        sealed = nonce + self._tag(nonce, plain) + self._mask(nonce, plain)
        return base64.urlsafe_b64encode(sealed).decode().rstrip("=")

    def fits(self, cursor: str) -> bool:
        """Tell whether a cursor is of this query."""
        try:
            self.open(cursor)
        except InvalidProfile:
            return False
        return True

    def open(self, cursor: str) -> list[Any]:
        try:
            sealed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            nonce, tag, masked = sealed[:8], sealed[8:16], sealed[16:]
            plain = self._mask(nonce, masked)
            if not hmac.compare_digest(tag, self._tag(nonce, plain)):
                raise ValueError
            position: list[Any] = msgspec.json.decode(plain)
        except ValueError:
            problem = Problem("/cursor", "invalid-value", "must be a cursor this search gave")
            raise InvalidProfile([problem]) from None
        return position

    def _tag(self, nonce: bytes, plain: bytes) -> bytes:
        content = nonce + plain + self.query
        return hashlib.blake2b(content, digest_size=8, key=self.salt).digest()

    def _mask(self, nonce: bytes, content: bytes) -> bytes:
        stream = b"".join(
            hashlib.blake2b(nonce + part.to_bytes(4, "big"), key=self.salt).digest()
            for part in range(len(content) // 64 + 1)
        )
        return bytes(a ^ b for a, b in zip(content, stream, strict=False))
