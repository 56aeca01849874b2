"""A host's own table holds profile ids; a merge re-points it, an unmerge points it back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from profilecore import Engine, hookimpl
from profilecore.hooks import ReferenceProvider


class Bookings:
    """A table of bookings: booking number to profile id."""

    name = "bookings"

    def __init__(self) -> None:
        self.rows: dict[str, str] = {}

    @hookimpl
    def profilecore_register_references(
        self, register: Callable[[ReferenceProvider], None]
    ) -> None:
        register(self)

    def count(self, profile_ids: Sequence[str]) -> int:
        return sum(id in profile_ids for id in self.rows.values())

    def repoint(self, from_ids: Sequence[str], to_id: str) -> Any:
        moved = {number: id for number, id in self.rows.items() if id in from_ids}
        self.rows |= dict.fromkeys(moved, to_id)
        return moved

    def undo(self, token: Any) -> None:
        self.rows |= token


def main() -> None:
    bookings = Bookings()
    engine = Engine.open("memory://", plugins=[bookings])
    ana, twin = (engine.create({"last_name": "García"}).id for _ in range(2))
    bookings.rows["17"] = twin
    merge = engine.merge(engine.plan_merge(ana, [twin]))
    print(bookings.rows["17"] == ana)
    engine.unmerge(merge.id)
    print(bookings.rows["17"] == twin)


if __name__ == "__main__":
    main()
