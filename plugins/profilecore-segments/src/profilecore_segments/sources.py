"""Marketing sources: the chain's own list, who may use which, and how each stay came about."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from profilecore import Problem
from profilecore.normalise.text import label as form_of
from profilecore.values import frozen
from profilecore_segments.settings import Config
from profilecore_segments.visits import is_booking

if TYPE_CHECKING:
    from profilecore import Engine
    from profilecore.rules.changing import Change

FIELD = "marketing_source"


@frozen
class Touch:
    """How one stay came about: by which marketing source, over which channel."""

    stay_id: str
    property_id: str
    arrival: date | None
    source: str | None
    channel: str | None


def refusal(config: Config, change: Change) -> Iterator[Problem]:
    """Yield a problem where a change gives a profile a source that a closed list lacks."""
    code = change.after.marketing_source
    is_new = change.before is None or FIELD in change.fields
    if not config.sources_closed or code is None or not is_new:
        return
    if form_of(code) not in {form_of(known) for known in config.sources}:
        listed = ", ".join(sorted(config.sources))
        yield Problem(f"/{FIELD}", "unknown-value", f"must be one of the chain's: {listed}")


def label(config: Config, code: str) -> str:
    """Give what the chain calls a source; a code that is not in its list stands for itself."""
    return {form_of(c): text for c, text in config.sources.items()}.get(form_of(code), code)


def history(engine: Engine, profile_id: str) -> list[Touch]:
    """Give how each of a person's bookings came about, by arrival: the first made them a guest.

    :raises NotFound: as ``engine.get``.
    """
    return [
        Touch(stay.id, stay.property_id, stay.arrival, stay.source, stay.channel)
        for stay in engine.stays(profile_id)
        if is_booking({"status": stay.status.value})
    ]
