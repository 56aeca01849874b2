"""What becomes of the pairs that a scan finds: queued, merged where that is safe, or withdrawn."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from profilecore import Profile, ProfilecoreError, StoreError
from profilecore.values import frozen
from profilecore_duplicates import review
from profilecore_duplicates.finding import Found
from profilecore_duplicates.review import Decision, Pair
from profilecore_duplicates.weighing import evidence_of

if TYPE_CHECKING:
    from profilecore import Engine

# What is happening, how much of it is done, and of how much (``None``: nobody knows).
Watch = Callable[[str, int, int | None], None]
# Pairs that are stored in one transaction: others may write in between.
AT_ONCE = 500


@frozen
class Settled:
    """How many pairs wait, the merges that were made, and how many were refused."""

    queued: int
    merged: tuple[str, ...]
    refused: int


def settle(
    engine: Engine,
    ids: Sequence[str],
    found: Found,
    known: Mapping[str, Pair],
    auto_merge_above: float | None,
    watch: Watch,
) -> Settled:
    """Put what was found into the queue, with what is ``known``, and merge what may be merged.

    Pairs are stored some hundred in a transaction, and each merge has one of its own: whatever
    stops it, what was done stays whole.
    """
    asked = _asked(ids, found)
    merged: list[str] = []
    waiting: list[Pair] = []
    refused = 0
    of = len(found.decided)
    for start in range(0, of, AT_ONCE):
        end = min(start + AT_ONCE, of)
        made = {at: _proposed(ids, found, at, asked) for at in range(start, end)}
        pairs = review.propose(engine, list(made.values()), known)
        for at, pair in zip(made, pairs, strict=True):
            if pair is None:
                continue
            if _may_merge(found, at, pair, auto_merge_above) and not _are_one(engine, pair):
                merge = _merge(engine, pair)
                if merge is not None:
                    merged.append(merge)
                    continue
                refused += 1
            if pair.is_open:
                waiting.append(pair)
        watch("storing pairs", end, of)
    pairs = review.propose(engine, list(asked.values()), known)
    waiting += [pair for pair in pairs if pair is not None and pair.is_open]
    if merged:  # which may have made one person of a pair that waits
        waiting = review.of_two(engine, waiting)
    return Settled(len(waiting), tuple(merged), refused)


def withdraw(
    engine: Engine,
    ids: Sequence[str],
    found: Found,
    known: Iterable[Pair],
    looked_at: Iterable[str],
) -> None:
    """Take out of the queue what a run looked at again and found no more."""
    sides = (found.pairs.left.tolist(), found.pairs.right.tolist())
    there = {review.pair_id(ids[a], ids[b]) for a, b in zip(*sides, strict=True)}
    seen = set(looked_at)
    gone = [
        pair
        for pair in known
        if not (pair.history or pair.asked)
        and review.pair_id(pair.left, pair.right) not in there
        and (pair.left in seen or pair.right in seen)
    ]
    for start in range(0, len(gone), AT_ONCE):
        with engine.transaction():
            for pair in gone[start : start + AT_ONCE]:
                review.withdraw(engine, pair)


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


def _proposed(ids: Sequence[str], found: Found, at: int, asked: dict[str, Pair]) -> Pair:
    left, right = (ids[int(side[at])] for side in (found.pairs.left, found.pairs.right))
    weight = round(float(found.pairs.weights[at]), 4)
    evidence = evidence_of(int(found.pairs.patterns[at]))
    said = "match" if found.decided[at] else "review"
    is_asked = asked.pop(review.pair_id(left, right), None) is not None
    return review.pair_of(left, right, weight, said, evidence, asked=is_asked)


def _may_merge(found: Found, at: int, pair: Pair, above: float | None) -> bool:
    if above is None:
        return False
    if pair.decision is Decision.SAME:
        return True
    # Who was said to be somebody else, on whatever evidence, is asked for again, not merged.
    if pair.said in (Decision.DIFFERENT, Decision.UNSURE):
        return False
    group = found.clusters.labels
    together = group[found.pairs.left[at]] == group[found.pairs.right[at]]
    return bool(found.decided[at] and together and pair.weight > above)


def _are_one(engine: Engine, pair: Pair) -> bool:
    """Tell whether the two have become one person on the way."""
    return not review.of_two(engine, [pair])


def _merge(engine: Engine, pair: Pair) -> str | None:
    """Merge a pair, into the profile that is there longer; ``None`` if something forbids it."""
    try:
        left, right = engine.get(pair.left), engine.get(pair.right)
        if review.are_apart(engine, left.family, right.family):
            return None
        if _was_taken_back(engine, pair, left, right):
            return None
        survivor, other = sorted((left, right), key=lambda p: (p.created_at or engine.now, p.id))
        return engine.merge(engine.plan_merge(survivor.id, [other.id])).id
    except StoreError:
        raise  # it says nothing of the pair
    except ProfilecoreError:
        return None


def _was_taken_back(engine: Engine, pair: Pair, left: Profile, right: Profile) -> bool:
    """Tell whether somebody undid a merge of the two, and did not say since that they are one."""
    said = pair.history[-1].at if pair.decision is Decision.SAME else None
    return any(
        merge.undone is not None
        and not set(other.family).isdisjoint(merge.loser_ids)
        and (said is None or merge.undone.at >= said)
        for survivor, other in ((left, right), (right, left))
        for merge in engine.merges(survivor.id)
    )
