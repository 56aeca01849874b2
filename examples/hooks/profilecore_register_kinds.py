"""A plugin keeps documents of its own kind; a clear erases them with the rest."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from profilecore import Engine, hookimpl
from profilecore.model import DocumentKind, OnClear


@attrs.frozen
class Complaint:
    """What went wrong."""

    text: str = attrs.field(repr=False)


class ComplaintPlugin:
    name = "complaints"

    @hookimpl
    def profilecore_register_kinds(self, register: Callable[[DocumentKind], None]) -> None:
        register(DocumentKind("complaint", Complaint, OnClear.ERASE))


def main() -> None:
    engine = Engine.open("memory://", plugins=[ComplaintPlugin])
    ana = engine.create({"last_name": "García"})
    engine.store_document("complaint", Complaint("No hot water."), profile_id=ana.id)
    print(engine.access(ana.id)["documents"])
    print(engine.clear(ana.id).erased)


if __name__ == "__main__":
    main()
