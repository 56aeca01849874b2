"""Tags over all profiles: counted, renamed, merged; and who had which before.

Each profile changes as by a clerk: through the engine's rules, with its provenance and its
event.  Whoever has the new tag is found no more, so an interrupted run goes on by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import attrs

from profilecore import (
    Entry,
    InvalidProfile,
    NotFound,
    Problem,
    ProfileCleared,
    ScopeDenied,
)
from profilecore.model import DocumentKind, OnClear, Profile
from profilecore.model.fields import rule_of
from profilecore.normalise.text import clean, label
from profilecore.values import frozen
from profilecore_segments import saved
from profilecore_segments.faults import ExpressionError
from profilecore_segments.members import Watch, silent
from profilecore_segments.nodes import Is, Text, leaves
from profilecore_segments.parsing import parse
from profilecore_segments.suppressing import check_least

if TYPE_CHECKING:
    from profilecore import Engine

RETAGGED = "segment_retagged"
AT_ONCE = 200
"""Profiles changed in one transaction: others who write wait for a tenth of a second at most."""


@frozen
class Retagged:
    """A tag of one person was replaced in a run over all; ``added`` is ``None`` if it was there."""

    run: str
    removed: tuple[str, ...] = attrs.field(repr=False)
    added: str | None = attrs.field(repr=False)
    at: datetime
    by: str | None = None


KIND = DocumentKind(RETAGGED, Retagged, OnClear.ERASE)


@frozen
class TagCount:
    """A tag in the spelling that most profiles have, and how many have it in any spelling."""

    tag: str = attrs.field(repr=False)
    profiles: int


@frozen
class Refused:
    """A profile that kept its tag, and the code of what refused the change."""

    profile_id: str
    code: str


@frozen
class Renamed:
    """What a run did: its id, by which :func:`retagged` names whom it changed, and how many.

    ``segments`` names the saved segments that ask for a tag which is gone: they are as they were,
    and to be defined anew.  So are the ``unread``, whose expressions are none any more.
    """

    run: str
    changed: int
    refused: tuple[Refused, ...] = ()
    segments: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


def count_tags(engine: Engine, watch: Watch = silent, min_group: int = 1) -> list[TagCount]:
    """Count the profiles that have each tag, the most frequent first.

    Spellings of the same tag are one tag, as they are to a search.  Tags that fewer than
    ``min_group`` have are left out.

    :raises InvalidProfile: for a ``min_group`` below 1.
    """
    check_least(min_group)
    spelled: dict[str, Counter[str]] = {}
    everybody, done = engine.tally(()), 0
    for page in engine.extract(["tags"]):
        for row in page:
            by_tag = {label(tag): tag for tag in row["tags"] or ()}
            for form, tag in by_tag.items():
                spelled.setdefault(form, Counter())[tag] += 1
        done += len(page)
        watch("Profiles read", done, everybody)
    counts = [TagCount(max(c, key=lambda t: (c[t], t)), c.total()) for c in spelled.values()]
    shown = [count for count in counts if count.profiles >= min_group]
    return sorted(shown, key=lambda c: (-c.profiles, c.tag))


def rename_tag(engine: Engine, old: str, new: str, watch: Watch = silent) -> Renamed:
    """Give every profile the tag ``new`` in the place of ``old``, as far as the actor sees them.

    :raises InvalidProfile: for a tag that is none, or where both are spelled the same.
    :raises NotFound: if nobody has ``old``.
    """
    return merge_tags(engine, [old], new, watch)


def merge_tags(engine: Engine, old: Sequence[str], into: str, watch: Watch = silent) -> Renamed:
    """Give every profile the tag ``into`` in the place of any of ``old``.

    Who had several has it once.  A profile whose change is refused keeps its tags, and the others
    go on.

    :raises InvalidProfile: for a tag that is none, or if nothing is to be replaced.
    :raises NotFound: if nobody has any of ``old``.
    """
    new = _tag(into, "into")
    gone = dict.fromkeys(_tag(tag, f"tags/{n}") for n, tag in enumerate(old))
    if not gone.keys() - {new}:
        raise InvalidProfile(
            [Problem("/tags", "missing", "must name a tag other than the new one")]
        )
    run = _Run(engine, frozenset(map(label, gone)), new, watch)
    for tag in sorted(run.gone):
        run.replace(tag)
    if not run.is_found:
        raise NotFound("tag", "of that name")
    asking, unread = _asking(engine, run.gone - {label(new)})
    return Renamed(run.id, run.changed, tuple(run.refused), tuple(asking), tuple(unread))


def _asking(engine: Engine, lost: frozenset[str]) -> tuple[list[str], list[str]]:
    """Name the saved segments that ask for a tag which is gone, and those that cannot be read."""
    asking: list[str] = []
    unread: list[str] = []
    for segment in saved.every(engine):
        try:
            node = parse(segment.expression)
        except ExpressionError:
            unread.append(segment.name)
            continue
        asked = {
            label(value.text)
            for leaf in leaves(node)
            if isinstance(leaf, Is) and leaf.name == "tag"
            for value in leaf.values
            if isinstance(value, Text)
        }
        if not asked.isdisjoint(lost):
            asking.append(segment.name)
    return asking, unread


def retagged(engine: Engine, run: str, limit: int = 1_000) -> list[tuple[str, Retagged]]:
    """Give whom a run changed, by id, and how: what it takes to undo it."""
    found = engine.documents(RETAGGED, key=("run", run), limit=limit)
    return [(str(stored.profile_id), stored.value) for stored in found]


def _tag(given: str, path: str) -> str:
    try:
        tag = clean(given, rule_of(Profile, "tags").limit)
    except ValueError as error:
        raise InvalidProfile([Problem(f"/{path}", "invalid-value", str(error))]) from None
    if not tag:
        raise InvalidProfile([Problem(f"/{path}", "missing", "must not be empty")])
    return tag


class _Run:
    """One run over the profiles that have some tags."""

    def __init__(self, engine: Engine, gone: frozenset[str], new: str, watch: Watch) -> None:
        from profilecore.ids import new_id

        self._engine = engine
        self._watch = watch
        self._new = new
        self.gone = gone
        self.id = new_id()
        self.changed = 0
        self.refused: list[Refused] = []
        self._kept: set[str] = set()
        self._total = sum(engine.tally([("tag", tag)]) for tag in gone)
        self.is_found = False

    def replace(self, tag: str) -> None:
        """Replace one tag, a transaction for each batch; what keeps it is passed over."""
        cursor = None
        while True:
            page = self._engine.holders([("tag", tag)], limit=AT_ONCE, cursor=cursor)
            # Whoever is changed is no holder any more; where only the spelling of the tag is
            # another, or the change is refused, the cursor leads past them.
            self._batch([id for id in page.items if id not in self._kept])
            self._watch("Profiles", self.changed, self._total)
            if page.next is None:
                return
            cursor = page.next

    def _batch(self, ids: Iterable[str]) -> None:
        engine = self._engine
        with engine.transaction():
            entries = []
            rows = [
                r for page in engine.extract(["id", "tags"], profile_ids=list(ids)) for r in page
            ]
            for row in rows:
                held = [tag for tag in row["tags"] or () if label(tag) in self.gone]
                self.is_found = self.is_found or bool(held)
                removed = [tag for tag in held if tag != self._new]
                if removed:
                    is_new = self._new not in row["tags"]
                    entries += self._one(row["id"], removed, is_new=is_new)
            engine.store_documents(RETAGGED, entries)

    def _one(self, id: str, removed: list[str], *, is_new: bool) -> list[Entry]:
        patch = {"remove": removed} | ({"add": [self._new]} if is_new else {})
        try:
            self._engine.update(id, {"tags": patch})
        except (InvalidProfile, NotFound, ProfileCleared, ScopeDenied) as error:
            self.refused.append(Refused(id, error.code))
            self._kept.add(id)
            return []
        self.changed += 1
        engine, added = self._engine, self._new if is_new else None
        made = Retagged(self.id, tuple(removed), added, engine.now, engine.actor.id)
        return [Entry(made, id, keys=(("run", self.id),))]
