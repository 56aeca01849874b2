"""Who belongs to a segment: counted, listed page by page, and told of one person.

Whom the index finds is read and judged all the same, unless only their number is asked for: so
a page is right whatever the index has, and a count is exact because it was proven whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from profilecore import InvalidProfile, Page, Problem
from profilecore.model.fields import evolve
from profilecore.values import frozen
from profilecore_segments import terms
from profilecore_segments.judging import Facts, Moment, judge_of
from profilecore_segments.names import named
from profilecore_segments.nodes import Is, Node, leaves
from profilecore_segments.people import facts_of, wanted_by
from profilecore_segments.planning import Plan, Summand, Way, plan_of, summands
from profilecore_segments.settings import kind_of
from profilecore_segments.terms import ANYWHERE, PRIVATE, Key, keys_in, mark, private_to

if TYPE_CHECKING:
    from profilecore import Engine

Watch = Callable[[str, int, int | None], object]
MAX_PAGE = 10_000
AT_ONCE = 500
"""People read together: as many as SQLite takes in one statement."""
SCANNED = "@"
FEW = 500
"""Who has a key that fewer have than this is read at once, without asking which is rarest."""


def silent(_words: str, _done: int, _all: int | None) -> None:
    """Watch nothing."""


def moment_of(engine: Engine) -> Moment:
    """Give now as an engine sees it, and its day in the chain's time zone."""
    now = engine.now
    zone = ZoneInfo(engine.settings.timezone)
    return Moment(now, now.astimezone(zone).date(), engine.actor.property_id, zone)


@frozen
class Place:
    """Where a list goes on: by which way, by which of its keys, behind which cursor."""

    way: int = 0
    key: int = 0
    cursor: str | None = None


