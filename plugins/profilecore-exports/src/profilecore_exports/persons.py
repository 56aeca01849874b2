"""Whether somebody was cleared: of such a person nothing personal may be written again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from profilecore.errors import ProfileCleared
from profilecore.model.enums import State

if TYPE_CHECKING:
    from profilecore.store import Reader

PAGE = 1_000


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


def need_living(reader: Reader, profile_ids: Sequence[str]) -> None:
    """Raise if one of some persons was cleared.

    :raises ProfileCleared: naming the id.
    """
    for start in range(0, len(profile_ids), PAGE):
        for document in reader.get_many("profile", profile_ids[start : start + PAGE]):
            glance = msgspec.json.decode(document.body, type=_Glance)
            is_other = glance.merged_into is not None or glance.state != State.ACTIVE.value
            if is_other and is_cleared(reader, document.id):
                raise ProfileCleared(document.id)
