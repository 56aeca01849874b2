"""A run over a whole store: what is found goes to the queue, or is merged where that is safe.

Profiles are read once, brought to standard columns and compared like the rows of a file.  A run
after the first compares only what changed since, with the model and the frequencies of the first,
and so finds what a whole run with these would find.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import polars as pl

from profilecore import MergeBlocked, ScopeDenied, StalePlan
from profilecore.values import frozen
from profilecore_duplicates import review
from profilecore_duplicates.columns import Flags, Ints, Standard
from profilecore_duplicates.decisions import SAID, Decisions, make_decisions
from profilecore_duplicates.finding import Found, find
from profilecore_duplicates.frequencies import frequencies
from profilecore_duplicates.knowledge import Current, Knowledge, Library, keep, scanned
from profilecore_duplicates.records import FIELDS, RECORD, views
from profilecore_duplicates.review import Decision, Pair
from profilecore_duplicates.standardise import standard_columns
from profilecore_duplicates.table import Table, make_table
from profilecore_duplicates.untrained import untrained
from profilecore_duplicates.views import Views, views_of
from profilecore_duplicates.weighing import evidence_of

if TYPE_CHECKING:
    from profilecore import Engine

# What is happening, how much of it is done, and of how much (``None``: nobody knows).
Watch = Callable[[str, int, int | None], None]
# Pairs that are stored in one transaction: others may write in between.
AT_ONCE = 500
PAGE_OF_EVENTS = 10_000


@frozen
class Base:
    """The living profiles of a store as standard columns, one row a view."""

    ids: tuple[str, ...] = attrs.field(repr=False)
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
    the pairs with a profile that has changed since the run before, unless ``whole``.

    Pairs of at least ``threshold`` bits go to the queue, but for those decided already, and so do
    ``ask`` further pairs whose decisions would teach most.  With ``auto_merge_above``, pairs that
    were decided to be the same, or are marked ``match`` and weigh more, are merged, each by a
    plan of its own that can be undone.  Interrupted, it has stored whole pairs and merges only,
    and the next run goes on from there.

    :raises ScopeDenied: for an actor of one property: others' guests are compared too.
    """
    if engine.actor.property_id is not None:
        raise ScopeDenied("scan the whole chain for duplicates")
    library = Library()
    current, before = library.current(engine), library.knowledge(engine)
    after = end_of_feed(engine)
    base = read_base(engine, watch)
    known = list(review.every(engine))
    knowledge = None if refit else before
    touched = None
    if current is not None and knowledge is not None and not whole:
        touched = _touched(engine, current, base.ids, known, watch)
    table = make_table(base.standard, frequencies=knowledge.frequencies if knowledge else None)
    number = {id: at for at, id in enumerate(base.ids)}
    members = views_of(base.sizes, touched, _linked(number, known))
    found = find(
        table,
        model=knowledge.model if knowledge else None,
        threshold=threshold,
        watch=lambda step: watch(step, 0, None),
        decisions=_standing(number, known, table, members, before),
        ask=ask,
        teach=knowledge is None,
        views=members,
    )
    report = _settled(engine, base.ids, found, touched, auto_merge_above, watch)
    _withdraw(engine, report, known)
    if knowledge is None and found.model is not None:
        keep(engine, Knowledge(found.model, frequencies(table)), after)
    elif current is not None:
        scanned(engine, current, after)
    return report


def _standing(
    number: Mapping[str, int],
    known: Iterable[Pair],
    table: Table,
    members: Views,
    before: Knowledge | None,
) -> Decisions:
    """Give the decisions that still rest on the evidence there is, by the profiles' numbers."""
    decided = [p for p in known if p.decision and p.left in number and p.right in number]
    pairs = np.array([sorted((number[p.left], number[p.right])) for p in decided], dtype=np.int64)
    left, right = pairs.reshape(-1, 2).T
    said = np.array([SAID.index(p.decision.value) for p in decided if p.decision], dtype=np.int32)
    if not len(decided):
        return make_decisions(left, right, said)
    model = before.model if before else untrained()
    patterns = members.levels(table, model, left, right).packed()
    same = [evidence_of(int(at)) == p.evidence for at, p in zip(patterns, decided, strict=True)]
    still = np.array(same, dtype=bool)
    return make_decisions(left[still], right[still], said[still])


def read_base(engine: Engine, watch: Watch) -> Base:
    """Read the living profiles, in the order of insertion."""
    ids: list[str] = []
    sizes: list[int] = []
    pages = []
    for page in engine.extract(FIELDS):
        records = [views(row) for row in page]
        ids += [row["id"] for row in page]
        sizes += map(len, records)
        columns = {f: [view.get(f) for each in records for view in each] for f in RECORD}
        pages.append(pl.DataFrame(columns, dict.fromkeys(RECORD, pl.String)))
        watch("reading profiles", len(ids), None)
    empty = pl.DataFrame(schema=dict.fromkeys(RECORD, pl.String))
    watch("standardising", 0, None)
    standard = standard_columns(pl.concat([empty, *pages]), {f: f for f in RECORD})
    return Base(tuple(ids), standard, tuple(sizes))


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


