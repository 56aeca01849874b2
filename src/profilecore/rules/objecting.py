"""By what a person who objected is recognised again: keyed hashes of identifiers, no values.

The key is the chain's secret, kept apart from the store: who has the store alone cannot try out
addresses and numbers against the hashes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from profilecore.model.profile import Profile
from profilecore.normalise.text import compact
from profilecore.rules.terms import TermMaker


def maker(secret: str) -> TermMaker:
    """Give what hashes identifiers under a secret."""
    return TermMaker(
        hashlib.blake2b(secret.encode(), digest_size=16, person=b"objections").digest()
    )


def keys_of(people: Iterable[Profile], by: TermMaker) -> tuple[int, ...]:
    """Give the keys of all identifiers of some profiles, sorted."""
    found = {by.key(sort, value) for profile in people for sort, value in _identifiers(profile)}
    return tuple(sorted(found))


def _identifiers(profile: Profile) -> Iterator[tuple[str, str]]:
    """Yield what is one person's own; a booking site's alias is not."""
    for email in profile.emails:
        if not email.relay:
            yield "email", email.value
    for phone in profile.phones:
        yield "phone", phone.value
    for document in profile.documents:
        if document.number:
            yield "document", f"{document.type.value}:{document.country}:{compact(document.number)}"
    for tax_id in profile.tax_ids:
        yield "tax", f"{tax_id.country}:{compact(tax_id.value)}"
