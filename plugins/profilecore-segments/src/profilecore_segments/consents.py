"""Whether a person agrees to be written to: on one channel, for one purpose, at one moment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from profilecore.model.enums import ConsentScope, ConsentStatus
from profilecore.normalise.text import fold, label

_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)
_GRANTED = ConsentStatus.GRANTED.value


def agrees(
    history: Iterable[Mapping[str, Any]],
    channel: str,
    purpose: str,
    now: datetime,
    property_id: str | None = None,
) -> bool:
    """Tell whether a consent history, as plain JSON, allows it; silence does not.

    The newest entry about the purpose, in any spelling, and the channel, or about all channels,
    decides; but what was denied of the channel is allowed again by a newer grant of the channel
    only.  Of entries equally old, or without a date, a denial does.  A denial counts wherever and
    for whenever it was made; a grant only for the chain or for the acting property, not for a
    partner, from its date and until its end.
    """
    return _said(history, channel, purpose, now, property_id) is True


def denies(history: Iterable[Mapping[str, Any]], channel: str, purpose: str, now: datetime) -> bool:
    """Tell whether a consent history forbids it to the chain, by the rules of :func:`agrees`.

    Silence does not, nor a grant that is over.
    """
    return _said(history, channel, purpose, now, None) is False


def _said(
    history: Iterable[Mapping[str, Any]],
    channel: str,
    purpose: str,
    now: datetime,
    property_id: str | None,
) -> bool | None:
    """Tell whether it was granted or denied; ``None`` for neither, or no longer."""
    wanted, near = label(purpose), fold(purpose)
    told = [
        (
            entry.get("channel") is not None,
            (_moment(entry.get("at")), entry["status"] != _GRANTED, _is_over(entry, now)),
        )
        for entry in history
        if _is_about(entry, wanted, near)
        and entry.get("channel") in (None, channel)
        and (entry["status"] != _GRANTED or _counts(entry, now, property_id))
    ]
    said = [each for _, each in told]
    of_channel = [each for is_of_channel, each in told if is_of_channel]
    if any(some and max(some)[1] for some in (of_channel, said)):
        return False
    return True if said and not max(said)[2] else None


def _is_about(entry: Mapping[str, Any], wanted: str, near: str) -> bool:
    """Tell whether an entry is about a purpose; a denial also about one that differs by signs."""
    said = entry["purpose"]
    if label(said) == wanted:
        return True
    return entry["status"] != _GRANTED and bool(near) and fold(said) == near


def _counts(grant: Mapping[str, Any], now: datetime, property_id: str | None) -> bool:
    return _moment(grant.get("at")) <= now and _is_ours(grant, property_id)


def _is_ours(entry: Mapping[str, Any], property_id: str | None) -> bool:
    scope = entry.get("scope") or ConsentScope.CHAIN.value
    if scope == ConsentScope.PROPERTY.value:
        return property_id is not None and entry.get("property_id") == property_id
    return bool(scope == ConsentScope.CHAIN.value)


def _is_over(entry: Mapping[str, Any], now: datetime) -> bool:
    end = entry.get("expires_at")
    return end is not None and _moment(end) <= now


def _moment(text: str | None) -> datetime:
    if text is None:
        return _BEFORE_ALL
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
