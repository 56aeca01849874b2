"""The fingerprint of a plan: it tells when something that the plan rests on has changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from profilecore.model.documents import Document
from profilecore.model.profile import Profile


def fingerprint(people: Iterable[Profile], documents: Iterable[Document], *more: Any) -> str:
    """Digest what a plan rests on: which versions of which profiles and documents."""
    seen = sorted((p.id, p.version) for p in people)
    owned = sorted((d.kind, d.id, d.version) for d in documents)
    return hashlib.blake2b(repr((seen, owned, more)).encode(), digest_size=16).hexdigest()
