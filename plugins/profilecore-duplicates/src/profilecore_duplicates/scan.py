"""A run over a whole store: what is found goes to the queue, or is merged where that is safe.

Profiles are read once, brought to standard columns and compared like the rows of a file.  A run
after the first compares only what changed since, with the model and the frequencies of the first,
and so finds what a whole run with these would find.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import polars as pl

from profilecore import InvalidProfile, Problem, ScopeDenied
from profilecore.model.events import PROFILE_CLEARED
from profilecore.values import frozen
from profilecore_duplicates import review
from profilecore_duplicates.columns import Flags, Ints, Standard
from profilecore_duplicates.decisions import SAID, Decisions, make_decisions
from profilecore_duplicates.finding import Found, find
from profilecore_duplicates.frequencies import frequencies
from profilecore_duplicates.knowledge import Current, Knowledge, Library, keep, scanned
from profilecore_duplicates.records import FIELDS, RECORD, views
from profilecore_duplicates.review import Decision, Pair
from profilecore_duplicates.settling import Watch, settle, withdraw
from profilecore_duplicates.standardise import standard_columns
from profilecore_duplicates.table import Table, make_table
from profilecore_duplicates.untrained import untrained
from profilecore_duplicates.views import Views, views_of
from profilecore_duplicates.weighing import evidence_of

if TYPE_CHECKING:
    from profilecore import Engine

PAGE_OF_EVENTS = 10_000


@frozen
class Base:
    """The living profiles of a store as standard columns, one row a view.

    ``roots`` has them by all their ids: their own, and those that were merged into them.
    """

    ids: tuple[str, ...] = attrs.field(repr=False)
    roots: Mapping[str, str] = attrs.field(repr=False)
    standard: Standard = attrs.field(repr=False)
    sizes: tuple[int, ...] = attrs.field(repr=False)


@frozen
class ScanReport:
    """What a scan did, in numbers; ``found`` has the pairs, ``ids`` the profiles they are of.

    ``merged`` has the ids of the merges, ``refused`` how many were blocked by something else.
    ``touched_ids`` are the profiles that changed since the scan before, and those in a pair with
    one; ``None`` for a whole run.
    """

    found: Found
    ids: tuple[str, ...] = attrs.field(repr=False)
    proposed: int
    merged: tuple[str, ...]
    refused: int
    touched_ids: tuple[str, ...] | None = attrs.field(repr=False)

    def summary(self) -> dict[str, Any]:
        """Give the run in numbers; no value that a person gave is in it."""
        return self.found.summary() | {
            "queued": self.proposed,
            "merged": len(self.merged),
            "merges_refused": self.refused,
            "changed_profiles": None if self.touched_ids is None else len(self.touched_ids),
        }


def scan(
    engine: Engine,
    *,
    whole: bool = False,
    refit: bool = False,
    threshold: float = 0.0,
    auto_merge_above: float | None = None,
    ask: int = 0,
    watch: Watch = lambda what, done, of: None,
) -> ScanReport:
    """Look for profiles that are the same person, over the whole store.

    The first run, and one with ``refit``, fits a model to the base, lets it learn from the
    decisions where that is shown to be a gain, and keeps it; later runs use it, and compare only
    the pairs with a profile that has changed since the run before, unless ``whole``.  A run that
    asks for what the ones before did not, as a lower threshold or the first merges, is whole too.

    Pairs of at least ``threshold`` bits go to the queue, but for those decided already, and so do
    ``ask`` further pairs whose decisions would teach most.  With ``auto_merge_above``, pairs that
    were decided to be the same, or are marked ``match`` and weigh more, are merged, each by a
    plan of its own that can be undone.  A pair that was last said to be two people is not, nor
    one whose merge was undone: it waits.  Interrupted, it has stored whole pairs and merges
    only, and the next run goes on from there.

    :raises ScopeDenied: for an actor of one property: others' guests are compared too.
    :raises InvalidProfile: for a threshold that is no number of bits.
    """
    if engine.actor.property_id is not None:
        raise ScopeDenied("scan the whole chain for duplicates")
    _check(threshold=threshold, auto_merge_above=auto_merge_above)
    library = Library()
    current, before = library.current(engine), library.knowledge(engine)
    after = end_of_feed(engine)
    base = read_base(engine, watch)
    known = list(review.every(engine))
    now = review.as_of_now(known, base.roots)
    knowledge = None if refit else before
    changes = _changes(engine, current.after, watch) if current else Changes()
    if changes.cleared and knowledge is not None:
        left = knowledge.frequencies.still_in(base.standard)
        if left != knowledge.frequencies:
            knowledge = Knowledge(knowledge.model, left)
    if current is None or not current.covers(threshold, auto_merge_above):
        whole = True
    touched = None
    if knowledge is not None and not (whole or ask):
        touched = _touched(changes, base.ids, [*known, *now.values()])
    table = make_table(base.standard, frequencies=knowledge.frequencies if knowledge else None)
    number = {id: at for at, id in enumerate(base.ids)}
    members = views_of(base.sizes, touched, _linked(number, now.values()))
    found = find(
        table,
        model=knowledge.model if knowledge else None,
        threshold=threshold,
        watch=lambda step: watch(step, 0, None),
        decisions=_standing(number, now.values(), table, members, before),
        ask=ask,
        teach=knowledge is None,
        views=members,
    )
    settled = settle(engine, base.ids, found, now, auto_merge_above, watch)
    looked_at = base.ids if touched is None else tuple(np.array(base.ids)[touched].tolist())
    withdraw(engine, base.ids, found, known, looked_at)
    made = Current("", after, threshold, auto_merge_above)
    if knowledge is None and found.model is not None:
        keep(engine, Knowledge(found.model, frequencies(table)), made)
    elif current is not None:
        made = made if touched is None else current.with_part(made)
        scanned(engine, current, made, None if knowledge is before else knowledge)
    return ScanReport(
        found,
        base.ids,
        settled.queued,
        settled.merged,
        settled.refused,
        None if touched is None else looked_at,
    )


def _check(**bits: float | None) -> None:
    problems = [
        Problem(f"/{name}", "out-of-range", "must be a number of bits")
        for name, value in bits.items()
        if value is not None and not isfinite(value)
    ]
    if problems:
        raise InvalidProfile(problems)


def _standing(
    number: Mapping[str, int],
    known: Iterable[Pair],
    table: Table,
    members: Views,
    before: Knowledge | None,
) -> Decisions:
    """Give the decisions that still rest on the evidence there is, by the profiles' numbers."""
    decided = [p for p in known if p.said]
    pairs = np.array([sorted((number[p.left], number[p.right])) for p in decided], dtype=np.int64)
    left, right = pairs.reshape(-1, 2).T
    said = np.array([SAID.index(p.said.value) for p in decided if p.said], dtype=np.int32)
    if not len(decided):
        return make_decisions(left, right, said)
    model = before.model if before else untrained()
    patterns = members.levels(table, model, left, right).packed()
    same = [
        evidence_of(int(at)) == p.history[-1].evidence
        for at, p in zip(patterns, decided, strict=True)
    ]
    still = np.array(same, dtype=bool)
    return make_decisions(left[still], right[still], said[still])


