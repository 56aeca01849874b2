"""Promotions: an offer of the chain, whom it was given to, and on which stays it was used.

A gift is a document of the person.  After a merge two gifts of one offer are read as one: given
when the first was, used whenever either was.  A use lapses with its stay: what was used on a stay
that is called off can be used again.  After a clear it is counted still, and leads to nobody.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, datetime
from functools import partial
from hashlib import blake2b
from typing import TYPE_CHECKING

import attrs

from profilecore import (
    Entry,
    InvalidProfile,
    NotFound,
    Problem,
    Profile,
    ProfileCleared,
    ScopeDenied,
    Stay,
)
from profilecore.model import DocumentKind, OnClear
from profilecore.model.fields import Clear, Search, Sensitivity, evolve, field, record
from profilecore.normalise.text import clean, clean_lines
from profilecore.values import frozen
from profilecore_segments import saved
from profilecore_segments.faults import PromotionRefused
from profilecore_segments.members import Members, moment_of
from profilecore_segments.visits import is_booking

if TYPE_CHECKING:
    from profilecore import Engine, Stored

PROMOTION, GIFT = "promotion", "promotion_gift"
CODE = re.compile(r"[A-Z0-9][A-Z0-9_-]{0,49}")


@frozen
class Promotion:
    """An offer: for whom (a saved segment, or everybody), on what terms, from when to when.

    Both days are included.  ``uses`` is how many stays each person may use it on.  One that
    ``ended`` is given to nobody any more.
    """

    code: str
    name: str = attrs.field(repr=False)
    terms: str = attrs.field(default="", repr=False)
    starts_on: date | None = None
    ends_on: date | None = None
    segment: str | None = None
    uses: int = 1
    ended_at: datetime | None = None


@frozen
class Use:
    """That a gift was used on a stay, and how the stay came about."""

    stay_id: str
    at: datetime
    source: str | None = None


_kept = partial(
    field, merge="survivor", clear=Clear.KEEP, sensitivity=Sensitivity.NONE, search=Search.NONE
)
_coarse = partial(
    field, merge="survivor", clear=Clear.GENERALISE, sensitivity=Sensitivity.NONE,
    search=Search.NONE,
)  # fmt: skip


def _month_of(moment: datetime) -> datetime:
    return datetime(moment.year, moment.month, 1, tzinfo=moment.tzinfo)


def _months_of(used: tuple[Use, ...]) -> tuple[Use, ...]:
    return tuple(Use("", _month_of(use.at), use.source) for use in used)


@record
class Gift:
    """That a promotion was given to a person, for being in which segment, and where it was used.

    A clear leaves what statistics of promotions count, with the months for the moments.
    """

    code: str = _kept(default=attrs.NOTHING)
    given_at: datetime = _coarse(default=attrs.NOTHING, generalise=_month_of)
    segment: str | None = _kept()
    source: str | None = _kept()
    used: tuple[Use, ...] = _coarse(default=(), generalise=_months_of)

    def __repr__(self) -> str:
        return f"<Gift {self.code}>"


KINDS = (
    DocumentKind(PROMOTION, Promotion, OnClear.KEEP, personal=False),
    DocumentKind(GIFT, Gift, OnClear.FIELDS),
)


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
    """Save a promotion under its code, or change the one that has it; one that ended begins anew.

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

    :raises PromotionRefused: outside its days, when it was ended, or to who is not in its segment.
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
        if promotion.ended_at is not None:
            raise PromotionRefused(promotion.code, "ended", "it is given to nobody any more.")
        if promotion.segment is not None:
            node = saved.node_of(engine, promotion.segment)
            if not Members(engine, node).has(person.id):
                raise PromotionRefused(
                    promotion.code, "segment", "the person is not in the segment that it is for."
                )
        made = Gift(
            code=promotion.code, given_at=engine.now, segment=promotion.segment,
            source=person.marketing_source,
        )  # fmt: skip
        _store(engine, person.id, made)
        return made


