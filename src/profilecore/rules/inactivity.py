"""When a guest has been away for so long that the chain's own policy clears the profile."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta

import attrs

from profilecore.errors import WrongValue
from profilecore.model.documents import Hold
from profilecore.model.enums import StayStatus
from profilecore.model.profile import Profile
from profilecore.model.stay import Stay
from profilecore.rules.retention import LastSign, is_country, is_guest, residence
from profilecore.values import frozen

INACTIVITY = "inactivity"
_NOT_COMING = (StayStatus.CANCELLED, StayStatus.NO_SHOW)


def _days(_: object, field: attrs.Attribute[int | None], value: int | None) -> None:
    if value is not None and value < 1:
        raise WrongValue(f"{field.name} must be at least 1 day; leave it out to switch it off")


def _days_each(_: object, field: attrs.Attribute[dict[str, int]], value: dict[str, int]) -> None:
    for country, days in value.items():
        if not is_country(country):
            raise WrongValue(f"{field.name}: a country is two capital letters (ISO 3166-1)")
        if days < 1:
            raise WrongValue(f"{field.name}: {country} must be at least 1 day; or leave it out")


@frozen
class Inactivity:
    """The policy: clear after so many days without a sign of the guest; off unless set.

    ``by_residence`` has other numbers of days by country of residence (two capital letters).
    Before a clear it is announced, by an event, and ``grace_days`` go by.  If more than
    ``first_share`` of the active profiles would be due when the policy is switched on or changed,
    that has to be confirmed.
    """

    after_days: int | None = attrs.field(default=None, validator=_days)
    by_residence: dict[str, int] = attrs.field(factory=dict, validator=_days_each)
    grace_days: int = attrs.field(default=30, validator=attrs.validators.ge(0))
    first_share: float = attrs.field(
        default=0.05, validator=[attrs.validators.ge(0), attrs.validators.le(1)]
    )

    @property
    def is_on(self) -> bool:
        """Tell whether anybody can be cleared by it."""
        return self.after_days is not None or bool(self.by_residence)

    def days_for(self, profile: Profile) -> int | None:
        """Give the days after which a person is cleared; ``None`` for never.

        The house's own accounts, companies, agents, contacts and staff are never cleared by it.
        """
        if not is_guest(profile):
            return None
        if not self.by_residence:
            return self.after_days
        return self.by_residence.get(residence(profile) or "", self.after_days)


def _in_utc(at: datetime, _property_id: str | None) -> date:
    return at.astimezone(UTC).date()


def last_sign(
    family: Sequence[Profile],
    stays: Iterable[Stay],
    holds: Iterable[Hold] = (),
    others: Iterable[LastSign] = (),
    local: Callable[[datetime, str | None], date] = _in_utc,
) -> LastSign | None:
    """Give the newest sign of a guest: a stay, a booking, a bill, a consent, an activity.

    ``family`` is the person's profile and those that were merged into it.  A stay to come counts
    with its last day.  What staff or imports did to a profile is no sign of the guest; if there is
    none at all, the day on which the newest of the profiles was made stands for it.
    ``local`` gives the day of a time at a property (``None``: for the chain).
    """
    signs = list(others)
    for stay in stays:
        last = stay.departure or stay.arrival
        if last is not None and stay.status not in _NOT_COMING:
            signs.append(LastSign(last, stay.property_id))
        if stay.booked_at is not None:
            signs.append(LastSign(local(stay.booked_at, stay.property_id), stay.property_id))
    for hold in holds:
        if not hold.keeps:  # a bill; those that keep something are the lawyers' doing
            stamps = (hold.placed, hold.released)
            signs += [
                LastSign(local(stamp.at, hold.property_id), hold.property_id)
                for stamp in stamps
                if stamp
            ]
    root = family[0]
    made = root.provenance.of("consents")
    for consent in root.consents:
        imported = consent.imported or (
            # As it is known of those that were stored before this was noted of each.
            made is not None and made.source is not None and consent.at == made.at
        )
        if consent.at is not None and not imported:
            signs.append(LastSign(local(consent.at, consent.property_id), consent.property_id))
    if not signs:
        created = [profile.created_at for profile in family if profile.created_at is not None]
        signs += [LastSign(local(at, None)) for at in created]
    return max(signs, key=lambda sign: sign.day, default=None)


def quiet_until(sign: LastSign, days: int) -> date:
    """Give the last day on which a guest is not yet due, after so many days without a sign."""
    return sign.day + timedelta(days=min(days, (date.max - sign.day).days - 1))
