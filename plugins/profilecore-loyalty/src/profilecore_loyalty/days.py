"""The chain's day, by which points are earned and expire."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from profilecore import Engine


def today(engine: Engine) -> date:
    """Give today's date in the chain's time zone."""
    from zoneinfo import ZoneInfo

    return engine.now.astimezone(ZoneInfo(engine.settings.timezone)).date()
