"""Who may be the same person as one profile: asked at the desk, answered from the index.

The weight of two profiles is that of the batch: the same standard columns, levels and model, and
the frequencies of the whole base.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

from profilecore import Match, Profile
from profilecore.engine.collecting import seldom_collected
from profilecore.normalise.text import compact
from profilecore.rules.matching import MATCH, REVIEW, Reason
from profilecore_duplicates.keys import Key, alike_keys, row_of
from profilecore_duplicates.knowledge import Knowledge, Library
from profilecore_duplicates.records import FIELDS, views
from profilecore_duplicates.review import Decision, Pair, between
from profilecore_duplicates.single import Standard, standard_row

if TYPE_CHECKING:
    from profilecore import Engine
    from profilecore_duplicates.weighing import Weighed

# A key under which more stand says too little: it is a crowd's, not a person's.
CROWDED = 25
# So many profiles are compared; those that share the most and the rarest keys come first.  Of the
# matches in a million made-up guests one in a hundred stands behind them, none of them sure.
COMPARED = 15


class DuplicatesMatcher:
    """Finds stored profiles that may be the same person; the matcher of one engine."""

    name = "duplicates"

    def __init__(self, library: Library) -> None:
        self._library = library

    @seldom_collected()  # thousands of values are made, and none is kept
    def __call__(self, engine: Engine, profile: Profile, limit: int) -> list[Match]:
        """Give the matches that weigh at least 0 bits, the heaviest first, at most ``limit``.

        Pairs that were decided to be different are left out as long as the evidence is the same.
        """
        own = list(map(standard_row, views(row_of(profile))))
        rest = self._candidates(engine, profile, own)
        matches: list[Match] = []
        wanted = max(COMPARED, limit)
        # Those whom the actor may not see, or who were said to be others, take nobody's place.
        while wanted > 0 and rest:
            ids, rest = rest[:wanted], rest[wanted:]
            seen, found = self._compared(engine, profile, own, ids)
            matches += found
            wanted -= seen
        return sorted(matches, key=lambda m: (-m.weight, m.profile_id))[:limit]

    def _candidates(self, engine: Engine, profile: Profile, own: Sequence[Standard]) -> list[str]:
        """Give the ids of the profiles that share keys, those that share most first.

        If there are none but those of a crowd that is alike, its first are given.
        """
        alike = list(alike_keys(own))
        few = engine.look_up([*_own_keys(profile), *alike], at_most=CROWDED, or_none=True)
        if not any(holders != [profile.id] for holders in few.values()):
            few = engine.look_up(alike, at_most=CROWDED)
        shared: dict[str, float] = {}
        for holders in few.values():
            for id in holders:
                shared[id] = shared.get(id, 0.0) + 1 / len(holders)
        shared.pop(profile.id, None)
        return sorted(shared, key=lambda id: (-shared[id], id))

    def _compared(
        self, engine: Engine, profile: Profile, own: Sequence[Standard], ids: Sequence[str]
    ) -> tuple[int, list[Match]]:
        """Compare some profiles; give how many can be matches, and those that are."""
        from profilecore_duplicates.weighing import weigh

        others = _read(engine, ids)
        if not others:
            return 0, []
        knowledge = self._library.knowledge(engine) or _nothing_known()
        weighed = weigh(knowledge, own, [views for _, views in others.values()])
        found = {id: w for id, w in zip(others, weighed, strict=True) if w.weight >= 0}
        said = between(engine, profile.family, {id: others[id][0] for id in found})
        gone = {id for id in found if any(_are_different(p, found[id]) for p in said[id])}
        return len(others) - len(gone), [_match(id, found[id]) for id in found if id not in gone]


def _read(engine: Engine, ids: Sequence[str]) -> dict[str, tuple[tuple[str, ...], list[Standard]]]:
    """Read the living among some profiles: by id all their ids, and their standard views."""
    return {
        row["id"]: ((row["id"], *(row["absorbed"] or ())), list(map(standard_row, views(row))))
        for page in engine.extract((*FIELDS, "absorbed"), profile_ids=ids)
        for row in page
    }


def weigh_two(engine: Engine, one: str, other: str) -> Weighed | None:
    """Weigh two profiles as they are now; ``None`` if there is nothing to do it by."""
    from profilecore_duplicates.weighing import weigh

    knowledge = Library().knowledge(engine)
    found = _read(engine, [one, other])
    if knowledge is None or len(found) < 2:
        return None
    (_, own), (_, others) = found[one], found[other]
    return weigh(knowledge, own, [others])[0]


def _own_keys(profile: Profile) -> Iterator[Key]:
    """Yield the engine's own keys of what only one person has, as a rule."""
    for email in profile.emails:
        yield "email", email.value
    for phone in profile.phones:
        yield "phone", phone.value
    for paper in profile.documents:
        if paper.number:
            yield "document", compact(paper.number)
    for tax_id in profile.tax_ids:
        yield "document", compact(tax_id.value)


def _match(id: str, weighed: Weighed) -> Match:
    reasons = tuple(Reason(r.field, r.level, round(r.bits, 4)) for r in weighed.reasons)
    decision = MATCH if weighed.is_sure else REVIEW
    return Match(id, round(weighed.weight, 4), round(weighed.probability, 6), decision, reasons)


def _are_different(pair: Pair, weighed: Weighed) -> bool:
    return pair.said is Decision.DIFFERENT and pair.history[-1].evidence == weighed.evidence


@cache
def _nothing_known() -> Knowledge:
    from profilecore_duplicates.frequencies import no_frequencies
    from profilecore_duplicates.untrained import untrained

    return Knowledge(untrained(), no_frequencies())
