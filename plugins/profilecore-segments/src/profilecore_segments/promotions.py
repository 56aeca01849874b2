"""Promotions: an offer of the chain, whom it was given to, and on which stays it was used.

A gift is a document of the person.  After a merge two gifts of one offer are read as one: given
when the first was, used whenever either was.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import attrs

from profilecore import Entry, InvalidProfile, NotFound, Problem, Profile, ProfileCleared, Stay
from profilecore.model import DocumentKind, OnClear
from profilecore.model.fields import evolve
from profilecore.normalise.text import clean, clean_lines
from profilecore.values import frozen
from profilecore_segments import saved
from profilecore_segments.faults import PromotionRefused
from profilecore_segments.figures import NONE
from profilecore_segments.members import Members, moment_of
from profilecore_segments.spelling import usual
from profilecore_segments.visits import is_booking

if TYPE_CHECKING:
    from profilecore import Engine

PROMOTION, GIFT = "promotion", "promotion_gift"
CODE = re.compile(r"[A-Z0-9][A-Z0-9_-]{0,49}")


@frozen
class Promotion:
    """An offer: for whom (a saved segment, or everybody), on what terms, from when to when.

    Both days are included.  ``uses`` is how many stays each person may use it on.
    """

    code: str
    name: str = attrs.field(repr=False)
    terms: str = attrs.field(default="", repr=False)
    starts_on: date | None = None
    ends_on: date | None = None
    segment: str | None = None
    uses: int = 1


@frozen
class Use:
    """That a gift was used on a stay, and how the stay came about."""

    stay_id: str
    at: datetime
    source: str | None = None


@frozen
class Gift:
    """That a promotion was given to a person, for being in which segment, and where it was used."""

    code: str
    given_at: datetime
    segment: str | None = None
    source: str | None = attrs.field(default=None, repr=False)
    used: tuple[Use, ...] = ()


KINDS = (
    DocumentKind(PROMOTION, Promotion, OnClear.KEEP, personal=False),
    DocumentKind(GIFT, Gift, OnClear.ERASE),
)


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


def define(
    engine: Engine,
    code: str,
    name: str,
    *,
    terms: str = "",
    starts_on: date | None = None,
    ends_on: date | None = None,
    segment: str | None = None,
    uses: int = 1,
) -> Promotion:
    """Save a promotion under its code, or change the one that has it.

    :raises InvalidProfile: with every problem at once.
    :raises NotFound: if there is no such saved segment.
    :raises ScopeDenied: if a property defines one: promotions are the chain's.
    """
    plain = code.strip().upper()
    problems = list(_problems(plain, name, terms, starts_on, ends_on, uses))
    if problems:
        raise InvalidProfile(problems)
    if segment is not None:
        saved.get(engine, segment)
    made = Promotion(
        plain, clean(name), clean_lines(terms, 2_000), starts_on, ends_on, segment, uses
    )
    engine.store_document(PROMOTION, made, id=plain)
    return made


def _problems(
    code: str, name: str, terms: str, starts_on: date | None, ends_on: date | None, uses: int
) -> Iterator[Problem]:
    if not CODE.fullmatch(code):
        yield Problem("/code", "invalid-value", "must be up to 50 letters, digits, - and _")
    for path, text, limit in (("/name", name, 255), ("/terms", terms, 2_000)):
        try:
            clean_lines(text, limit)
        except ValueError as error:
            yield Problem(path, "invalid-value", str(error))
    if not name.strip():
        yield Problem("/name", "missing", "is required")
    if starts_on and ends_on and ends_on < starts_on:
        yield Problem("/ends_on", "invalid-value", "must not lie before the first day")
    if uses < 1:
        yield Problem("/uses", "out-of-range", "must be at least 1")


def get(engine: Engine, code: str) -> Promotion:
    """Give a promotion.

    :raises NotFound: if there is none of this code.
    """
    found: Promotion = engine.document(PROMOTION, _coded(code)).value
    return found


def every(engine: Engine) -> list[Promotion]:
    """Give all promotions, in the order of their codes."""
    found: list[Promotion] = []
    after = None
    while page := engine.documents(PROMOTION, after=after):
        found += (stored.value for stored in page)
        after = page[-1].id
    return sorted(found, key=lambda promotion: promotion.code)


def give(engine: Engine, code: str, profile_id: str) -> Gift:
    """Give a promotion to a person; given again, it is the same gift.

    :raises PromotionRefused: outside its days, or to who is not in its segment.
    :raises NotFound: if there is no such promotion, or as ``engine.get``.
    :raises ProfileCleared: if the person was cleared.
    """
    with engine.transaction():
        promotion = get(engine, code)
        person = _living(engine, profile_id)
        known = _gifts(engine, person.id).get(promotion.code)
        if known is not None:
            return known
        _check_days(engine, promotion)
        if promotion.segment is not None:
            node = saved.node_of(engine, promotion.segment)
            if not Members(engine, node).has(person.id):
                raise PromotionRefused(
                    promotion.code, "segment", "the person is not in the segment that it is for."
                )
        made = Gift(promotion.code, engine.now, promotion.segment, person.marketing_source)
        _store(engine, person.id, made)
        return made


def use(engine: Engine, code: str, profile_id: str, stay_id: str) -> Gift:
    """Note that a person used a promotion on a stay; noted again, nothing changes.

    The use goes to the gift of the person whose the stay is: an unmerge gives them back together.

    :raises PromotionRefused: outside its days, if it was not given, or used often enough, or on a
        stay that does not stand.
    :raises NotFound: if there is no such promotion or stay of the person, or as ``engine.get``.
    :raises ProfileCleared: if the person was cleared.
    """
    with engine.transaction():
        promotion = get(engine, code)
        person = _living(engine, profile_id)
        stay = _stay(engine.stays(person.id), stay_id)
        held = [
            stored
            for stored in engine.documents(GIFT, profile_id=person.id)
            if stored.value.code == promotion.code
        ]
        if not held:
            raise PromotionRefused(promotion.code, "not-given", "it was not given to the person.")
        gift = _combined([stored.value for stored in held])
        if any(use.stay_id == stay.id for use in gift.used):
            return gift
        _check_days(engine, promotion)
        if not is_booking({"status": stay.status.value}):
            raise PromotionRefused(
                promotion.code, "stay", "the stay was cancelled, or is not booked yet."
            )
        if len(gift.used) >= promotion.uses:
            raise PromotionRefused(promotion.code, "used-up", "the person has used it already.")
        use = Use(stay.id, engine.now, stay.source)
        rank = {person.id: 1} | {stay.profile_id: 0}
        own = min(held, key=lambda stored: rank.get(stored.owner, 2))
        made = evolve(own.value, used=(*own.value.used, use))
        engine.store_documents(GIFT, [Entry(made, own.profile_id, own.id)], read=[own])
        return _combined([made if stored is own else stored.value for stored in held])


def gifts(engine: Engine, profile_id: str) -> list[Gift]:
    """Give a person's promotions, in the order in which they were given.

    :raises NotFound: as ``engine.get``.
    """
    return sorted(_gifts(engine, profile_id).values(), key=lambda gift: (gift.given_at, gift.code))


def stats(engine: Engine, code: str) -> Uptake:
    """Count who was given a promotion and who used it, by segment and by source.

    :raises NotFound: if there is none of this code.
    """
    promotion = get(engine, code)
    of_person: dict[str, list[Gift]] = {}
    for rows in engine.extract(("code", "given_at", "segment", "source", "used"), kind=GIFT):
        for row in rows:
            if row["code"] == promotion.code and row["owner"] is not None:
                of_person.setdefault(row["owner"], []).append(_of_plain(row))
    combined = [_combined(found) for found in of_person.values()]
    used = [gift for gift in combined if gift.used]
    stays = Counter(_sources(use.source for gift in used for use in gift.used))
    return Uptake(
        promotion.code,
        len(combined),
        len(used),
        stays.total(),
        _by([gift.segment or NONE for gift in combined], combined),
        _by(_sources(gift.source for gift in combined), combined),
        dict(sorted(stays.items())),
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


def _coded(code: str) -> str:
    plain = code.strip().upper()
    if not CODE.fullmatch(plain):
        raise NotFound("promotion", "of that code")
    return plain


def _living(engine: Engine, profile_id: str) -> Profile:
    person = engine.get(profile_id)
    if person.state.is_cleared:
        raise ProfileCleared(person.id)
    return person


def _check_days(engine: Engine, promotion: Promotion) -> None:
    today = moment_of(engine).today
    if promotion.starts_on is not None and today < promotion.starts_on:
        raise PromotionRefused(promotion.code, "too-early", "it has not begun.")
    if promotion.ends_on is not None and today > promotion.ends_on:
        raise PromotionRefused(promotion.code, "too-late", "it is over.")


def _stay(stays: Iterable[Stay], stay_id: str) -> Stay:
    for stay in stays:
        if stay.id == stay_id:
            return stay
    raise NotFound("stay of this person", stay_id)


def _gifts(engine: Engine, profile_id: str) -> dict[str, Gift]:
    """Give a person's gifts by code, what was merged into them included."""
    found: dict[str, list[Gift]] = {}
    for stored in engine.documents(GIFT, profile_id=profile_id):
        found.setdefault(stored.value.code, []).append(stored.value)
    return {code: _combined(same) for code, same in found.items()}


def _combined(same: list[Gift]) -> Gift:
    first = min(same, key=lambda gift: gift.given_at)
    uses = {use.stay_id: use for gift in same for use in gift.used}
    used = tuple(sorted(uses.values(), key=lambda use: (use.at, use.stay_id)))
    return evolve(first, used=used)


def _of_plain(row: Mapping[str, Any]) -> Gift:
    used = tuple(
        Use(u["stay_id"], datetime.fromisoformat(u["at"]), u.get("source"))
        for u in row["used"] or ()
    )
    at = datetime.fromisoformat(row["given_at"])
    return Gift(row["code"], at, row["segment"], row["source"], used)


def _store(engine: Engine, profile_id: str, gift: Gift) -> None:
    id = blake2b(f"{gift.code}\0{profile_id}".encode(), digest_size=16).hexdigest()
    engine.store_documents(GIFT, [Entry(gift, profile_id, id)])
