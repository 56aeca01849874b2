"""How promotions are taken up: counts, by segment and source, and who has which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeAlias

from profilecore import InvalidProfile, Problem
from profilecore.values import frozen
from profilecore_segments.figures import NONE
from profilecore_segments.promotions import GIFT, Gift, Use, combined, get
from profilecore_segments.spelling import usual
from profilecore_segments.suppressing import check_least, hidden_among
from profilecore_segments.visits import is_booking

if TYPE_CHECKING:
    from profilecore import Engine


Takers: TypeAlias = tuple[int, int]
"""To how many people a promotion was given, and how many of them used it."""


@frozen
class Uptake:
    """How many people have a promotion, how many used it, on how many stays; and by what.

    ``by_segment`` and ``by_source`` give (given, used) people: by the segment they were given it
    for, and by the marketing source of their profile then.  ``stays_by_source`` is by how the
    stays came about.  With ``min_group``, what tells of fewer people who have it, used it or did
    not use it is ``None``, and so is one more where it would give that away.
    """

    code: str
    given: int | None
    used: int | None
    stays: int | None
    by_segment: Mapping[str, Takers | None]
    by_source: Mapping[str, Takers | None]
    stays_by_source: Mapping[str, int | None]
    min_group: int = 1


@frozen
class _Parted:
    """People by something, and whether their sums may be told."""

    takers: Mapping[str, Takers | None]
    tells_given: bool
    tells_used: bool


def stats(engine: Engine, code: str, min_group: int = 1) -> Uptake:
    """Count who was given a promotion and who used it, by segment and by source.

    Uses on stays that were called off do not count.  Who was cleared counts, as far as known:
    what was several gifts of one person then stays several.

    :raises NotFound: if there is none of this code.
    :raises InvalidProfile: for a ``min_group`` below 1.
    """
    check_least(min_group)
    promotion = get(engine, code)
    living, cleared = _given(engine, promotion.code)
    return counted(promotion.code, [*living.values(), *cleared], min_group)


def counted(code: str, given: Sequence[Gift], min_group: int = 1) -> Uptake:
    """Count gifts of one promotion, each of another person."""
    used = [gift for gift in given if gift.used]
    sources = iter(_sources(use.source for gift in used for use in gift.used))
    of_gifts = [list(islice(sources, len(gift.used))) for gift in used]
    by_segment = _by([gift.segment or NONE for gift in given], given, min_group)
    by_source = _by(_sources(gift.source for gift in given), given, min_group)
    stays, tells_stays = _stays(of_gifts, min_group)
    tells_given = by_segment.tells_given and by_source.tells_given
    tells_used = tells_given and by_segment.tells_used and by_source.tells_used and tells_stays
    return Uptake(
        code,
        len(given) if tells_given else None,
        len(used) if tells_used else None,
        sum(map(len, of_gifts)) if tells_used else None,
        by_segment.takers,
        by_source.takers,
        stays,
        min_group,
    )


def holders(engine: Engine, code: str, limit: int = 1_000) -> list[tuple[str, Gift]]:
    """Give who has a promotion, and where each used it, in the order in which they got it.

    Only who is living, and whom the actor may see; at most ``limit``.

    :raises NotFound: if there is none of this code.
    :raises InvalidProfile: for a limit below 1.
    """
    if limit < 1:
        raise InvalidProfile([Problem("/limit", "out-of-range", "must be at least 1")])
    living, _ = _given(engine, get(engine, code).code)
    return sorted(living.items(), key=lambda held: (held[1].given_at, held[0]))[:limit]


def _given(engine: Engine, code: str) -> tuple[dict[str, Gift], list[Gift]]:
    """Give what the living have of a promotion, by person, and what clears left of others."""
    of_person: dict[str, list[Gift]] = {}
    cleared: list[Gift] = []
    for rows in engine.extract(("code", "given_at", "segment", "source", "used"), kind=GIFT):
        for row in rows:
            if row["code"] == code:
                gifts = cleared if row["owner"] is None else of_person.setdefault(row["owner"], [])
                gifts.append(_of_plain(row))
    used = [owner for owner, gifts in of_person.items() if any(gift.used for gift in gifts)]
    off: set[str] = set()
    for rows in engine.extract(("status",), profile_ids=used, kind="stay") if used else ():
        off.update(row["id"] for row in rows if not is_booking(row))
    return {owner: combined(gifts, off) for owner, gifts in of_person.items()}, cleared


def _of_plain(row: Mapping[str, Any]) -> Gift:
    used = tuple(
        Use(u["stay_id"], datetime.fromisoformat(u["at"]), u.get("source"))
        for u in row["used"] or ()
    )
    at = datetime.fromisoformat(row["given_at"])
    return Gift(
        code=row["code"], given_at=at, segment=row["segment"], source=row["source"], used=used
    )


def _sources(told: Iterable[str | None]) -> list[str]:
    """Give each source in the spelling that is most frequent among them."""
    codes = [code or NONE for code in told]
    spelled = usual(Counter(codes), (NONE,))
    return [spelled[code] for code in codes]


def _by(codes: Iterable[str], found: Iterable[Gift], least: int) -> _Parted:
    """Count people by something."""
    given: Counter[str] = Counter()
    used: Counter[str] = Counter()
    for code, gift in zip(codes, found, strict=True):
        given[code] += 1
        used[code] += bool(gift.used)
    hidden, (tells_given, *tells_used) = _hidden([given, used, given - used], least)
    takers = {code: None if code in hidden else (given[code], used[code]) for code in sorted(given)}
    return _Parted(takers, tells_given, all(tells_used))


def _stays(of_gifts: Sequence[Sequence[str]], least: int) -> tuple[dict[str, int | None], bool]:
    """Count stays by source, each gift with those of its stays; the small are of few people."""
    stays = Counter(code for codes in of_gifts for code in codes)
    people = Counter(code for codes in of_gifts for code in set(codes))
    hidden, (tells,) = _hidden([people], least, len(of_gifts))
    return {code: None if code in hidden else stays[code] for code in sorted(stays)}, tells


def _hidden(
    counts: Iterable[Counter[str]], least: int, total: int | None = None
) -> tuple[frozenset[str], list[bool]]:
    """Tell whose counts of people are hidden, and of each count whether its total may be told.

    What nobody did tells of nobody.
    """
    hidden, tells = frozenset[str](), []
    for count in counts:
        sizes, hides_total = +count, False
        if sizes:
            everybody = sizes.total() if total is None else total
            more, hides_total = hidden_among(sizes, everybody, least, hidden)
            hidden |= more
        tells.append(not hides_total)
    return hidden, tells
