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
    decides.  Of entries equally old, or without a date, a denial does.  A denial counts wherever
    and for whenever it was made; a grant only for the chain or for the acting property, not for a
    partner, from its date and until its end.
    """
    wanted, near = label(purpose), fold(purpose)
    said = [
        (_moment(entry.get("at")), entry["status"] != _GRANTED, _is_over(entry, now))
        for entry in history
        if _is_about(entry, wanted, near)
        and entry.get("channel") in (None, channel)
        and (entry["status"] != _GRANTED or _counts(entry, now, property_id))
    ]
    if not said:
        return False
    _at, denies, is_over = max(said)
    return not denies and not is_over


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
