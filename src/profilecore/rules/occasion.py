"""When, by whom and from which source something is written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from typing import Any

from profilecore.model.fields import evolve
from profilecore.model.parts import Provenance, Stamp
from profilecore.rules.visibility import Actor
from profilecore.values import frozen


@frozen
class Occasion:
    """When, by whom and from which source something is written, and how ids are made."""

    at: datetime
    actor: Actor
    new_id: Callable[[], str]
    source: str | None = None
    verified: bool = False

    @cached_property
    def stamp(self) -> Stamp:
        """Give the stamp of what is written on this occasion."""
        source = self.source or self.actor.source
        return Stamp(self.at, source, self.actor.id, self.actor.property_id, self.verified)

    @cached_property
    def provenance(self) -> Provenance:
        """Give the provenance of a profile that is new on this occasion."""
        return Provenance(self.stamp)


def dated(item: Any, occasion: Occasion) -> Any:
    """Complete a new note or consent with its time and author."""
    at = item.at or occasion.at
    if hasattr(item, "by"):
        return evolve(item, at=at, by=item.by or occasion.actor.id, id=item.id or occasion.new_id())
    imported = item.imported or (item.at is None and occasion.stamp.source is not None)
    by = item.recorded_by or occasion.actor.id
    return evolve(item, at=at, recorded_by=by, imported=imported)
