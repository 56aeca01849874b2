"""Pairs of profiles that may be one person: the queue for review, and what was decided.

A pair is a document of one of its two profiles, and is deleted when either is cleared.  After a
merge the ids in it stand for their survivors.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import Enum
from hashlib import blake2b
from types import MappingProxyType
from typing import TYPE_CHECKING

import attrs

from profilecore import Entry, InvalidProfile, NotFound, Problem
from profilecore.model import DocumentKind, OnClear

if TYPE_CHECKING:
    from profilecore import Engine

PAIR = "matching.pair"
PAGE = 10_000


class Decision(Enum):
    """What somebody said of a pair; ``unsure`` leaves it open, behind those not looked at."""

    SAME = "same"
    DIFFERENT = "different"
    UNSURE = "unsure"


@attrs.frozen
class Decided:
    """Who decided what, when, and on which evidence (levels by field)."""

    decision: Decision
    at: datetime
    by: str | None = None
    evidence: dict[str, str] = attrs.field(factory=dict, repr=False)


@attrs.frozen
class Pair:
    """Two profiles, ``left`` < ``right``, what they weigh and why, and what was decided, in order.

    ``weight`` is in bits.  ``proposed`` is what the run said: ``match`` or ``review``.  A pair is
    ``asked`` for where its decision teaches much, whatever it weighs.
    """

    left: str
    right: str
    weight: float
    proposed: str
    asked: bool = False
    evidence: dict[str, str] = attrs.field(factory=dict, repr=False)
    history: tuple[Decided, ...] = attrs.field(default=(), repr=False)

    @property
    def decision(self) -> Decision | None:
        """The last decision, if it still rests on the evidence there is."""
        last = self.history[-1] if self.history else None
        return last.decision if last is not None and last.evidence == self.evidence else None

    @property
    def said(self) -> Decision | None:
        """The last decision, whatever has changed since."""
        return self.history[-1].decision if self.history else None

    @property
    def is_open(self) -> bool:
        """Tell whether somebody has to look at it: for the first time, or again."""
        return self.decision in (None, Decision.UNSURE)

    @property
    def was_reopened(self) -> bool:
        """Tell whether the evidence has changed since it was decided."""
        return bool(self.history) and self.decision is None


KIND = DocumentKind(
    PAIR, Pair, OnClear.ERASE, personal=False, about=lambda pair: (pair.left, pair.right)
)


def pair_id(one: str, other: str) -> str:
    """Give the id of the document of a pair, whichever of the two is named first."""
    both = "\0".join(sorted((one, other)))
    return blake2b(both.encode(), digest_size=16).hexdigest()


def entry_of(pair: Pair) -> Entry:
    """Give a pair as it is stored."""
    keys = (("of", pair.left), ("of", pair.right))
    return Entry(pair, pair.left, pair_id(pair.left, pair.right), keys=keys)


def propose(
    engine: Engine, proposed: Sequence[Pair], known: Mapping[str, Pair] = MappingProxyType({})
) -> list[Pair | None]:
    """Put pairs into the queue, or bring those there up to date; decisions stay with them.

    A new one takes over what was decided of it as it is ``known`` by :func:`as_of_now`.  They are
    given back in their order with what was decided of them; ``None`` stands for one that is no
    pair of two living people any more.  No pair may come twice.
    """
    ids = [pair_id(pair.left, pair.right) for pair in proposed]
    with engine.transaction():
        stored = {d.id: d.value for d in engine.documents(PAIR, ids=ids)}
        living = {(pair.left, pair.right) for pair in of_two(engine, proposed)}
        pairs = [
            _with_said(p, stored.get(id), known.get(id)) if (p.left, p.right) in living else None
            for id, p in zip(ids, proposed, strict=True)
        ]
        changed = [p for id, p in zip(ids, pairs, strict=True) if p and stored.get(id) != p]
        engine.store_documents(PAIR, map(entry_of, changed))
    return pairs


def _with_said(pair: Pair, *others: Pair | None) -> Pair:
    """Give a pair with what was decided of it, as other states of it have it."""
    for other in others:
        if other is not None:
            history = _in_order(pair.history, other.history)
            pair = attrs.evolve(pair, history=history, asked=pair.asked or other.asked)
    return pair


def _in_order(one: Sequence[Decided], other: Sequence[Decided]) -> tuple[Decided, ...]:
    return tuple(sorted([*one, *(d for d in other if d not in one)], key=lambda d: d.at))


def as_of_now(pairs: Iterable[Pair], roots: Mapping[str, str]) -> dict[str, Pair]:
    """Give pairs as those of the people that their ids stand for, by the ids of their documents.

    ``roots`` has the living; pairs of others, and of what is one person now, are left out.
    """
    now: dict[str, Pair] = {}
    for pair in pairs:
        left, right = roots.get(pair.left), roots.get(pair.right)
        if left is None or right is None or left == right:
            continue
        id = pair_id(left, right)
        left, right = sorted((left, right))
        now[id] = _with_said(attrs.evolve(pair, left=left, right=right), now.get(id))
    return now


def pair_of(
    one: str,
    other: str,
    weight: float,
    proposed: str,
    evidence: Mapping[str, str],
    *,
    asked: bool = False,
) -> Pair:
    """Make a pair, whichever of the two is named first."""
    left, right = sorted((one, other))
    return Pair(left, right, weight, proposed, asked, dict(evidence))


def find(engine: Engine, one: str, other: str) -> Pair | None:
    """Give a pair as it is stored; ``None`` if it is not, or not of two that the actor may see."""
    found = between(engine, [one], {other: [other]})[other]
    return found[0] if found and len(roots_of(engine, {one, other})) == 2 else None


def between(
    engine: Engine, one: Iterable[str], others: Mapping[str, Iterable[str]]
) -> dict[str, list[Pair]]:
    """Give the stored pairs of a person with each of some others, given by all their ids."""
    own = list(one)
    ids = {pair_id(a, b): key for key, family in others.items() for b in family for a in own}
    found: dict[str, list[Pair]] = {key: [] for key in others}
    if ids:
        for stored in engine.documents(PAIR, ids=list(ids)):
            found[ids[stored.id]].append(stored.value)
    return found


def decide(engine: Engine, one: str, other: str, decision: Decision | str) -> Pair:
    """Record what the acting person says of a pair in the queue; earlier decisions stay.

    It rests on what the two profiles say now, whatever they said when they were compared.

    :raises InvalidProfile: for a decision that is none.
    :raises NotFound: if the pair is not there.
    """
    try:
        said = Decision(decision)
    except ValueError:
        problem = Problem("/decision", "unknown-value", "must be same, different or unsure")
        raise InvalidProfile([problem]) from None
    with engine.transaction():
        pair = find(engine, one, other)
        if pair is None:
            raise NotFound("pair", f"{one} and {other}")
        pair = _weighed_now(engine, pair)
        made = Decided(said, engine.now, engine.actor.id, pair.evidence)
        changed = attrs.evolve(pair, history=(*pair.history, made))
        engine.store_documents(PAIR, [entry_of(changed)])
    return changed


def _weighed_now(engine: Engine, pair: Pair) -> Pair:
    from profilecore_duplicates.matcher import weigh_two

    roots = roots_of(engine, {pair.left, pair.right})
    now = weigh_two(engine, roots[pair.left], roots[pair.right])
    if now is None:  # nothing has been learned yet, or they are one person
        return pair
    return attrs.evolve(pair, weight=round(now.weight, 4), evidence=now.evidence)


def withdraw(engine: Engine, pair: Pair) -> None:
    """Take a pair out of the queue that is no longer found."""
    engine.delete_document(PAIR, pair_id(pair.left, pair.right))


def are_apart(engine: Engine, one: Iterable[str], other: Iterable[str]) -> bool:
    """Tell whether somebody said last that two people, given by all their ids, are different."""
    others = set(other)
    return any(
        pair.said is Decision.DIFFERENT and not others.isdisjoint((pair.left, pair.right))
        for pair in of_profile(engine, one)
    )


def every(engine: Engine) -> Iterator[Pair]:
    """Yield all pairs that the actor may see, open and decided, in the order they were found.

    A property sees those of two profiles that it may see.
    """
    after = None
    while page := engine.documents(PAIR, after=after, limit=PAGE):
        pairs = [stored.value for stored in page]
        if engine.actor.property_id is not None:
            seen = roots_of(engine, {id for pair in pairs for id in (pair.left, pair.right)})
            pairs = [pair for pair in pairs if pair.left in seen and pair.right in seen]
        yield from pairs
        after = page[-1].id


def of_profile(engine: Engine, ids: Iterable[str]) -> Iterator[Pair]:
    """Yield the pairs that one of the ids is in."""
    for id in ids:
        for stored in engine.documents(PAIR, key=("of", id), limit=PAGE):
            yield stored.value


def queue(engine: Engine, *, asked: bool = False) -> list[Pair]:
    """Give the open pairs of two living profiles, to be looked at in this order.

    First what nobody has looked at, then what was left unsure; the heaviest first.  With
    ``asked`` only the pairs whose decisions teach most.
    """
    waiting = of_two(engine, (p for p in every(engine) if p.is_open and (p.asked or not asked)))
    return sorted(
        waiting, key=lambda p: (p.decision is Decision.UNSURE, -p.weight, p.left, p.right)
    )


def of_two(engine: Engine, pairs: Iterable[Pair]) -> list[Pair]:
    """Give those pairs that are of two living people whom the actor may see."""
    listed = list(pairs)
    roots = roots_of(engine, {id for pair in listed for id in (pair.left, pair.right)})
    return [
        pair
        for pair in listed
        if pair.left in roots and pair.right in roots and roots[pair.left] != roots[pair.right]
    ]


def roots_of(engine: Engine, ids: set[str]) -> dict[str, str]:
    """Give whom each id stands for now; the cleared and the hidden are left out."""
    alive = {
        row["id"]: row["id"]
        for page in engine.extract(["id"], profile_ids=sorted(ids))
        for row in page
    }
    for id in ids - alive.keys():
        try:
            root = engine.get(id)
        except NotFound:
            continue
        if not root.state.is_cleared:
            alive[id] = root.id
    return alive