class Members:
    """The members of one expression, at one moment, as the acting person sees them."""

    def __init__(self, engine: Engine, node: Node) -> None:
        kind = kind_of(engine)
        self._engine = engine
        self._seen = kind.seen
        self._fields = kind.config.fields
        self._node = node
        self.moment = moment_of(engine)
        self.judge = judge_of(node, self.moment)
        self.wanted = wanted_by(node)
        self._names = tuple(
            dict.fromkeys(leaf.name for leaf in leaves(node) if isinstance(leaf, Is))
        )

    def plan(self, *, again: bool = False) -> Plan:
        """Plan the expression for the index as it is; ``again`` proves it whole once more."""
        property_id = self.moment.property_id
        fits = plan_of(self._node, self._fields)
        own = any(sort.startswith("segments.") for sort, _ in _keys(fits))
        if (own or property_id is not None) and not self.is_whole(again=again):
            known = plan_of(self._node, ())
            # Whom the acting property may not see, only the index or reading can tell.
            return evolve(known, is_exact=known.is_exact and property_id is None)
        return fits.seen_by(property_id)

    def is_whole(self, *, again: bool = False) -> bool:
        """Tell whether every living profile has its keys: each that has bears a mark."""
        if again or not self._seen.is_whole:
            marked = self._engine.tally([mark(self._fields)])
            self._seen.is_whole = marked == self._engine.tally(())
        return self._seen.is_whole

    # ---- the verbs

    def count(self, watch: Watch = silent) -> int:
        """Count the members; by the index alone where it decides."""
        plan = self.plan(again=True)
        sums = summands(plan) if plan.is_exact else None
        if sums is not None:
            return self._added_up(sums)
        return sum(len(page) for page in self.pages(watch))

    def _added_up(self, sums: list[Summand]) -> int:
        """Add up tallies, the rarest key of each first; within nobody there is nobody."""
        times: Counter[frozenset[Key]] = Counter()
        for sign, keys in sums:
            times[keys] += sign
        alone: dict[Key, int] = {}
        nobody: list[frozenset[Key]] = []
        number = 0
        for keys in sorted(times, key=len):
            if times[keys] == 0 or any(none <= keys for none in nobody):
                continue
            for key in keys - alone.keys():
                alone[key] = self._engine.tally([key])
            rarest_first = sorted(keys, key=lambda key: (alone[key], key))
            found = alone[rarest_first[0]] if len(keys) == 1 else self._engine.tally(rarest_first)
            if found == 0:
                nobody.append(keys)
            number += times[keys] * found
        return number

    def pages(self, watch: Watch = silent) -> Iterator[list[str]]:
        """Yield the ids of all members, each once."""
        plan = self.plan()
        if not plan.finds_each:
            yield from self._scanned(watch)
            return
        place: Place | None = Place()
        done = 0
        while place is not None:
            found, place = self._batch(plan, place, AT_ONCE * 10)
            done += len(found)
            watch("Members", done, None)
            yield [id for _, id in found]

    def page(self, limit: int, cursor: str | None) -> Page[str]:
        """Give a page of ids; the last page may be empty.

        :raises InvalidProfile: for a limit outside 1 to 10,000, or a cursor of another list.
        """
        if not 1 <= limit <= MAX_PAGE:
            raise InvalidProfile([Problem("/limit", "out-of-range", f"must be 1 to {MAX_PAGE}")])
        plan = self.plan()
        if cursor is not None and cursor.startswith(SCANNED):
            return self._scanned_page(limit, cursor.removeprefix(SCANNED))
        if not plan.finds_each:
            return self._scanned_page(limit, cursor)
        place: Place | None = Place() if cursor is None else _opened(cursor, plan)
        found: list[str] = []
        while place is not None:
            size = min(AT_ONCE, max(limit - len(found), 50))
            members, behind = self._batch(plan, place, size)
            taken = members[: limit - len(found)]
            found += [id for _, id in taken]
            if len(found) == limit and taken:
                if len(taken) < len(members):
                    behind = self._behind(plan, place, taken[-1][0] + 1)
                return Page(tuple(found), _sealed(behind))
            place = behind
        return Page(tuple(found))

    def has(self, profile_id: str) -> bool:
        """Tell whether one person is a member.

        :raises NotFound: as ``engine.get``.
        """
        root = self._engine.get(profile_id).id
        return any(
            self.judge(facts)
            for page in facts_of(self._engine, self.wanted, self._today, ids=[root])
            for facts in page
        )

    # ---- reading everybody

    @property
    def _today(self) -> str:
        return self.moment.today.isoformat()

    def _scanned(self, watch: Watch = silent, after: str | None = None) -> Iterator[list[str]]:
        everybody = self._engine.tally(())
        done = 0
        for page in facts_of(self._engine, self.wanted, self._today, after=after):
            yield [facts["id"] for facts in page if self.judge(facts)]
            done += len(page)
            watch("People read", done, everybody)

    def _scanned_page(self, limit: int, after: str | None) -> Page[str]:
        found: list[str] = []
        for ids in self._scanned(after=after):
            found += ids
            if len(found) >= limit:
                return Page(tuple(found[:limit]), SCANNED + found[limit - 1])
        return Page(tuple(found))

    # ---- going by the index

    def _batch(
        self, plan: Plan, place: Place, size: int
    ) -> tuple[list[tuple[int, str]], Place | None]:
        """Read the next people that the index finds, and give the members with their numbers.

        Whoever an earlier way or key has found already is passed over.
        """
        way = plan.ways[place.way]
        lead = self._lead(way)
        if place.key >= len(lead):
            raise _wrong_cursor()
        page = self._engine.holders(_query(way, lead, place.key), limit=size, cursor=place.cursor)
        number = {id: n for n, id in enumerate(page.items)}
        members = [
            (number[facts["id"]], facts["id"])
            for facts in self._facts(page.items, plan)
            if self.judge(facts) and self._is_found_first(facts, plan, place)
        ]
        if page.next is not None:
            return members, Place(place.way, place.key, page.next)
        return members, _next(plan, place, len(lead))

    def _behind(self, plan: Plan, place: Place, number: int) -> Place | None:
        """Give the place behind so many of the people of a batch."""
        way = plan.ways[place.way]
        lead = self._lead(way)
        query = _query(way, lead, place.key)
        page = self._engine.holders(query, limit=number, cursor=place.cursor)
        if page.next is not None:
            return Place(place.way, place.key, page.next)
        return _next(plan, place, len(lead))

    def _facts(self, ids: tuple[str, ...], plan: Plan) -> Iterator[Facts]:
        names = (named(name) for name in self._names)
        more = [n.path[0] for n in names if n is not None and n.field is not None]
        if any(sort == PRIVATE for sort, _ in _keys(plan)):
            more += ["shared_level", "property_id"]
        for page in facts_of(self._engine, self.wanted.with_fields(more), self._today, ids=ids):
            yield from page

    def _is_found_first(self, facts: Facts, plan: Plan, place: Place) -> bool:
        """Tell whether a person is found by this way and key, and by none before it."""
        lead = self._lead(plan.ways[place.way])
        if len(plan.ways) == len(lead) == 1:
            return True
        plain = (name for name in self._names if terms.is_keyed(name, self._fields))
        held = {*keys_in(facts, plain), *_private(facts)}
        *earlier, way = plan.ways[: place.way + 1]
        if not way.fits(held) or not held.isdisjoint(lead[: place.key]):
            return False
        return not any(other.fits(held) for other in earlier)

    def _lead(self, way: Way) -> tuple[Key, ...]:
        """Give the keys of a way that the fewest people have one of."""
        if len(way.has) == 1:
            return way.has[0]
        return min(way.has, key=lambda keys: (sum(map(self._holders, keys)), keys))

    def _holders(self, key: Key) -> int:
        """Tell about how many have a key: it only decides what is asked first."""
        known = self._seen.holders.get(key)
        if known is None:
            few = self._engine.look_up([key], at_most=FEW).get(key, [])
            known = len(few) if len(few) < FEW else self._engine.tally([key])
            if len(self._seen.holders) < MAX_PAGE:
                self._seen.holders[key] = known
        return known


def _keys(plan: Plan) -> Iterator[Key]:
    for way in plan.ways:
        yield from way.lacks
        for keys in way.has:
            yield from keys


def _private(facts: Facts) -> Iterator[Key]:
    if facts.get("shared_level") == "property":
        yield private_to(ANYWHERE)
        yield private_to(facts["property_id"] or ANYWHERE)


def _query(way: Way, lead: tuple[Key, ...], number: int) -> list[Key]:
    others = [keys[0] for keys in way.has if len(keys) == 1 and keys != lead]
    return [lead[number], *others]


def _next(plan: Plan, place: Place, keys: int) -> Place | None:
    if place.key + 1 < keys:
        return Place(place.way, place.key + 1)
    return Place(place.way + 1) if place.way + 1 < len(plan.ways) else None


def _sealed(place: Place | None) -> str | None:
    if place is None:
        return None
    return f"{place.way}.{place.key}.{place.cursor or ''}"


def _opened(cursor: str, plan: Plan) -> Place:
    way, _, rest = cursor.partition(".")
    key, _, inner = rest.partition(".")
    if way.isdecimal() and key.isdecimal() and int(way) < len(plan.ways):
        return Place(int(way), int(key), inner or None)
    raise _wrong_cursor()


def _wrong_cursor() -> InvalidProfile:
    return InvalidProfile([Problem("/cursor", "invalid-value", "must be a cursor of this list")])
