"""What of an expression the store's index answers, and what is left to be read: pure functions.

An expression becomes a few *ways* to be a member: each asks for some keys and forbids others.
Who is found by no way is no member.  Where every comparison has its keys the ways are exact, and
the index alone decides; else whoever is found is read and judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from enum import Enum
from functools import reduce
from itertools import chain, product

import attrs

from profilecore.model.fields import evolve
from profilecore.values import frozen
from profilecore_segments.nodes import And, Leaf, Node, Not, Or, leaves
from profilecore_segments.terms import ANYWHERE, Key, keys_for, private_to

MAX_WAYS = 16
"""Beyond it, an index that is asked so often is no faster than reading on from the likeliest."""


class Route(Enum):
    """How the members of a segment are found."""

    INDEX = "index"
    NARROWED = "narrowed"
    SCAN = "scan"


@frozen
class Way:
    """One way to be a member: one key of each of ``has``, and none of ``lacks``."""

    has: tuple[tuple[Key, ...], ...] = attrs.field(default=(), repr=False)
    lacks: tuple[Key, ...] = attrs.field(default=(), repr=False)

    def fits(self, held: Set[Key]) -> bool:
        """Tell whether somebody with these keys is a member by this way."""
        return held.isdisjoint(self.lacks) and all(not held.isdisjoint(keys) for keys in self.has)

    def joined(self, other: Way) -> Way:
        """Give the way of those who are members by both."""
        has = tuple(dict.fromkeys((*self.has, *other.has)))
        return Way(has, tuple(dict.fromkeys((*self.lacks, *other.lacks))))


EVERYBODY = Way()


@frozen
class Plan:
    """The ways to be a member, and the comparisons that only reading decides."""

    ways: tuple[Way, ...]
    read: tuple[Leaf, ...] = ()
    is_exact: bool = True

    @property
    def route(self) -> Route:
        """How members are found: by the index alone, by reading whom it finds, or everybody."""
        if self.is_exact:
            return Route.INDEX
        return Route.NARROWED if self.finds_each else Route.SCAN

    @property
    def finds_each(self) -> bool:
        """Tell whether every way begins with a key, so that members can be listed by it."""
        return all(way.has for way in self.ways)

    def seen_by(self, property_id: str | None) -> Plan:
        """Give the plan of an acting property: whom it may not see is no member."""
        if property_id is None:
            return self
        open_to_all = Way(lacks=(private_to(ANYWHERE),))
        its_own = Way(has=((private_to(property_id),),))
        ways = tuple(way.joined(seen) for way in self.ways for seen in (open_to_all, its_own))
        return evolve(self, ways=ways)


def plan_of(node: Node, fields: Iterable[str]) -> Plan:
    """Plan an expression for an index of these fields, besides the engine's own keys."""
    indexed = frozenset(fields)
    unknown = tuple(dict.fromkeys(leaf for leaf in leaves(node) if keys_for(leaf, indexed) is None))
    ways = _ways(node, indexed, negated=False)
    if len(ways) > MAX_WAYS:
        return Plan((EVERYBODY,), tuple(leaves(node)), is_exact=False)
    return Plan(ways, unknown, is_exact=not unknown)


def _ways(node: Node, indexed: frozenset[str], *, negated: bool) -> tuple[Way, ...]:
    match node:
        case Not(part):
            return _ways(part, indexed, negated=not negated)
        case And(parts) | Or(parts):
            each = [_ways(part, indexed, negated=negated) for part in parts]
            return _all(each) if isinstance(node, And) != negated else _any(each)
    keys = keys_for(node, indexed)
    if keys is None:
        return (EVERYBODY,)
    return (Way(lacks=keys) if negated else Way(has=(keys,)),)


def _any(each: Iterable[tuple[Way, ...]]) -> tuple[Way, ...]:
    ways = tuple(dict.fromkeys(chain.from_iterable(each)))
    return (EVERYBODY,) if EVERYBODY in ways else ways[: MAX_WAYS + 1]


def _all(each: Iterable[tuple[Way, ...]]) -> tuple[Way, ...]:
    def both(one: tuple[Way, ...], other: tuple[Way, ...]) -> tuple[Way, ...]:
        joined = (a.joined(b) for a, b in product(one, other))
        return tuple(dict.fromkeys(joined))[: MAX_WAYS + 1]

    return reduce(both, each, (EVERYBODY,))


# ---- counting without listing


MAX_SUMMANDS = 64
"""Each is a look into the index; beyond it, to list the members costs less than to add up."""
Summand = tuple[int, frozenset[Key]]


def summands(plan: Plan) -> list[Summand] | None:
    """Give the numbers whose sum is how many members there are, by inclusion and exclusion.

    Each is a sign and the keys that somebody must have to be counted in it; without keys it counts
    everybody.  ``None`` if there would be too many.
    """
    made: list[Summand] = []
    for sign, way in _signed(plan.ways):
        for each in _of_way(sign, way):
            made.append(each)
            if len(made) > MAX_SUMMANDS:
                return None
    return made


def _signed(ways: tuple[Way, ...]) -> Iterator[tuple[int, Way]]:
    """Yield every set of the ways that somebody can be a member by, with its sign."""
    made: list[tuple[int, Way]] = []
    for way in ways:
        fresh = [(1, way), *((-sign, way.joined(other)) for sign, other in made)]
        yield from fresh
        if len(made) > MAX_SUMMANDS:
            return
        made += fresh


def _of_way(sign: int, way: Way) -> Iterator[Summand]:
    sums: list[Summand] = [(sign, frozenset())]
    for clause in way.has:
        sums = list(_limited(_times(sums, _union(clause))))
    for key in way.lacks:
        sums = list(_limited(_times(sums, [(1, frozenset()), (-1, frozenset({key}))])))
    yield from sums


def _union(clause: tuple[Key, ...]) -> list[Summand]:
    """Count those who have one of some keys: each key, less who has two of them, and so on."""
    made: list[Summand] = []
    for key in clause:
        made += [(1, frozenset({key})), *((-s, keys | {key}) for s, keys in made)]
        if len(made) > MAX_SUMMANDS:
            break
    return made


def _times(one: Iterable[Summand], other: list[Summand]) -> Iterator[Summand]:
    for sign, keys in one:
        for sign_2, keys_2 in other:
            yield sign * sign_2, keys | keys_2


def _limited(made: Iterator[Summand]) -> Iterator[Summand]:
    """Stop soon after there are too many: what is given then is not used."""
    for number, each in enumerate(made):
        if number > MAX_SUMMANDS:
            return
        yield each