def _touched(
    engine: Engine, current: Current, ids: Sequence[str], known: Iterable[Pair], watch: Watch
) -> Flags:
    """Tell which profiles changed since the scan before, or stood in a pair with one that did."""
    changed: set[str] = set()
    after = current.after
    while (page := engine.changes(after, limit=PAGE_OF_EVENTS)).next != after:
        for event in page.items:
            if event.type.startswith(("profile", "merge")):
                changed.add(event.profile_id)
                changed.update(event.related)
        after = str(page.next)
        watch("reading what changed", len(changed), None)
    beside = {id for p in known if changed & {p.left, p.right} for id in (p.left, p.right)}
    return np.array([id in changed or id in beside for id in ids], dtype=bool)


def _linked(number: Mapping[str, int], known: Iterable[Pair]) -> tuple[Ints, Ints]:
    """Give the known pairs of living profiles, by their numbers."""
    pairs = [
        (number[p.left], number[p.right]) for p in known if p.left in number and p.right in number
    ]
    left, right = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return left, right


def _settled(
    engine: Engine,
    ids: tuple[str, ...],
    found: Found,
    touched: Flags | None,
    auto_merge_above: float | None,
    watch: Watch,
) -> ScanReport:
    """Merge what may be merged, and put the rest into the queue."""
    merged: list[str] = []
    proposed = refused = 0
    asked = _asked(ids, found)
    for start in range(0, len(found.decided), AT_ONCE):
        with engine.transaction():
            places = range(start, min(start + AT_ONCE, len(found.decided)))
            pairs = review.propose(engine, [_proposed(ids, found, at, asked) for at in places])
            for at, pair in zip(places, pairs, strict=True):
                if _may_merge(found, at, pair, auto_merge_above):
                    made = _merge(engine, pair)
                    if made is not None:
                        merged.append(made)
                        continue
                    refused += 1
                proposed += pair.is_open
        watch("storing pairs", min(start + AT_ONCE, len(found.decided)), len(found.decided))
    pairs = review.propose(engine, list(asked.values()))
    proposed += sum(pair.is_open for pair in pairs)
    changed = None if touched is None else tuple(np.array(ids)[touched].tolist())
    return ScanReport(found, ids, proposed, tuple(merged), refused, changed)


def _asked(ids: Sequence[str], found: Found) -> dict[str, Pair]:
    """Give the pairs whose decisions teach most, by the ids of their documents."""
    asked = found.asked
    if asked is None:
        return {}
    pairs = [
        review.pair_of(
            ids[left], ids[right], round(float(weight), 4), "review",
            evidence_of(int(pattern)), asked=True,
        )
        for left, right, weight, pattern in zip(
            asked.left, asked.right, asked.weights, asked.patterns, strict=True
        )
    ]  # fmt: skip
    return {review.pair_id(pair.left, pair.right): pair for pair in pairs}


def _both(ids: Sequence[str], left: int, right: int) -> str:
    return review.pair_id(ids[int(left)], ids[int(right)])


def _withdraw(engine: Engine, report: ScanReport, known: Iterable[Pair]) -> None:
    """Take out of the queue what this run looked at again and found no more."""
    ids, pairs = report.ids, report.found.pairs
    found = {_both(ids, *pair) for pair in zip(pairs.left, pairs.right, strict=True)}
    looked_at = set(ids if report.touched_ids is None else report.touched_ids)
    gone = [
        pair
        for pair in known
        if not (pair.history or pair.asked)
        and review.pair_id(pair.left, pair.right) not in found
        and (pair.left in looked_at or pair.right in looked_at)
    ]
    for start in range(0, len(gone), AT_ONCE):
        with engine.transaction():
            for pair in gone[start : start + AT_ONCE]:
                review.withdraw(engine, pair)


def _proposed(ids: tuple[str, ...], found: Found, at: int, asked: dict[str, Pair]) -> Pair:
    left, right = (ids[int(side[at])] for side in (found.pairs.left, found.pairs.right))
    weight = round(float(found.pairs.weights[at]), 4)
    evidence = evidence_of(int(found.pairs.patterns[at]))
    said = "match" if found.decided[at] else "review"
    is_asked = asked.pop(review.pair_id(left, right), None) is not None
    return review.pair_of(left, right, weight, said, evidence, asked=is_asked)


def _may_merge(found: Found, at: int, pair: Pair, above: float | None) -> bool:
    if above is None or pair.decision in (Decision.DIFFERENT, Decision.UNSURE):
        return False
    if pair.decision is Decision.SAME:
        return True
    group = found.clusters.labels
    together = group[found.pairs.left[at]] == group[found.pairs.right[at]]
    return bool(found.decided[at] and together and pair.weight > above)


def _merge(engine: Engine, pair: Pair) -> str | None:
    """Merge a pair, into the profile that is there longer; ``None`` if something forbids it."""
    left, right = engine.get(pair.left), engine.get(pair.right)
    if left.id == right.id or review.are_apart(engine, left.family, right.family):
        return None
    survivor, other = sorted((left, right), key=lambda p: (p.created_at or engine.now, p.id))
    try:
        return engine.merge(engine.plan_merge(survivor.id, [other.id])).id
    except (MergeBlocked, StalePlan):
        return None