def read_base(engine: Engine, watch: Watch) -> Base:
    """Read the living profiles, in the order of insertion."""
    ids: list[str] = []
    roots: dict[str, str] = {}
    sizes: list[int] = []
    pages = []
    for page in engine.extract((*FIELDS, "absorbed")):
        records = [views(row) for row in page]
        ids += [row["id"] for row in page]
        roots.update((id, row["id"]) for row in page for id in row["absorbed"] or ())
        sizes += map(len, records)
        columns = {f: [view.get(f) for each in records for view in each] for f in RECORD}
        pages.append(pl.DataFrame(columns, dict.fromkeys(RECORD, pl.String)))
        watch("reading profiles", len(ids), None)
    empty = pl.DataFrame(schema=dict.fromkeys(RECORD, pl.String))
    watch("standardising", 0, None)
    standard = standard_columns(pl.concat([empty, *pages]), {f: f for f in RECORD})
    roots.update(zip(ids, ids, strict=True))
    return Base(tuple(ids), roots, standard, tuple(sizes))


def end_of_feed(engine: Engine) -> str:
    """Give the cursor behind the newest event, in a few look-ups."""
    low, high = 0, 1
    while engine.changes(high, limit=1).items:
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        if engine.changes(middle, limit=1).items:
            low = middle
        else:
            high = middle
    return str(high)


@frozen
class Changes:
    """Which profiles changed since a scan, and whether somebody was cleared."""

    ids: frozenset[str] = attrs.field(default=frozenset(), repr=False)
    cleared: bool = False


def _changes(engine: Engine, after: str, watch: Watch) -> Changes:
    changed: set[str] = set()
    cleared = False
    while (page := engine.changes(after, limit=PAGE_OF_EVENTS)).next != after:
        for event in page.items:
            if event.type.startswith(("profile", "merge")):
                changed.add(event.profile_id)
                changed.update(event.related)
                cleared = cleared or event.type == PROFILE_CLEARED
        after = str(page.next)
        watch("reading what changed", len(changed), None)
    return Changes(frozenset(changed), cleared)


def _touched(changes: Changes, ids: Sequence[str], known: Iterable[Pair]) -> Flags:
    """Tell which profiles changed, or stand in a pair with one that did, or that is to be one."""
    changed = changes.ids
    beside = {
        id
        for p in known
        if p.left in changed or p.right in changed or p.decision is Decision.SAME
        for id in (p.left, p.right)
    }
    return np.array([id in changed or id in beside for id in ids], dtype=bool)


def _linked(number: Mapping[str, int], known: Iterable[Pair]) -> tuple[Ints, Ints]:
    """Give the known pairs by their profiles' numbers."""
    pairs = [(number[p.left], number[p.right]) for p in known]
    left, right = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return left, right
