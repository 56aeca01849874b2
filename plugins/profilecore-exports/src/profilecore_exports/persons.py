"""Whether somebody was cleared: of such a person nothing personal is written again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from profilecore.model.enums import State

if TYPE_CHECKING:
    from profilecore.store import Reader


class _Glance(msgspec.Struct):
    """As much of a stored profile as tells what became of it."""

    state: str = State.ACTIVE.value
    merged_into: str | None = None


def is_cleared(reader: Reader, profile_id: str) -> bool:
    """Tell whether a person was cleared, under this id or one that it was merged into."""
    id: str | None = profile_id
    while id is not None:
        document = reader.get("profile", id)
        if document is None:
            return False
        glance = msgspec.json.decode(document.body, type=_Glance)
        if State(glance.state).is_cleared:
            return True
        id = glance.merged_into
    return False