def use(engine: Engine, code: str, profile_id: str, stay_id: str) -> Gift:
    """Note that a person used a promotion on a stay; noted again, nothing changes.

    What was used on a stay that was called off since is free again.  The use goes to the gift of
    the person whose the stay is: an unmerge gives them back together.

    :raises PromotionRefused: outside its days, if it was not given, or used often enough, or on a
        stay that does not stand.
    :raises NotFound: if there is no such promotion or stay of the person, or as ``engine.get``.
    :raises ProfileCleared: if the person was cleared.
    """
    with engine.transaction():
        promotion = get(engine, code)
        person = _living(engine, profile_id)
        stays = engine.stays(person.id)
        stay, off = _stay(stays, stay_id), _off(stays)
        held = _held(engine, promotion, person.id)
        gift = combined([stored.value for stored in held], off)
        if any(use.stay_id == stay.id for stored in held for use in stored.value.used):
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
        return combined([made if stored is own else stored.value for stored in held], off)


def take_back(engine: Engine, code: str, profile_id: str) -> None:
    """Take a promotion back that a person has not used on any stay that stands.

    :raises PromotionRefused: if it was not given, or used.
    :raises NotFound: if there is no such promotion, or as ``engine.get``.
    :raises ProfileCleared: if the person was cleared.
    """
    with engine.transaction():
        promotion = get(engine, code)
        person = _living(engine, profile_id)
        held = _held(engine, promotion, person.id)
        if combined([stored.value for stored in held], _off(engine.stays(person.id))).used:
            raise PromotionRefused(promotion.code, "used", "the person has used it.")
        for stored in held:
            engine.delete_document(GIFT, stored.id)


def _held(engine: Engine, promotion: Promotion, profile_id: str) -> list[Stored]:
    """Give what a person has of a promotion, what was merged into them included."""
    owned = engine.documents(GIFT, profile_id=profile_id)
    held = [stored for stored in owned if stored.value.code == promotion.code]
    if not held:
        raise PromotionRefused(promotion.code, "not-given", "it was not given to the person.")
    return held


def end(engine: Engine, code: str) -> Promotion:
    """End a promotion: it is given to nobody any more, and who has it may use it.

    :raises NotFound: if there is none of this code.
    :raises ScopeDenied: if a property ends one: promotions are the chain's.
    """
    if engine.actor.property_id is not None:
        raise ScopeDenied("end a promotion of the chain")
    with engine.transaction():
        promotion = get(engine, code)
        if promotion.ended_at is None:
            promotion = evolve(promotion, ended_at=engine.now)
            engine.store_document(PROMOTION, promotion, id=promotion.code)
    return promotion


def gifts(engine: Engine, profile_id: str) -> list[Gift]:
    """Give a person's promotions, in the order in which they were given; none of who was cleared.

    :raises NotFound: as ``engine.get``.
    """
    if engine.get(profile_id).state.is_cleared:
        return []
    return sorted(_gifts(engine, profile_id).values(), key=lambda gift: (gift.given_at, gift.code))


def for_segment(engine: Engine, segment: str) -> list[str]:
    """Give the codes of the promotions for a segment that did not end."""
    return [p.code for p in every(engine) if p.segment == segment and p.ended_at is None]


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
    off = _off(engine.stays(profile_id)) if found else frozenset[str]()
    return {code: combined(same, off) for code, same in found.items()}


def _off(stays: Iterable[Stay]) -> frozenset[str]:
    """Give the ids of the stays that do not stand, or not yet."""
    return frozenset(s.id for s in stays if not is_booking({"status": s.status.value}))


def combined(same: Sequence[Gift], off: Collection[str]) -> Gift:
    """Read a person's gifts of one promotion as one, without uses on stays that are ``off``."""
    first = min(same, key=lambda gift: gift.given_at)
    uses = {use.stay_id: use for gift in same for use in gift.used if use.stay_id not in off}
    used = tuple(sorted(uses.values(), key=lambda use: (use.at, use.stay_id)))
    return evolve(first, used=used)


def _store(engine: Engine, profile_id: str, gift: Gift) -> None:
    id = blake2b(f"{gift.code}\0{profile_id}".encode(), digest_size=16).hexdigest()
    engine.store_documents(GIFT, [Entry(gift, profile_id, id)])
