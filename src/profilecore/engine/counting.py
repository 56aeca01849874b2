"""How many profiles have some keys, and who they are: what the index alone answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from profilecore.engine.cursors import Cursors
from profilecore.engine.extracting import Key
from profilecore.engine.kernel import Kernel
from profilecore.engine.searching import Page
from profilecore.engine.unit import PROFILE
from profilecore.errors import InvalidProfile, Problem
from profilecore.model.enums import State
from profilecore.store.port import Query, Reader

MAX_HOLDERS = 10_000


def tally(kernel: Kernel, keys: Iterable[Key]) -> int:
    wanted = list(dict.fromkeys(kernel.terms.key(sort, value) for sort, value in keys))
    with kernel.reading() as reader:
        if not wanted:
            return _living(kernel, reader)
        return reader.tally(wanted)


def _living(kernel: Kernel, reader: Reader) -> int:
    """Whoever is merged away, restricted or cleared has the key of that state."""
    others = (kernel.terms.key("state", s.value) for s in State if s is not State.ACTIVE)
    return reader.count(PROFILE) - sum(reader.tally([key]) for key in others)


def holders(kernel: Kernel, keys: Sequence[Key], cursor: str | None, limit: int) -> Page[str]:
    problems = []
    if not keys:
        problems.append(Problem("/keys", "missing", "must name at least one key"))
    if not 1 <= limit <= MAX_HOLDERS:
        problems.append(Problem("/limit", "out-of-range", f"must be 1 to {MAX_HOLDERS}"))
    if problems:
        raise InvalidProfile(problems)
    wanted = tuple(kernel.terms.key(sort, value) for sort, value in keys)
    cursors = Cursors(kernel.store.salt, repr(wanted).encode())
    after = None if cursor is None else tuple(cursors.open(cursor))
    with kernel.reading() as reader:
        hits = reader.search(Query(keys=wanted), after, limit + 1)
    ids = tuple(hit.id for hit in hits[:limit])
    return Page(ids, cursors.seal(hits[limit - 1].position) if len(hits) > limit else None)
