"""How promotions are taken up: counts, by segment and source, and who has which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from profilecore import InvalidProfile, Problem
from profilecore.values import frozen
from profilecore_segments.figures import NONE
from profilecore_segments.promotions import GIFT, Gift, Use, combined, get
from profilecore_segments.spelling import usual
from profilecore_segments.visits import is_booking

if TYPE_CHECKING:
    from profilecore import Engine


@frozen
class Uptake:
    """How many people have a promotion, how many used it, on how many stays; and by what.

    ``by_segment`` and ``by_source`` give (given, used) people: by the segment they were given it
    for, and by the marketing source of their profile then.  ``stays_by_source`` is by how the
    stays came about.
    """

    code: str
    given: int
    used: int
    stays: int
    by_segment: Mapping[str, tuple[int, int]]
    by_source: Mapping[str, tuple[int, int]]
    stays_by_source: Mapping[str, int]


def stats(engine: Engine, code: str) -> Uptake:
    """Count who was given a promotion and who used it, by segment and by source.

    Uses on stays that were called off do not count.  Who was cleared counts, as far as known:
    what was several gifts of one person then stays several.

    :raises NotFound: if there is none of this code.
    """
    promotion = get(engine, code)
    living, cleared = _given(engine, promotion.code)
    given = [*living.values(), *cleared]
    used = [gift for gift in given if gift.used]
    stays = Counter(_sources(use.source for gift in used for use in gift.used))
    return Uptake(
        promotion.code,
        len(given),
        len(used),
        stays.total(),
        _by([gift.segment or NONE for gift in given], given),
        _by(_sources(gift.source for gift in given), given),
        dict(sorted(stays.items())),
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


def _by(codes: Iterable[str], found: Iterable[Gift]) -> dict[str, tuple[int, int]]:
    given: Counter[str] = Counter()
    used: Counter[str] = Counter()
    for code, gift in zip(codes, found, strict=True):
        given[code] += 1
        used[code] += bool(gift.used)
    return {code: (given[code], used[code]) for code in sorted(given)}
