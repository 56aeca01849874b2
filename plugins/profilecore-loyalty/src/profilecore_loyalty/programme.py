"""Programmes: their tiers, how points are earned and expire, what a clear does."""

from __future__ import annotations

import re
from datetime import date
from enum import Enum
from typing import Any

import attrs

from profilecore.errors import WrongValue
from profilecore.model.enums import StayStatus
from profilecore.rules.periods import parts_of
from profilecore.values import frozen
from profilecore_loyalty import amounts

_CURRENCY = re.compile(r"[A-Z]{3}")
_CODE = re.compile(r"[a-z0-9][a-z0-9._-]{0,49}")


class ProgrammeType(Enum):
    """Whose programme it is; the points of an ``EXTERNAL_PARTNER`` are kept by its provider."""

    HOTEL = "hotel"
    EXTERNAL_PARTNER = "external_partner"
    SOFT_BRAND = "soft_brand"
    UNKNOWN = "unknown"


class Subscription(Enum):
    """What a membership costs."""

    FREE = "free"
    PAID = "paid"


class Measure(Enum):
    """What is counted; spend is in whole units of the smallest coin, as the host tells it."""

    NIGHTS = "nights"
    STAYS = "stays"
    SPEND = "spend"
    POINTS = "points"


class Window(Enum):
    """Over which time a tier is earned: the last so many months, or a year of the calendar."""

    ROLLING = "rolling"
    CALENDAR = "calendar"


class Downgrade(Enum):
    """What becomes of a tier that is not earned anew by its last day.

    It is kept for ever; or kept for the programme's grace and then given up for what is earned; or
    lowered by one step at a time; or given up for what is earned at once.
    """

    NEVER = "never"
    GRACE = "grace"
    STEP = "step"
    EARNED = "earned"


class ClearPolicy(Enum):
    """What points do to the clear of their member: block it, or go with it."""

    BLOCK = "block"
    CLOSE = "close"


def _code(_: object, field: attrs.Attribute[str], value: str) -> None:
    if not _CODE.fullmatch(value):
        raise WrongValue(f"{field.name} must be 1 to 50 of a-z, 0-9, '.', '_' and '-'")


def _name(_: object, field: attrs.Attribute[str], value: str) -> None:
    if not 1 <= len(value) <= 100:
        raise WrongValue(f"{field.name} must have 1 to 100 characters")


def _whole(name: str, value: object) -> None:
    if not amounts.is_whole(value):
        raise WrongValue(f"{name} must be a whole number of at most 2**53")


def _positive(_: object, field: attrs.Attribute[int], value: int) -> None:
    _whole(field.name, value)
    if value < 1:
        raise WrongValue(f"{field.name} must be at least 1")


def _period(_: object, field: attrs.Attribute[Any], value: str | None) -> None:
    if value is not None:
        try:
            parts_of(value)
        except ValueError as error:
            raise WrongValue(f"{field.name} {error}") from None


def _currency(_: object, field: attrs.Attribute[Any], value: str | None) -> None:
    if value is not None and not _CURRENCY.fullmatch(value):
        raise WrongValue(f"{field.name} must be a code of three capitals, as EUR")


def _percents(_: object, field: attrs.Attribute[dict[str, int]], value: dict[str, int]) -> None:
    for tier, percent in value.items():
        _whole(field.name, percent)
        if percent < 0:
            raise WrongValue(f"{field.name}: {tier} must be at least 0 percent")


@frozen
class Threshold:
    """One way to earn a tier: so many nights, stays, so much spend or so many points."""

    measure: Measure
    at_least: int = attrs.field(validator=_positive)


@frozen
class Tier:
    """A tier, earned by any one of its thresholds; one without any is everybody's."""

    code: str = attrs.field(validator=_code)
    name: str = attrs.field(default="tier", validator=_name)
    thresholds: tuple[Threshold, ...] = ()


@frozen
class EarningRule:
    """How many points a stay earns: ``points`` for each ``per`` of the measure, rounded down.

    It holds at the named properties, by the named channels and for departures from ``since`` to
    ``until``, where these are given.  ``bonus`` is in percent, by the code of the member's tier.
    """

    measure: Measure
    points: int = attrs.field(validator=_positive)
    per: int = attrs.field(default=1, validator=_positive)
    properties: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    bonus: dict[str, int] = attrs.field(factory=dict, validator=_percents)


@frozen
class Programme:
    """A loyalty programme of the chain, or of a partner.

    ``tiers`` are in order, the lowest first.  Stays count in the states ``stay_statuses``.  A
    tier is earned over the ``window``, of ``period`` where that is rolling, and held for as long
    again.  Points expire after ``expire_after``, counted from the day they were earned, and never
    without it.  Periods are ISO 8601 durations, as P18M.  Where it has a ``currency``
    (ISO 4217), what a stay tells as its revenue in it is the spend, unless the host tells another.
    """

    code: str = attrs.field(validator=_code)
    name: str = attrs.field(validator=_name)
    type: ProgrammeType = ProgrammeType.HOTEL
    subscription: Subscription = Subscription.FREE
    tiers: tuple[Tier, ...] = ()
    earning: tuple[EarningRule, ...] = ()
    stay_statuses: tuple[StayStatus, ...] = (StayStatus.DEPARTED,)
    window: Window = Window.ROLLING
    period: str = attrs.field(default="P1Y", validator=_period)
    downgrade: Downgrade = Downgrade.EARNED
    grace: str | None = attrs.field(default=None, validator=_period)
    expire_after: str | None = attrs.field(default=None, validator=_period)
    allow_debt: bool = False
    on_clear: ClearPolicy = ClearPolicy.BLOCK
    number_prefix: str = ""
    currency: str | None = attrs.field(default=None, validator=_currency)

    def __attrs_post_init__(self) -> None:
        codes = [tier.code for tier in self.tiers]
        if len({*codes}) < len(codes):
            raise WrongValue("tiers must each have a code of their own")
        for rule in self.earning:
            if rule.measure is Measure.POINTS:
                raise WrongValue("earning cannot go by points, which it makes")
            if not rule.bonus.keys() <= {*codes}:
                raise WrongValue("earning has a bonus for a tier that there is not")
        if self.downgrade is Downgrade.GRACE and self.grace is None:
            raise WrongValue("grace must say how long, as P3M, for a downgrade after it")

    @property
    def is_external(self) -> bool:
        """Tell whether its points are kept by somebody else."""
        return self.type is ProgrammeType.EXTERNAL_PARTNER

    def rank(self, tier: str | None) -> int:
        """Give the place of a tier, the lowest having 1; 0 for none and for one that is gone."""
        codes = [each.code for each in self.tiers]
        return codes.index(tier) + 1 if tier in codes else 0

    def at(self, rank: int) -> Tier | None:
        """Give the tier of a rank."""
        return self.tiers[rank - 1] if 1 <= rank <= len(self.tiers) else None


def _each_once(
    _: object, field: attrs.Attribute[tuple[Programme, ...]], value: tuple[Programme, ...]
) -> None:
    if len({each.code for each in value}) < len(value):
        raise WrongValue(f"{field.name} must each have a code of their own")


@frozen
class LoyaltyConfig:
    """The plugin's settings: programmes that need no ``define_programme``."""

    programmes: tuple[Programme, ...] = attrs.field(default=(), validator=_each_once)
